/** Speaks to the API with the token of the access link. Polls with ETags, so that an unchanged answer costs almost nothing. */
import type { z } from 'zod';
import { refusal } from './schemas.ts';

const tokenKey = 'extender-token';

/** Takes the token out of the address (it would stay in the history) and keeps it for this tab only. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(tokenKey, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(tokenKey);
}

/** A refusal by the API, in the words of its problem document. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const known = new Map<string, { etag: string; value: unknown }>();

/** GETs `/api` + path and parses the answer. Throws `Refused`, or the network's own error. */
export async function read<S extends z.ZodType>(path: string, schema: S, signal?: AbortSignal): Promise<z.output<S>> {
  const cached = known.get(path);
  const response = await fetch(`/api${path}`, {
    headers: { authorization: `Bearer ${takeToken() ?? ''}`, ...(cached ? { 'if-none-match': cached.etag } : {}) },
    ...(signal ? { signal } : {}),
  });
  if (response.status === 304 && cached) return schema.parse(cached.value);
  if (!response.ok) throw await refusedBy(response);
  const value: unknown = await response.json();
  const etag = response.headers.get('etag');
  if (etag !== null) known.set(path, { etag, value });
  return schema.parse(value);
}

/** POSTs JSON to `/api` + path. Throws `Refused` unless the API accepted it. */
export async function send(path: string, body: unknown): Promise<void> {
  const response = await fetch(`/api${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${takeToken() ?? ''}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await refusedBy(response);
}

async function refusedBy(response: Response): Promise<Refused> {
  const parsed = refusal.safeParse(await response.json().catch(() => null));
  return new Refused(
    response.status,
    parsed.success ? (parsed.data.detail ?? parsed.data.title) : `The API answered ${response.status}.`,
  );
}

export const devicePath = ({ sourceId, user, deviceId }: { sourceId: string; user: string; deviceId: string }) =>
  `/devices/${[sourceId, user, deviceId].map(encodeURIComponent).join('/')}`;
