/** The two requests that a relay makes over plain HTTPS: to enrol, and to rotate its key. */
import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { describeError } from '../connection/describe-error.ts';
import { RelayRefusal } from '../refusal.ts';

/** The body of the cloud's error responses (RFC 9457). */
const errorBody = z.object({ detail: z.string() });
const timeoutMs = 30_000;
const mostBytes = 64 * 1024;

type Posting = { body: unknown; token?: string; dispatcher: Dispatcher };

/** Returns the JSON of the response. Throws RelayRefusal. Follows no redirects, because the token would be sent along. */
export async function postToCloud(cloudUrl: string, path: string, { body, token, dispatcher }: Posting): Promise<unknown> {
  const url = addressOf(cloudUrl, path);
  try {
    const response = await request(url, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await bounded(response.body);
    if (response.statusCode < 300) return JSON.parse(text);
    throw refused(url, response.statusCode, text);
  } catch (error) {
    if (error instanceof RelayRefusal) throw error;
    throw new RelayRefusal(
      `The cloud at ${url.origin} did not answer (${error instanceof SyntaxError ? 'no JSON' : describeError(error)}).`,
      'Check the URL, DNS, the firewall (outbound 443) and the proxy settings. A proxy that opens TLS needs its authority in caFile.',
      { cause: error },
    );
  }
}

/** Secrets are sent only where nobody can eavesdrop: over https, or on this machine. */
function addressOf(cloudUrl: string, path: string): URL {
  const given = URL.parse(cloudUrl);
  if (!given || !/^https?:$/.test(given.protocol))
    throw new RelayRefusal(
      'The address of the cloud is not a URL.',
      'Copy the whole command from the console: relay enrol https://… <token>',
    );
  const onThisMachine = ['localhost', '127.0.0.1', '[::1]'].includes(given.hostname);
  if (given.protocol === 'http:' && !onThisMachine)
    throw new RelayRefusal(`${given.origin} would send the token in clear text.`, 'Use its https address.');
  given.pathname = `${given.pathname.replace(/\/$/, '')}${path}`;
  given.search = '';
  given.hash = '';
  return given;
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error('an answer of this length is none of the cloud’s');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function refused({ origin }: URL, status: number, text: string): RelayRefusal {
  const detail = detailIn(text);
  const remedy: Record<number, string> = {
    401: 'Make a new token in the console (Relays, Enrol): each is good for one relay and for a short time.',
    404: 'Check the URL: nothing for relays answers there. Copy the command from the console.',
  };
  return new RelayRefusal(
    detail ?? `The cloud at ${origin} refused (status ${status}).`,
    remedy[status] ?? 'Try again; if it stays so, look at the cloud’s own log.',
  );
}

function detailIn(text: string): string | null {
  try {
    return errorBody.parse(JSON.parse(text)).detail.slice(0, 500);
  } catch {
    return null;
  }
}
