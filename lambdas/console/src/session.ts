/**
 * Who is signed in. The token that the API wants is held in memory only, and renewed before it ends; what lasts is in a cookie
 * that no script reads, for every tab of this browser (functions/sign-in). States: `asking` until the first answer; `in`;
 * `out` when there is no session, or it has ended: then the page offers to sign in and keeps its address meanwhile.
 */
import { useSyncExternalStore } from 'react';
import { z } from 'zod';

export type SessionState =
  | { kind: 'asking' }
  | { kind: 'in'; name: string }
  | { kind: 'out'; why: 'none' | 'expired' | 'late' | 'refused' };

const answer = z.object({ token: z.string(), expiresAt: z.string(), name: z.string() });
const leaving = z.object({ to: z.string() });
const renewBeforeMs = 60_000;

let state: SessionState = { kind: 'asking' };
let held: { token: string; until: number } | null = null;
let coming: Promise<string | null> | null = null;
const listeners = new Set<() => void>();

function become(next: SessionState): void {
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

/** A token for the API; null when nobody is signed in. Throws the network's own error. */
export async function tokenForApi(): Promise<string | null> {
  if (held !== null && held.until - Date.now() > renewBeforeMs) return held.token;
  if (state.kind === 'out') return null;
  return renewed();
}

/** Asks for another token, once however many ask at the same time. `given`: of the access link. */
export function renewed(given?: string): Promise<string | null> {
  coming ??= renew(given).finally(() => {
    coming = null;
  });
  return coming;
}

async function renew(given?: string): Promise<string | null> {
  const response = await post('token', given === undefined ? {} : { authorization: `Bearer ${given}` });
  if (response.status === 401) {
    signedOut(state.kind === 'in' || given !== undefined ? 'expired' : 'none');
    return null;
  }
  if (!response.ok) throw new Error(`Signing in answered ${response.status}.`);
  const { token, expiresAt, name } = answer.parse(await response.json());
  held = { token, until: Date.parse(expiresAt) };
  if (state.kind !== 'in' || state.name !== name) become({ kind: 'in', name });
  return token;
}

/** The API takes no token of this session any more. */
export function signedOut(why: 'none' | 'expired' | 'late' | 'refused'): void {
  held = null;
  if (state.kind !== 'out') become({ kind: 'out', why });
}

export const signInAddress = () => `/sign-in/start?${new URLSearchParams({ to: location.pathname + location.search })}`;

/** Ends the session in this browser, then leaves for where the user pool ends its own. */
export async function signOut(): Promise<void> {
  const response = await post('out');
  held = null;
  location.assign(leaving.parse(await response.json()).to);
}

const troubles = ['late', 'refused'] as const;

/** Takes what the address carries behind its `#` (the token of the access link, or how a sign-in failed) out of the history. */
function takeFromAddress(): void {
  const carried = new URLSearchParams(location.hash.slice(1));
  const [token, trouble] = [carried.get('token'), carried.get('sign-in')];
  if (token === null && trouble === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  if (trouble !== null) {
    signedOut(troubles.find((one) => one === trouble) ?? 'refused');
    return;
  }
  become({ kind: 'asking' });
  held = null;
  retrying(token ?? undefined);
}

/** Until the console answers: then it is known whether somebody is signed in. */
function retrying(given?: string): void {
  renewed(given).catch(() => setTimeout(() => state.kind === 'asking' && retrying(given), 2000));
}

export function beginSession(): void {
  addEventListener('hashchange', takeFromAddress);
  takeFromAddress();
  if (state.kind === 'asking') retrying();
}
