/**
 * Updates the portal's device list, source by source, as long as there is something to send and time left. A portal that is busy
 * or unavailable is not called before its retry time; a rejected upload of one source does not delay the others. Nothing is ever
 * skipped: the cursor moves only once the portal has accepted what follows.
 */
import type { LeaseStore } from '#adapters/dynamodb/gather/leases';
import { UploadOvertaken, type UploadStore, type UploadTrouble } from '#adapters/dynamodb/journal/uploads';
import { problemOf, ServiceFailure } from '#adapters/service-failure';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';
import { type SendDependencies, sendNext } from './send-next.ts';

export type UploadDependencies = SendDependencies & {
  sourceIds: readonly string[];
  uploads: UploadStore;
  leases: Pick<LeaseStore, 'acquire' | 'release'>;
  random: () => number;
};
export type Uploaded = { outcome: 'resting' | 'under-way' | 'caught-up' | 'more' | 'failed'; requests: number; devices: number };

const leaseName = 'portal|upload';
/** The function's longest run time. */
const leaseMs = 6 * 60_000;
const longestRestMs = 15 * 60_000;
const backoff: BackoffPolicy = { firstMs: 30_000, longestMs: longestRestMs, jitter: 'none' };

/** `until`: no request begins after this time, epoch ms. */
export function upload(deps: UploadDependencies) {
  return async ({ until }: { until: number }): Promise<Uploaded> => {
    const lease = await deps.leases.acquire(leaseName, { now: deps.now(), lengthMs: leaseMs });
    if (lease === null) return { outcome: 'under-way', requests: 0, devices: 0 };
    try {
      return await uploadAll(deps, until);
    } finally {
      await deps.leases.release(leaseName, lease.fence, { now: deps.now(), clean: true });
    }
  };
}

async function uploadAll(deps: UploadDependencies, until: number): Promise<Uploaded> {
  const done = { requests: 0, devices: 0 };
  const before = await deps.uploads.trouble();
  if (before !== null && before.notBefore > deps.now()) return { outcome: 'resting', ...done };
  let outcome: Uploaded['outcome'] = 'caught-up';
  for (const sourceId of deps.sourceIds) {
    try {
      if ((await uploadSource(deps, sourceId, { until, done })) === 'more') outcome = 'more';
    } catch (error) {
      if (error instanceof UploadOvertaken) return { outcome: 'under-way', ...done };
      if (!(error instanceof ServiceFailure)) throw error;
      outcome = 'failed';
      if (error.kind === 'permanent') continue;
      await deps.uploads.noteTrouble(troubleAfter(error, before, deps));
      return { outcome, ...done };
    }
  }
  if (before !== null && outcome !== 'failed') await deps.uploads.noteTrouble(null);
  return { outcome, ...done };
}

type Progress = { until: number; done: { requests: number; devices: number } };

async function uploadSource(deps: UploadDependencies, sourceId: string, { until, done }: Progress): Promise<'more' | 'done'> {
  let cursor = await deps.uploads.cursor(sourceId);
  if (cursor.trouble !== null && cursor.trouble.notBefore > deps.now()) return 'done';
  while (deps.now() < until) {
    try {
      const sent = await sendNext(deps, sourceId, cursor);
      cursor = sent.cursor;
      if (sent.outcome === 'nothing-to-send') return 'done';
      done.requests += 1;
      done.devices += sent.devices;
    } catch (error) {
      if (!(error instanceof ServiceFailure) || error.kind !== 'permanent') throw error;
      const now = await deps.uploads.cursor(sourceId);
      await deps.uploads.move(sourceId, now, { trouble: troubleAfter(error, now.trouble, deps) });
      throw error;
    }
  }
  return 'more';
}

/** The pause doubles after each failure, up to 15 minutes, minus a random part of at most a fifth. Retry-After replaces it. */
function troubleAfter(
  error: ServiceFailure,
  before: UploadTrouble | null,
  { now, random }: Pick<UploadDependencies, 'now' | 'random'>,
): UploadTrouble {
  const failures = (before?.failures ?? 0) + 1;
  const isLasting = error.kind === 'permanent' || error.kind === 'denied';
  const own = isLasting ? longestRestMs : backoffMs(backoff, failures, 0);
  const rest = error.retryAfterMs ?? own * (0.8 + 0.2 * random());
  const at = now();
  return { failures, notBefore: at + rest, problem: problemOf(error, { where: 'The portal, device list upload', at }) };
}
