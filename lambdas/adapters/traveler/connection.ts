/** HTTP to one Traveler server: limited in concurrency, time and size; transient failures are retried. */
import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { type Dispatcher, Pool } from 'undici';
import { deadline } from '#adapters/deadline';
import { backoffMs } from '#domain/time/backoff';
import { type Address, travelerAddress } from './address.ts';
import { judge } from './answer.ts';
import { readBody } from './body.ts';
import type { RetryPolicy, Timeouts, TravelerOptions } from './contract.ts';
import { type CredentialGate, credentialGate } from './credential-gate.ts';
import type { Envelope } from './envelope.ts';
import { TravelerFailure, WrongCredentials } from './failure.ts';
import { transportFailure } from './transport-failure.ts';

export type Call = {
  method: 'GET' | 'PUT' | 'DELETE';
  /** Path and query; from `address`, so on this server. */
  path: string;
  /** Kind of request, for messages: `device list`. */
  subject: string;
  body?: unknown;
  /** The response may come without Traveler's envelope. */
  bare?: boolean;
  signal?: AbortSignal;
};
export type Connection = {
  address: Address;
  /** `gone` for 404 and 410. Throws TravelerFailure. */
  call(call: Call): Promise<Envelope | 'gone'>;
  limitTo(atOnce: number): void;
  readonly underWay: number;
  readonly requests: number;
  close(): Promise<void>;
};

const defaultTimeouts: Timeouts = { connect: 10_000, headers: 60_000, body: 30_000, total: 180_000 };
const defaultRetry: RetryPolicy = { tries: 4, baseMs: 250, longestMs: 10_000 };
const defaultMaxBodyBytes = 64 * 1024 * 1024;

/** The state of one connection; only `requests` changes. */
type State = {
  address: Address;
  pool: Pool;
  gate: CredentialGate;
  timeouts: Timeouts;
  retry: RetryPolicy;
  maxBodyBytes: number;
  random: () => number;
  now: () => number;
  requests: number;
};

/** Opens no connection until the first call. */
export function connect(options: TravelerOptions): Connection {
  const { concurrency } = options;
  const state = newState(options);
  const limit = pLimit(concurrency);
  return {
    address: state.address,
    call: (call) => limit(() => callWithRetries(state, call)),
    limitTo(atOnce) {
      limit.concurrency = Math.max(1, Math.min(concurrency, atOnce));
    },
    get underWay() {
      return limit.activeCount;
    },
    get requests() {
      return state.requests;
    },
    close: () => state.pool.destroy(),
  };
}

function newState(options: TravelerOptions): State {
  const { concurrency, random = Math.random, now = Date.now, maxBodyBytes = defaultMaxBodyBytes } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const address = travelerAddress(options.baseUrl);
  const pool = new Pool(address.origin, {
    connections: concurrency,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: timeouts.connect, ...(options.ca ? { ca: options.ca } : {}) },
    headersTimeout: timeouts.headers,
    bodyTimeout: timeouts.body,
  });
  const gate = credentialGate(options.credentials, now);
  const retry = { ...defaultRetry, ...options.retry };
  return { address, pool, gate, timeouts, retry, maxBodyBytes, random, now, requests: 0 };
}

/** Retries transient failures. Keeps its concurrency slot while it waits, so that a busy server gets fewer requests. */
async function callWithRetries(state: State, call: Call): Promise<Envelope | 'gone'> {
  for (let tried = 1; ; tried++) {
    try {
      return await state.gate.admit((authorization) => send(state, call, authorization));
    } catch (error) {
      if (!(error instanceof TravelerFailure) || !retried.has(error.kind) || tried >= state.retry.tries) throw error;
      const retryAfter = error.retryAfterMs ?? 0;
      if (retryAfter > state.retry.longestMs || call.signal?.aborted) throw error;
      await wait(Math.max(retryAfter, waitMs(state, tried)), undefined, { signal: call.signal });
    }
  }
}

const waitMs = ({ retry: { baseMs, longestMs }, random }: State, tried: number): number =>
  Math.floor(backoffMs({ firstMs: baseMs, longestMs, jitter: 'full' }, tried, random()));

/** One try. */
async function send(state: State, call: Call, authorization: string): Promise<Envelope | 'gone'> {
  const { address, pool, gate, timeouts, maxBodyBytes, now } = state;
  const asked = { where: `${address.origin} ${call.subject}`, write: call.method !== 'GET', bare: call.bare ?? false };
  using limited = deadline(timeouts.total, call.signal);
  state.requests += 1;
  try {
    const response = await pool.request(toRequest(call, authorization, limited.signal));
    const text = await readBody(response, { maxBytes: maxBodyBytes, where: asked.where });
    return judge(asked, { status: response.statusCode, headers: response.headers, text, at: now() });
  } catch (error) {
    const failure = error instanceof TravelerFailure ? error : transportFailure(asked, error);
    throw failure instanceof WrongCredentials ? gate.noteRejection(authorization, failure) : failure;
  }
}

/** Without `unknown`: a write that the server may have carried out is never repeated. */
const retried: ReadonlySet<TravelerFailure['kind']> = new Set(['transient', 'busy']);

function toRequest({ method, path, body }: Call, authorization: string, signal: AbortSignal): Dispatcher.RequestOptions {
  const headers = { authorization, accept: 'application/json' };
  return body === undefined
    ? { method, path, headers, signal }
    : { method, path, signal, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
