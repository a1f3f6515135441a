/** What an error below HTTP means: the server was never reached, stopped responding, or cannot be trusted. */
import { type Asked, noAnswer } from './answer.ts';
import { TravelerFailure } from './failure.ts';

/** Nothing was sent, so a write has not taken effect. */
const neverReached: Record<string, string> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has a name that cannot be resolved',
  EAI_AGAIN: 'has a name that cannot be resolved at the moment',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'did not accept a connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'did not accept a connection in time',
};
const silent: Record<string, string> = {
  UND_ERR_HEADERS_TIMEOUT: 'accepted the request and did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'stopped in the middle of its answer',
  TimeoutError: 'did not finish its answer in time',
  AbortError: 'was not waited for',
};

export function transportFailure(asked: Asked, error: unknown): TravelerFailure {
  const code = codeOf(error);
  const unreached = neverReached[code];
  if (unreached) return noAnswer({ ...asked, write: false }, unreached, { cause: error, unreachable: true });
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return untrusted(asked, code, error);
  return noAnswer(asked, silent[code] ?? `closed the connection in the middle of its answer (${code || 'no code'})`, {
    cause: error,
  });
}

function untrusted({ where }: Asked, code: string, cause: unknown): TravelerFailure {
  return new TravelerFailure(
    'permanent',
    {
      what: `The server's certificate is not trusted (${code})`,
      where,
      remedy:
        'Install a certificate that a public authority issued for the name in the url of this source. A relay also trusts the authority that its caFile holds.',
    },
    { cause },
  );
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.cause === undefined ? error.name : codeOf(error.cause) || error.name;
}
