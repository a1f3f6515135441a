/**
 * The end of a complete gather, in the order that makes a crash between any two steps harmless:
 * 1. users to evaluation, 2. manifest (the commit), 3. source state, with the baseline and the pending evaluation of everyone,
 * 4. the server's approval settings (the second phase of switching on), 5. AQ in force, 6. everyone to evaluation.
 */
import { configurationPublisher } from '#adapters/dynamodb/settings/settings-reader';
import { gatherDigest } from '#adapters/fingerprint';
import { TravelerFailure } from '#adapters/traveler/failure';
import type { ServerFacts, SourceState } from '#domain/devices/source';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import { planServer, type ServerPlan, shows } from '#domain/quarantine/server-settings';
import { seenAs } from '#domain/quarantine/settings';
import { type SourceFacts, sourceLine } from '#domain/quarantine/source-lines';
import type { GatherDependencies, Gathering } from './dependencies.ts';

type Needs = Pick<GatherDependencies, 'sources' | 'manifests' | 'evaluations' | 'timeline'>;

/** Steps 2 to 6. Throws TravelerFailure when the server's settings cannot be changed to the published ones. */
export async function commitRun({ sources, manifests, evaluations, timeline }: Needs, gathering: Gathering): Promise<void> {
  const { source, fence, guard, manifest, stored } = gathering;
  guard();
  const relayed = relayBase(gathering);
  await manifests.commit(source.id, { ...manifest.changes(), paused: null }, { fence, before: stored });
  const { decides, ...committed } = afterCommit(gathering);
  if (decides) await recordSourceState({ timeline }, gathering, { step: 'seen', facts: { ...gathering.state, ...committed } });
  if (gathering.state.pause || gathering.state.problem) await resume({ evaluations }, source.id);
  await sources.update(source.id, { ...committed, ...relayed }, { fence });
  const reconciled = await reconcile({ sources, timeline }, gathering, committed);
  if (!committed.evaluateEveryone && !reconciled.changed) return;
  const { runId } = gathering.run;
  const assess = isOwnDoing(gathering) ? {} : { assess: runId };
  const body: EvaluationMessage = { kind: 'everyone', sourceId: source.id, cause: `gather ${runId}`, ...assess };
  await evaluations.send([{ body }]);
  await sources.update(source.id, { evaluateEveryone: false }, { fence });
}

/** What the next delta may build on, when our manifest equals the relay's. When it does not, the relay sends everything once. */
function relayBase({ relayed, manifest, run }: Gathering): Pick<SourceState, 'relayDigest' | 'relayAskedAt'> {
  if (relayed === null) return {};
  const same = gatherDigest(manifest.content()) === relayed.digest;
  return { relayDigest: same ? relayed.digest : null, relayAskedAt: run.asked?.at ?? null };
}

/**
 * The source is healthy again: sends the actions that wait for it. Sent first, with a short delay, so that a crash loses none.
 */
async function resume({ evaluations }: Pick<Needs, 'evaluations'>, sourceId: string): Promise<void> {
  const body: EvaluationMessage = { kind: 'resume', sourceId, cause: 'a gather succeeded' };
  await evaluations.send([{ body, delaySeconds: 2 }]);
}

/**
 * Whether only a publication causes this evaluation: a publication has already passed the guard. The configuration's settings
 * have not, nor have changes of the server itself, or what an earlier gather left pending.
 */
function isOwnDoing({ state, server, settings }: Gathering): boolean {
  const published = settings.publishedBy !== configurationPublisher || state.settingsSeen === seenAs(settings);
  return published && !state.evaluateEveryone && !differ(state.server, server);
}

/** The state of the source once the manifest is committed; a change that concerns all its devices requires their evaluation. */
function afterCommit({ state, run, server, settings, baseline, startedAt, manifest }: Gathering) {
  const recorded = baseline !== null && !state.baselineRuns.includes(baseline) ? [baseline] : [];
  const settingsSeen = seenAs(settings);
  const decides = recorded.length > 0 || settingsSeen !== state.settingsSeen || differ(state.server, server);
  return {
    decides,
    server,
    baselineRuns: [...state.baselineRuns, ...recorded],
    ...(baseline === null ? {} : { baselineUpTo: run.runId }),
    settingsSeen,
    evaluateEveryone: state.evaluateEveryone || decides,
    lastCompleteGatherAt: startedAt,
    lastRunId: run.runId,
    problem: null,
    retryAt: null,
    ...(state.pause ? { pause: null } : {}),
    devices: manifest.present(),
  } satisfies Partial<SourceState> & { decides: boolean };
}

const deciding = ['requiresApproval', 'settingsAccess', 'aqSupport'] as const;
const differ = (a: ServerFacts, b: ServerFacts): boolean => deciding.some((fact) => a[fact] !== b[fact]);

/** Steps 4 and 5. `changed`: AQ came into force or went out of force, or the server's settings changed. */
async function reconcile(
  { sources, timeline }: Pick<Needs, 'sources' | 'timeline'>,
  gathering: Gathering,
  committed: Pick<SourceState, 'baselineRuns'>,
): Promise<{ changed: boolean }> {
  const { source, traveler, state, settings, server, baseline, fence, guard } = gathering;
  const options = { enforcement: source.enforcement, baselineDone: baseline !== null || state.aqInForce };
  const plan = planServer(settings.settings, server, options);
  guard();
  const { baselineRuns } = committed;
  if (!plan.inForce && state.aqInForce) {
    await recordSourceState({ timeline }, gathering, { step: 'off', facts: { server, baselineRuns, aqInForce: false } });
    await sources.update(source.id, { aqInForce: false, evaluateEveryone: true }, { fence });
  }
  const now = plan.write === null ? server : await write(traveler, plan.write, server);
  if (now === 'asked') return { changed: !plan.inForce && state.aqInForce };
  const { inForce } = planServer(settings.settings, now, options);
  if (inForce === state.aqInForce && !differ(server, now)) return { changed: inForce !== state.aqInForce };
  await recordSourceState({ timeline }, gathering, {
    step: 'reconciled',
    facts: { server: now, baselineRuns, aqInForce: inForce },
  });
  await sources.update(source.id, { server: now, aqInForce: inForce, evaluateEveryone: true }, { fence });
  return { changed: true };
}

/** Writes the source's line before the state itself is stored; a repeated run writes the same line. */
function recordSourceState(
  { timeline }: Pick<Needs, 'timeline'>,
  { source, run, settings, startedAt }: Gathering,
  { step, facts }: { step: string; facts: Omit<SourceFacts, 'enforcement' | 'settings'> },
): Promise<void> {
  const line = sourceLine(
    { ...facts, enforcement: source.enforcement, settings },
    { at: startedAt, cause: `${run.runId}|${step}` },
  );
  return timeline.appendToSource(source.id, [line]);
}

/** Writes and reads back: a server that accepts the write without effect is not switched on. */
async function write(
  traveler: Gathering['traveler'],
  wanted: NonNullable<ServerPlan['write']>,
  before: ServerFacts,
): Promise<ServerFacts | 'asked'> {
  const written = await traveler.writeSettings(wanted);
  if (written === 'asked') return 'asked';
  if (written === 'unavailable') return { ...before, requiresApproval: 'unknown', settingsAccess: 'unavailable' };
  const after = await traveler.serverFacts();
  if (shows(after, wanted) || after.settingsAccess === 'unavailable') return after;
  throw new TravelerFailure('permanent', {
    what: 'The server accepted new approval settings and does not show them',
    where: 'approval settings',
    remedy: 'Check in the Traveler administration whether they can be changed at all; or set enforcement to "extender".',
  });
}
