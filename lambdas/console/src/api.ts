/** Calls the API with the token of the signed-in user. Sends ETags, so that an unchanged response costs almost nothing. */
import { z } from 'zod';
import { type DeviceName, refusal } from './schemas.ts';
import { renewed, signedOut, tokenForApi } from './session.ts';

/** The API rejected a request; the message comes from its problem document. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const cache = new Map<string, { etag: string; value: unknown }>();
/** More responses than a reader needs at a time are not worth the memory. */
const cacheLimit = 100;

/** Renews a token once that the API no longer accepts; if the new one is rejected too, the user is signed out. */
async function fetchApi(path: string, init: RequestInit = {}): Promise<Response> {
  const withToken = (token: string) =>
    fetch(`/api${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
  const token = await tokenForApi();
  if (token === null) throw new Refused(401, 'Nobody is signed in.');
  const response = await withToken(token);
  if (response.status !== 401) return response;
  const fresh = await renewed();
  const second = fresh === null ? response : await withToken(fresh);
  if (second.status === 401) signedOut('expired');
  return second;
}

/** GETs `/api` + path and returns the parsed response. Throws `Refused`, or the error of `fetch`. */
export async function read<S extends z.ZodType>(path: string, schema: S, signal?: AbortSignal): Promise<z.output<S>> {
  const cached = cache.get(path);
  const response = await fetchApi(path, {
    headers: cached ? { 'if-none-match': cached.etag } : {},
    ...(signal ? { signal } : {}),
  });
  if (response.status === 304 && cached) return schema.parse(cached.value);
  if (!response.ok) throw await refusedBy(response);
  const value: unknown = await response.json();
  const etag = response.headers.get('etag');
  if (etag !== null) remember(path, { etag, value });
  return schema.parse(value);
}

function remember(path: string, response: { etag: string; value: unknown }): void {
  cache.delete(path);
  cache.set(path, response);
  const [oldest] = cache.keys();
  if (cache.size > cacheLimit && oldest !== undefined) cache.delete(oldest);
}

type Sending<S extends z.ZodType> = { method?: 'POST' | 'DELETE'; schema?: S };

/** Sends JSON to `/api` + path and returns the parsed response. Throws `Refused` unless the API accepted it. */
export async function send<S extends z.ZodType = z.ZodUnknown>(
  path: string,
  body?: unknown,
  { method = 'POST', schema }: Sending<S> = {},
): Promise<z.output<S>> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetchApi(path, { method, ...sent });
  if (!response.ok) throw await refusedBy(response);
  const answer: unknown = response.status === 204 ? null : await response.json();
  return (schema ?? z.unknown()).parse(answer) as z.output<S>;
}

/** JSON lines, the cursor of the next page (null: this is the last one), and how many lines were read for this one. */
export type LinesPage = { text: string; next: string | null; read: number };

export async function readLines(path: string, signal?: AbortSignal): Promise<LinesPage> {
  const response = await fetchApi(path, signal ? { signal } : {});
  if (!response.ok) throw await refusedBy(response);
  const { headers } = response;
  return { text: await response.text(), next: headers.get('x-next-cursor'), read: Number(headers.get('x-lines-read')) };
}

async function refusedBy(response: Response): Promise<Refused> {
  const parsed = refusal.safeParse(await response.json().catch(() => null));
  const message = parsed.success ? (parsed.data.detail ?? parsed.data.title) : null;
  return new Refused(response.status, message ?? `The API answered ${response.status}.`);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const named = ({ sourceId, user, deviceId }: DeviceName) => [sourceId, user, deviceId].map(encodeURIComponent).join('/');
export const devicePath = (device: DeviceName) => `/devices/${named(device)}`;
export const decisionsPath = (device: DeviceName) => `/decisions/${named(device)}`;
