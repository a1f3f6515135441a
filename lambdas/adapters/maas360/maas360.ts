/**
 * The MaaS360 web services that we need: sign in, and page through the devices. Low rates: one request at a time, with a pause
 * in between. We only read; we never act on MaaS360.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { webService } from '#adapters/web-service';
import { hostOf } from '#domain/enrolment/maas360-hosts';
import type { Maas360Configuration } from '#domain/runtime/configuration';
import { contentOf, type Page, pageOf, tokenOf } from './answers.ts';

/** The JSON in the secret. */
export const maas360Credentials = z.object({
  appId: z.string().min(1),
  appVersion: z.string().min(1),
  appAccessKey: z.string().min(1),
  user: z.string().min(1),
  password: z.string().min(1),
});
export type Maas360Credentials = z.infer<typeof maas360Credentials>;

export type Maas360 = {
  /** Pages count from 1. `since`: only devices that reported after it, epoch ms; null: all. Throws ServiceFailure. */
  page(number: number, since: number | null): Promise<Page>;
  close(): Promise<void>;
};
export type Maas360Options = {
  configuration: Pick<Maas360Configuration, 'billingId' | 'url' | 'authentication' | 'pageSize' | 'pauseMs'>;
  credentials: () => Promise<Maas360Credentials>;
  now?: () => number;
};

export function maas360({ configuration, credentials, now = Date.now }: Maas360Options): Maas360 {
  const { billingId, authentication, pageSize, pauseMs } = configuration;
  const service = webService({ url: configuration.url ?? hostOf(billingId) ?? '', name: 'MaaS360' });
  let token: string | null = null;
  let hasRequested = false;

  async function request(given: Parameters<typeof service.request>[0]) {
    if (hasRequested) await pause(pauseMs);
    hasRequested = true;
    return service.request(given);
  }

  async function signIn(): Promise<string> {
    const where = 'MaaS360 sign-in';
    const path =
      authentication === '2.0'
        ? `/auth-apis/auth/2.0/authenticate/customer/${billingId}`
        : `/auth-apis/auth/1.0/authenticate/${billingId}`;
    const body = JSON.stringify(signInBody(billingId, await credentials()));
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const answer = await request({ method: 'POST', path, subject: 'sign-in', headers, body });
    return tokenOf(contentOf(answer, { where, at: now() }), where);
  }

  async function search(path: string) {
    token ??= await signIn();
    const headers = { accept: 'application/json', authorization: `MaaS token="${token}"` };
    return request({ method: 'GET', path, subject: 'device search', headers });
  }

  return {
    async page(number, since) {
      const query = new URLSearchParams({ pageNumber: String(number), pageSize: String(pageSize) });
      if (since !== null) query.set('lastReportedAfterInEpochms', String(since));
      const path = `/device-apis/devices/2.0/search/customer/${billingId}?${query}`;
      const where = 'MaaS360 device search';
      let answer = await search(path);
      if (answer.status === 401) {
        // Tokens have no expiry time: retry once with a new one.
        token = null;
        answer = await search(path);
      }
      return pageOf(contentOf(answer, { where, at: now() }), where);
    },
    close: service.close,
  };
}

const signInBody = (billingID: string, { appId, appVersion, appAccessKey, user, password }: Maas360Credentials) => ({
  authRequest: {
    maaS360AdminAuth: { billingID, platformID: '3', appID: appId, appVersion, appAccessKey, userName: user, password },
  },
});
