/** The client of the portal's device list upload: one compressed PUT, which is accepted or fails with a reason. */
import { gzipSync } from 'node:zlib';
import { ServiceFailure } from '#adapters/service-failure';
import { retryAfterMs } from '#adapters/traveler/retry-after';
import { webService } from '#adapters/web-service';
import { idempotencyKey, type UploadBody } from '#domain/outbound/upload';

export type Portal = {
  /** Resolves once the portal has accepted it (2xx). Throws ServiceFailure. Idempotent. */
  put(body: UploadBody): Promise<void>;
  close(): Promise<void>;
};
export type PortalOptions = { url: string; token: () => Promise<string>; now?: () => number };

export function portal({ url, token, now = Date.now }: PortalOptions): Portal {
  const service = webService({ url, name: 'The portal' });
  return {
    async put(body) {
      const headers = {
        authorization: `Bearer ${(await token()).trim()}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'idempotency-key': idempotencyKey(body),
      };
      const compressed = gzipSync(JSON.stringify(body));
      const answer = await service.request({
        method: 'PUT',
        path: '/devices',
        subject: 'device list',
        headers,
        body: compressed,
      });
      if (answer.status >= 200 && answer.status < 300) return;
      throw refused(answer.status, retryAfterMs(answer.headers['retry-after'], now()));
    },
    close: service.close,
  };
}

const where = 'The portal, device list upload';

function refused(status: number, retryAfter: number | undefined): ServiceFailure {
  const asked = retryAfter === undefined ? {} : { retryAfterMs: retryAfter };
  if (status === 429 || status === 503)
    return new ServiceFailure(
      'busy',
      {
        what: `The portal asks for patience (${status})`,
        where,
        remedy: 'The upload goes on by itself at the time it asked for.',
      },
      asked,
    );
  if (status === 401 || status === 403)
    return new ServiceFailure('denied', {
      what: `The portal does not accept our token (${status})`,
      where,
      remedy: 'Put a valid token into the secret that "portal.secretName" names. The upload then goes on where it stopped.',
    });
  if (status >= 500 || status === 408)
    return new ServiceFailure(
      'transient',
      { what: `The portal failed (${status})`, where, remedy: 'It is tried again by itself; nothing is lost meanwhile.' },
      asked,
    );
  return new ServiceFailure('permanent', {
    what: `The portal refuses the device list (${status})`,
    where,
    remedy:
      permanentRemedies[status] ?? 'Check "portal.url" in the configuration, and what the portal’s log says of this request.',
  });
}

const permanentRemedies: Record<number, string> = {
  404: 'There is nothing at this address: check "portal.url" in the configuration; "/devices" is added to it.',
  413: 'A batch holds at most 500 devices, some 300 KB before compression: allow bodies of 1 MB at the portal or its proxy.',
  422: 'The portal does not understand the list: compare its version with docs/portal.md.',
};
