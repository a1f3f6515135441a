/** HTTP to one web service, one request at a time, limited in time and size. Does not retry. */
import { type Dispatcher, errors, Pool } from 'undici';
import { deadline } from '#adapters/deadline';
import { ServiceFailure } from '#adapters/service-failure';

export type WebAnswer = { status: number; headers: Dispatcher.ResponseData['headers']; text: string };
export type WebRequest = {
  method: 'GET' | 'POST' | 'PUT';
  /** Path and query below the service's URL. */
  path: string;
  /** Kind of request, for messages: `device list`. */
  subject: string;
  headers: Record<string, string>;
  body?: string | Buffer;
};
export type WebService = { request(request: WebRequest): Promise<WebAnswer>; close(): Promise<void> };
/** `name`: of the service, for messages. `totalMs`: limit for a whole request. */
export type WebServiceOptions = { url: string; name: string; totalMs?: number; maxBodyBytes?: number };

export function webService({ url, name, totalMs = 60_000, maxBodyBytes = 32 * 1024 * 1024 }: WebServiceOptions): WebService {
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/+$/, '');
  const pool = new Pool(origin, { connections: 1, pipelining: 1, allowH2: false, connect: { timeout: 10_000 } });
  return {
    async request({ method, path, subject, headers, body }) {
      const where = `${name} at ${origin}, ${subject}`;
      try {
        using limited = deadline(totalMs);
        const given = body === undefined ? {} : { body };
        const response = await pool.request({ method, path: `${base}${path}`, headers, signal: limited.signal, ...given });
        const text = await bounded(response.body, { maxBodyBytes, where });
        return { status: response.statusCode, headers: response.headers, text };
      } catch (error) {
        throw error instanceof ServiceFailure ? error : unanswered(where, error);
      }
    },
    close: () => pool.destroy(),
  };
}

async function bounded(
  body: Dispatcher.ResponseData['body'],
  { maxBodyBytes, where }: { maxBodyBytes: number; where: string },
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBodyBytes)
      throw new ServiceFailure('permanent', {
        what: `The answer is larger than ${Math.floor(maxBodyBytes / 1024 / 1024)} MB and was cut off here`,
        where,
        remedy: 'Check that the configured address leads to the service that is meant.',
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function unanswered(where: string, cause: unknown): ServiceFailure {
  const code = codeOf(cause);
  const untrusted = /CERT|TLS|SSL|SELF_SIGNED/.test(code);
  const slow = cause instanceof errors.ConnectTimeoutError || code === 'TimeoutError';
  return new ServiceFailure(
    'transient',
    {
      what: untrusted
        ? `The certificate of the service is not trusted (${code})`
        : slow
          ? 'The service did not answer in time'
          : `The service could not be reached or hung up (${code})`,
      where,
      remedy: untrusted
        ? 'Install a certificate that a public authority issued for this name.'
        : 'It is tried again by itself. If it stays: check the address in the configuration, and that the service runs.',
    },
    { cause },
  );
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no code';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.cause === undefined ? error.name : codeOf(error.cause);
}
