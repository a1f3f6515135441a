/** Classifies one HTTP response: an envelope, `gone`, or a failure. */

import { type Envelope, envelope } from './envelope.ts';
import { TravelerFailure, WrongCredentials } from './failure.ts';
import { retryAfterMs } from './retry-after.ts';

/**
 * The request: `where` names server and kind of request; `write`: may have taken effect without a readable response; `bare`:
 * needs no envelope.
 */
export type Asked = { where: string; write: boolean; bare?: boolean };
export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; text: string; at: number };

/** 449 is Traveler's own "retry"; 408 and 429 mean the same: nothing was done. */
const retryLater = new Set([408, 429, 449]);

export function judge(asked: Asked, answer: Answer): Envelope | 'gone' {
  const { status, headers, text } = answer;
  const byStatus = judgeCode(asked, status, retryAfterMs(headers['retry-after'], answer.at));
  if (byStatus instanceof TravelerFailure) throw isLoginRedirect(answer) ? loginPage(asked) : byStatus;
  if (byStatus === 'gone') return 'gone';
  if (status === 204 && asked.write) return { data: null };
  if (text.trim() === '') throw noAnswer(asked, 'answered with an empty body');
  if (isHtml(answer)) throw loginPage(asked);
  const parsed = envelope.safeParse(parseJson(asked, text));
  if (!parsed.success || (parsed.data.data === undefined && !asked.bare))
    throw malformed(asked, 'is not the answer that Traveler gives');
  const byCode = judgeCode(asked, parsed.data.code ?? 200);
  if (byCode instanceof TravelerFailure) throw byCode;
  return byCode === 'gone' ? 'gone' : parsed.data;
}

/** One table for the HTTP status and for the envelope's `code`, which may differ from it. */
function judgeCode(asked: Asked, code: number, wait?: number): TravelerFailure | 'gone' | 'good' {
  const { where } = asked;
  if (code >= 200 && code < 300) return 'good';
  if (code === 404 || code === 410) return 'gone';
  if (code === 401) return new WrongCredentials(where);
  if (code === 403) return missingRights(where);
  if (retryLater.has(code)) return busy(asked, code, { kind: asked.write ? 'busy' : 'transient', wait });
  // A write may have taken effect before the server failed.
  if (code >= 500) return busy(asked, code, { kind: asked.write ? 'unknown' : 'transient', wait });
  return new TravelerFailure('permanent', {
    what: `The server refused the request with ${code}`,
    where,
    remedy: 'Check the url of this source and that the server is Traveler 9.0 or later.',
  });
}

function busy(
  { where }: Asked,
  code: number,
  { kind, wait }: { kind: 'busy' | 'transient' | 'unknown'; wait: number | undefined },
): TravelerFailure {
  const next = kind === 'unknown' ? `${readBack} If not, it is tried again by itself.` : 'It is tried again by itself.';
  return new TravelerFailure(
    kind,
    {
      what: `The server answered ${code}: it is busy or unwell`,
      where,
      remedy: `${next} If this lasts, look at the Traveler server and its load.`,
    },
    wait === undefined ? {} : { retryAfterMs: wait },
  );
}

function missingRights(where: string): TravelerFailure {
  return new TravelerFailure('denied', {
    what: 'The user of this source may not do this on the server (403)',
    where,
    remedy: 'Give that user administrator rights in Traveler, or name another user in the secret of this source.',
  });
}

function loginPage({ where }: Asked): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: 'The server answered with a web page, most likely its login form, instead of data',
    where,
    remedy:
      'On the Domino server, add a web rule that overrides session authentication for /api* (Traveler 8.5: /LotusTraveler.nsf*), so that it takes user name and password with each request.',
  });
}

function malformed({ where }: Asked, how: string): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: `What the server sent ${how}`,
    where,
    remedy: 'Check that the url of this source leads to a Traveler server and that no proxy on the way changes its answers.',
  });
}

const readBack = 'The device is read back to see whether it took effect.';

/** No response: a read is retried; the effect of a write is unknown, and the device must be read back. */
export function noAnswer(
  { where, write }: Asked,
  how: string,
  { cause, unreachable = false }: { cause?: unknown; unreachable?: boolean } = {},
): TravelerFailure {
  return new TravelerFailure(
    write ? 'unknown' : 'transient',
    {
      what: `The server ${how}`,
      where,
      remedy: write
        ? readBack
        : 'It is tried again by itself. If this lasts, check that the server runs and can be reached from here.',
    },
    { cause, unreachable },
  );
}

function parseJson(asked: Asked, text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch {
    throw malformed(asked, 'is not valid JSON');
  }
}

function isHtml({ headers, text }: Answer): boolean {
  return String(headers['content-type'] ?? '').includes('text/html') || text.trimStart().startsWith('<');
}

/** Forms login may also redirect the client, for example to `names.nsf?Login`. */
function isLoginRedirect({ status, headers }: Answer): boolean {
  return status >= 300 && status < 400 && /login/i.test(String(headers.location ?? ''));
}
