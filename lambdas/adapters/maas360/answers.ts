/**
 * Parses MaaS360's responses in every form observed: status 200 means nothing, the wrapper has the status; one device is an
 * object instead of a list; the list ends with a page whose pageSize is 0; numbers are text, `""`, or beyond 2^53.
 */
import { z } from 'zod';
import { ServiceFailure } from '#adapters/service-failure';
import { retryAfterMs } from '#adapters/traveler/retry-after';
import type { WebAnswer } from '#adapters/web-service';
import { parseExactly } from './exact-json.ts';

const count = z.union([z.number(), z.string()]).transform((value) => (String(value).trim() === '' ? null : Number(value)));
const authAnswer = z.object({
  authResponse: z.object({ authToken: z.string().optional(), errorCode: count, errorDesc: z.string().optional() }),
});
const searchAnswer = z.object({
  devices: z.object({
    device: z.unknown().optional(),
    pageSize: count.optional(),
  }),
});

/** Rows are not parsed here: each is parsed separately, so that one bad row does not spoil the page. */
export type Page = { rows: unknown[]; last: boolean };
/** `at`: the current time, epoch ms. */
type Asked = { where: string; at: number };

/** Checks the status and parses the JSON. Throws ServiceFailure. On 401 the caller signs in again before it calls this. */
export function contentOf(answer: WebAnswer, { where, at }: Asked): unknown {
  const { status, headers, text } = answer;
  if (status === 429 || status === 503)
    throw new ServiceFailure(
      'busy',
      { what: `MaaS360 asks for patience (${status})`, where, remedy: 'It is asked again by itself, later.' },
      { retryAfterMs: retryAfterMs(headers['retry-after'], at) ?? 60_000 },
    );
  if (status >= 500) throw failure('transient', `MaaS360 failed (${status})`, where, 'It is asked again by itself.');
  if (status === 403 || status === 401) throw failure('denied', `MaaS360 refuses the account (${status})`, where, accountRemedy);
  if (status !== 200)
    throw failure('permanent', `MaaS360 answered ${status}`, where, 'Check billingId and url in the configuration.');
  if (text.trimStart().startsWith('<'))
    throw failure('permanent', 'The answer is XML or HTML though JSON was asked for', where, notTheService);
  try {
    return parseExactly(text);
  } catch {
    throw failure('permanent', 'The answer is no JSON', where, notTheService);
  }
}

/** The token from a sign-in. `errorCode` must be 0, even with HTTP 200. Throws ServiceFailure. */
export function tokenOf(content: unknown, where: string): string {
  const parsed = authAnswer.safeParse(content);
  if (!parsed.success) throw failure('permanent', 'The answer to the sign-in has no authResponse', where, notTheService);
  const { errorCode, authToken } = parsed.data.authResponse;
  if (errorCode !== 0) throw failure('denied', `MaaS360 refuses the sign-in (errorCode ${errorCode})`, where, accountRemedy);
  if (!authToken) throw failure('permanent', 'MaaS360 accepted the sign-in and gave no token', where, notTheService);
  return authToken;
}

export function pageOf(content: unknown, where: string): Page {
  const parsed = searchAnswer.safeParse(content);
  if (!parsed.success)
    throw failure('permanent', 'The answer to the device search has no "devices" around it', where, notTheService);
  const { device, pageSize } = parsed.data.devices;
  const rows = Array.isArray(device) ? device : device === undefined || device === null || device === '' ? [] : [device];
  return { rows, last: pageSize === 0 || rows.length === 0 };
}

const accountRemedy =
  'Check app id, access key, user and password in the secret of "maas360", and that the administrator may use web services. No further try is made for an hour, so that the account is not locked.';
const notTheService = 'Check that the configured url leads to MaaS360’s web services.';

function failure(kind: 'denied' | 'transient' | 'permanent', what: string, where: string, remedy: string): ServiceFailure {
  return new ServiceFailure(kind, { what, where, remedy });
}
