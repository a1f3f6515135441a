/**
 * The end of a complete gather, in the order that makes a crash between any two steps harmless:
 * 1. users to evaluation, 2. manifest (the commit), 3. source state, with a baseline committed and everyone owed an evaluation,
 * 4. the server's approval settings (the second phase of switching on), 5. AQ in force, 6. everyone to evaluation.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import { planServer, type ServerPlan, shows } from '#domain/server-settings';
import type { ServerFacts, SourceState } from '#domain/source';
import type { GatherDependencies, Gathering } from './dependencies.ts';

type Needs = Pick<GatherDependencies, 'sources' | 'manifests' | 'evaluations'>;

/** Steps 2 to 6. Throws TravelerFailure when the server's settings cannot be brought to what is published. */
export async function conclude({ sources, manifests, evaluations }: Needs, gathering: Gathering): Promise<void> {
  const { source, fence, guard, manifest, stored } = gathering;
  guard();
  await manifests.commit(source.id, { ...manifest.changes(), paused: null }, { fence, before: stored });
  const committed = afterCommit(gathering);
  await sources.update(source.id, committed, { fence });
  const settled = await reconcile({ sources }, gathering);
  if (!committed.evaluateEveryone && !settled.changed) return;
  await evaluations.send([{ body: { kind: 'everyone', sourceId: source.id, cause: `gather ${gathering.run.runId}` } }]);
  await sources.update(source.id, { evaluateEveryone: false }, { fence });
}

/** What the source is once the manifest is committed; whatever decides for all its devices owes them an evaluation. */
function afterCommit({ state, run, server, settings, baseline, startedAt, manifest }: Gathering) {
  const recorded = baseline !== null && !state.baselineRuns.includes(baseline) ? [baseline] : [];
  const settingsSeen = `${settings.scope}|${settings.version}`;
  const decides = recorded.length > 0 || settingsSeen !== state.settingsSeen || differ(state.server, server);
  return {
    server,
    baselineRuns: [...state.baselineRuns, ...recorded],
    ...(baseline === null ? {} : { baselineUpTo: run.runId }),
    settingsSeen,
    evaluateEveryone: state.evaluateEveryone || decides,
    lastCompleteGatherAt: startedAt,
    lastRunId: run.runId,
    problem: null,
    retryAt: null,
    devices: manifest.present(),
  } satisfies Partial<SourceState>;
}

const deciding = ['requiresApproval', 'settingsAccess', 'aqSupport'] as const;
const differ = (a: ServerFacts, b: ServerFacts): boolean => deciding.some((fact) => a[fact] !== b[fact]);

/** Steps 4 and 5. `changed`: AQ came into force, or out of it, or the server's settings did. */
async function reconcile(
  { sources }: Pick<Needs, 'sources'>,
  { source, traveler, state, settings, server, baseline, fence, guard }: Gathering,
): Promise<{ changed: boolean }> {
  const options = { enforcement: source.enforcement, baselineDone: baseline !== null || state.aqInForce };
  const plan = planServer(settings.settings, server, options);
  guard();
  if (!plan.inForce && state.aqInForce) await sources.update(source.id, { aqInForce: false, evaluateEveryone: true }, { fence });
  const now = plan.write === null ? server : await write(traveler, plan.write, server);
  const { inForce } = planServer(settings.settings, now, options);
  if (inForce === state.aqInForce && !differ(server, now)) return { changed: inForce !== state.aqInForce };
  await sources.update(source.id, { server: now, aqInForce: inForce, evaluateEveryone: true }, { fence });
  return { changed: true };
}

/** Writes and reads back: a server that says yes and does nothing has not been switched on. */
async function write(
  traveler: Gathering['traveler'],
  wanted: NonNullable<ServerPlan['write']>,
  before: ServerFacts,
): Promise<ServerFacts> {
  if ((await traveler.writeSettings(wanted)) === 'unavailable')
    return { ...before, requiresApproval: 'unknown', settingsAccess: 'unavailable' };
  const after = await traveler.serverFacts();
  if (shows(after, wanted) || after.settingsAccess === 'unavailable') return after;
  throw new TravelerFailure('permanent', {
    what: 'The server accepted new approval settings and does not show them',
    where: 'approval settings',
    remedy: 'Check in the Traveler administration whether they can be changed at all; or set enforcement to "extender".',
  });
}
