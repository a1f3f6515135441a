/**
 * Who is signed in. The API token is kept in memory only and renewed before it expires; the session is in a cookie that no
 * script can read, for every tab of this browser (functions/sign-in). States: `asking` until the first response; `in`;
 * `out` when there is no session, or it has ended: the page then offers to sign in and keeps its address.
 */
import { useSyncExternalStore } from 'react';
import { z } from 'zod';

export type SessionState =
  | { kind: 'asking' }
  | { kind: 'in'; name: string }
  | { kind: 'out'; why: 'none' | 'expired' | 'late' | 'refused' };

const tokenResponse = z.object({ token: z.string(), expiresAt: z.string(), name: z.string() });
const signOutResponse = z.object({ to: z.string() });
const renewBeforeMs = 60_000;

let state: SessionState = { kind: 'asking' };
let current: { token: string; until: number } | null = null;
let renewing: Promise<string | null> | null = null;
const listeners = new Set<() => void>();

function changeState(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

export const useSession = (): SessionState =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => state,
  );

const post = (what: 'token' | 'out', headers: Record<string, string> = {}) =>
  fetch(`/sign-in/${what}`, { method: 'POST', headers: { 'x-extender-page': 'console', ...headers } });

/** A token for the API; null when nobody is signed in. Throws the error of `fetch`. */
export async function tokenForApi(): Promise<string | null> {
  if (current !== null && current.until - Date.now() > renewBeforeMs) return current.token;
  if (state.kind === 'out') return null;
  return renewed();
}

/** Requests a new token; concurrent calls share one request. `given`: the token of the access link. */
export function renewed(given?: string): Promise<string | null> {
  renewing ??= renew(given).finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renew(given?: string): Promise<string | null> {
  const response = await post('token', given === undefined ? {} : { authorization: `Bearer ${given}` });
  if (response.status === 401) {
    signedOut(state.kind === 'in' || given !== undefined ? 'expired' : 'none');
    return null;
  }
  if (!response.ok) throw new Error(`Signing in answered ${response.status}.`);
  const { token, expiresAt, name } = tokenResponse.parse(await response.json());
  current = { token, until: Date.parse(expiresAt) };
  if (state.kind !== 'in' || state.name !== name) changeState({ kind: 'in', name });
  return token;
}

/** The API no longer accepts the tokens of this session. */
export function signedOut(why: 'none' | 'expired' | 'late' | 'refused'): void {
  current = null;
  if (state.kind !== 'out') changeState({ kind: 'out', why });
}

export const signInAddress = () => `/sign-in/start?${new URLSearchParams({ to: location.pathname + location.search })}`;

/** Ends the session in this browser, then goes to the address where the user pool ends its own. */
export async function signOut(): Promise<void> {
  const response = await post('out');
  current = null;
  location.assign(signOutResponse.parse(await response.json()).to);
}

const failures = ['late', 'refused'] as const;

/** Reads what follows the `#` of the address (the token of the access link, or why a sign-in failed) and removes it from the history. */
function takeFromAddress(): void {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const [token, failure] = [fragment.get('token'), fragment.get('sign-in')];
  if (token === null && failure === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  if (failure !== null) {
    signedOut(failures.find((one) => one === failure) ?? 'refused');
    return;
  }
  changeState({ kind: 'asking' });
  current = null;
  startRetrying(token ?? undefined);
}

/** Retries until the console answers: then it is known whether somebody is signed in. */
function startRetrying(given?: string): void {
  renewed(given).catch(() => setTimeout(() => state.kind === 'asking' && startRetrying(given), 2000));
}

export function beginSession(): void {
  addEventListener('hashchange', takeFromAddress);
  takeFromAddress();
  if (state.kind === 'asking') startRetrying();
}
