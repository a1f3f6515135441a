/**
 * One gather of a source: lease, read, compare, store what changed, evaluate, commit.
 *
 * Invariants: one gather per source at a time, fenced. Devices are stored, and their users sent to evaluation, before their
 * entries are committed in the manifest: a gather that is interrupted anywhere repeats work and loses none. From a list that is
 * empty, incomplete or inconsistent nothing is removed and nothing concluded.
 *
 * A run is: queued (recorded, message sent) · running (over one or more invocations) · completed · failed (by a failure of the
 * source: the message is consumed, the next gather retries). Internal failures are thrown: the message is redelivered.
 */
import { FencedOff } from '#adapters/dynamodb/gather/sources';
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import { TravelerFailure } from '#adapters/traveler/failure';
import { type NeedContext, owesDetail } from '#domain/gather/detail-policy';
import { contradiction } from '#domain/gather/gather-schedule';
import { runLine } from '#domain/gather/run-lines';
import type { GatherMessage } from '#domain/messages/queue-messages';
import { attemptsOf, begin, type Invocation, markEveryone } from './begin.ts';
import { commitRun } from './commit-run.ts';
import type { GatherDependencies, Gathering } from './dependencies.ts';
import { endFailed, mostAttempts, tooManyAttempts } from './end-failed.ts';
import { keepLease, type LeaseKeeper } from './lease-keeper.ts';
import { isOutOfRequests, partsNeverArrived, requestParts } from './missing-parts.ts';
import { type ProcessedList, processList } from './process-list.ts';
import { reachSource } from './reach-source.ts';
import { recordAbsence } from './record-absence.ts';
import { recorder } from './record-devices.ts';
import { PartsMissing } from './relay-list.ts';
import { type RunCounters, runCounters } from './run-counters.ts';
import { keepSlots } from './slot-keeper.ts';

/**
 * `waiting`: another gather of the source is running, and this one is requested again a little later. `dropped`: nothing to do,
 * or the relay has it.
 */
export type Gathered = 'completed' | 'continued' | 'failed' | 'waiting' | 'dropped';

const requeueSeconds = 3;
const mostDevicesOfUser = 10;

export function gather(deps: GatherDependencies) {
  return async (message: GatherMessage, invocation: Invocation): Promise<Gathered> => {
    const source = deps.configuration.sources.find(({ id }) => id === message.sourceId);
    if (!source) {
      deps.log('warn', 'A gather was asked for of a source that is not configured', { sourceId: message.sourceId });
      return 'dropped';
    }
    const run = await deps.runs.open(message);
    if (run === null || run.state === 'completed' || run.state === 'failed') return 'dropped';
    const lease = await keepLease(deps, source.id);
    if (lease === null) return requeue(deps, message);
    return underLease(deps, { source, run, lease, invocation, message });
  };
}

type Given = {
  source: Gathering['source'];
  run: Gathering['run'];
  lease: LeaseKeeper;
  invocation: Invocation;
  message: GatherMessage;
};

async function underLease(deps: GatherDependencies, given: Given): Promise<Gathered> {
  const { source, lease, message } = given;
  try {
    const slots = await keepSlots(deps, source);
    if (slots === null) {
      await lease.release({ clean: !lease.wasCutOff });
      return requeue(deps, message);
    }
    const gathered = await run(deps, given).finally(slots.release);
    await lease.release({ clean: true });
    if (gathered === 'continued') await deps.gathers.send([{ body: message }]);
    return gathered;
  } catch (error) {
    await lease.release({ clean: false }).catch(() => undefined);
    if (error instanceof FencedOff) return requeue(deps, message);
    if (error instanceof PartsMissing) return requestParts(deps, given, error);
    throw error;
  }
}

async function requeue({ gathers }: Pick<GatherDependencies, 'gathers'>, message: GatherMessage): Promise<'waiting'> {
  await gathers.send([{ body: message, delaySeconds: requeueSeconds }]);
  return 'waiting';
}

async function run(deps: GatherDependencies, given: Given): Promise<Gathered> {
  if (attemptsOf(given.run) >= mostAttempts) {
    await markEveryone(deps, given);
    await endFailed(deps, { run: given.run, fence: given.lease.fence }, { failure: tooManyAttempts(), tally: null });
    return 'failed';
  }
  let tally: RunCounters | null = null;
  try {
    const reached = await reachSource(deps, given);
    if (reached === 'asked') return 'dropped';
    if (reached === 'taken') return await requeue(deps, given.message);
    const gathering = await begin(deps, { ...given, ...reached });
    tally = runCounters(deps, gathering.run, {
      requests: () => gathering.traveler.requests,
      baseline: gathering.baseline !== null,
    });
    return await read(deps, gathering, tally);
  } catch (error) {
    const failure = error instanceof PartsMissing && isOutOfRequests(given.run) ? partsNeverArrived(error) : error;
    if (!(failure instanceof TravelerFailure)) throw error;
    await endFailed(deps, { run: given.run, fence: given.lease.fence }, { failure, tally });
    return 'failed';
  } finally {
    await tally?.close();
  }
}

async function read(deps: GatherDependencies, gathering: Gathering, tally: RunCounters): Promise<Gathered> {
  const known = gathering.manifest.present();
  const context = needContext(deps, gathering);
  const records = recorder(deps, gathering, tally);
  const worked = await processList(deps, gathering, { context, tally, recorder: records });
  const failure = failureOf(worked, { known, tally });
  const fewer =
    failure === null && worked.outcome.state === 'complete' && worked.outcome.rejected === 0
      ? await recordAbsence(deps, gathering, { seen: worked.seen, tally })
      : [];
  await evaluate(deps, gathering, { users: [...records.takeUsers(), ...fewer], tally });
  if (failure !== null) await keep(deps, gathering);
  if (failure !== null) throw failure;
  if (worked.outcome.state === 'paused') return pause(deps, gathering, { context, worked, tally });
  await commitRun(deps, gathering);
  await tally.close();
  const ended = { state: 'completed', finishedAt: deps.now(), estimatedEnd: null, problem: null } as const;
  const change = { ...tally.soFar(), ...ended };
  await deps.runs.end(gathering.run, change, runLine({ ...gathering.run, ...change }));
  return 'completed';
}

function needContext({ configuration }: GatherDependencies, gathering: Gathering): NeedContext {
  const { manifest, everyDetail, continued, startedAt, state, moving } = gathering;
  const { detailRefreshHours, lastSyncEveryHours } = configuration;
  const since = state.lastCompleteGatherAt;
  return { manifest, everyDetail, continued, startedAt, since, detailRefreshHours, lastSyncEveryHours, moving };
}

/** Why this gather proves nothing about devices that it did not see; null when it does. */
function failureOf({ outcome }: ProcessedList, { known, tally }: { known: number; tally: RunCounters }): TravelerFailure | null {
  if (outcome.state === 'failed') return outcome.failure;
  if (outcome.state === 'paused') return null;
  const { devices: unique, totalRecords } = tally.counts;
  const found = contradiction({ unique, rejected: outcome.rejected, totalRecords, known });
  return found && new TravelerFailure('permanent', { ...found, where: 'device list' });
}

/**
 * Sends users whose verdicts may have changed, before the manifest is committed. After a baseline everyone is evaluated anyway.
 */
async function evaluate(
  { evaluations, configuration }: Pick<GatherDependencies, 'evaluations' | 'configuration'>,
  { baseline, source, run }: Gathering,
  { users, tally }: { users: readonly string[]; tally: RunCounters },
): Promise<void> {
  const distinct = [...new Set(users)];
  tally.counts.users += distinct.length;
  if (baseline !== null) return;
  const parts = Math.ceil(distinct.length / 50);
  // A small number of users cannot lose enough devices to trip the guard.
  const guarded = distinct.length * mostDevicesOfUser > configuration.guard.maxDevices;
  const messages = Array.from({ length: parts }, (_, part) => ({
    kind: 'users' as const,
    sourceId: source.id,
    users: distinct.slice(part * 50, (part + 1) * 50),
    cause: `gather ${run.runId}`,
    ...(guarded ? { bulk: true as const, assess: { runId: `${run.runId}.${run.invocations}`, part, parts } } : {}),
  }));
  await evaluations.send(messages.map((body) => evaluationOutgoing(body)));
}

/** Keeps what was stored before the source failed. */
async function keep({ manifests }: Pick<GatherDependencies, 'manifests'>, gathering: Gathering): Promise<void> {
  const { source, fence, guard, manifest, stored } = gathering;
  guard();
  await manifests.commit(source.id, { ...manifest.changes(), paused: null }, { fence, before: stored });
}

/** Time is short: marks in the manifest what this run has not done yet, so that its continuation does only that. */
async function pause(
  { manifests, runs }: Pick<GatherDependencies, 'manifests' | 'runs'>,
  gathering: Gathering,
  { context, worked, tally }: { context: NeedContext; worked: ProcessedList; tally: RunCounters },
): Promise<'continued'> {
  const { source, fence, guard, manifest, stored, baseline } = gathering;
  for (let index = 0; index < manifest.size; index++) {
    const hash = manifest.hashAt(index);
    if (!worked.done.has(hash) && owesDetail(hash, context)) manifest.markStale(index);
  }
  guard();
  const paused = { runId: gathering.run.runId, baseline };
  await manifests.commit(source.id, { ...manifest.changes(), paused }, { fence, before: stored });
  await tally.close();
  await runs.update(gathering.run, { ...tally.soFar(), attempts: 0, partsRequests: 0 });
  return 'continued';
}
