/**
 * How a gather reaches its source: a SmartCloud server directly; an on-premises one through what its relay was asked for and
 * sent.
 */

import type { GatherRun, SourceState } from '#domain/devices/source';
import { bySourceKind } from '#domain/devices/source-kinds';
import { askedAs } from '#domain/gather/relayed-run';
import type { GatherMessage } from '#domain/messages/queue-messages';
import { askRelay } from './ask-relay.ts';
import { baselineFor } from './baseline.ts';
import type { GatherDependencies, GatheredSource, Gathering, OnPremSource, ServerWish } from './dependencies.ts';
import { relayedFailure, relayedSource } from './relay-list.ts';

export type Reached = Pick<Gathering, 'traveler' | 'relayed' | 'concurrency'>;
type Reaching = Promise<Reached | 'asked' | 'taken'>;
type Given = { source: Gathering['source']; run: GatherRun; message: GatherMessage };

/** Nothing is read from the server here: all records have already arrived. */
const relayedAtOnce = 32;

/**
 * `asked`: the relay has the run now, and this message is done. `taken`: it reads another run of the source. Throws
 * TravelerFailure when the source cannot be read.
 */
export async function reachSource(deps: GatherDependencies, { source, run, message }: Given): Reaching {
  return bySourceKind<Gathering['source'], Reaching>(source, {
    smartcloud: async (direct) => ({ traveler: deps.connect(direct), relayed: null, concurrency: direct.concurrency }),
    traveler: (onPrem) => reachRelayed(deps, { source: onPrem, run, message }),
  });
}

async function reachRelayed(deps: GatherDependencies, { source, run, message }: Given & { source: OnPremSource }) {
  const [state, settings] = await Promise.all([deps.sources.read(source.id), deps.settings.current(source.id)]);
  const ask = (options: { everyDetail: boolean; force: boolean }) => askRelay(deps, { state, run, message, ...options });
  const request = answeredRequest(run, message);
  const relayed = request === null ? null : await deps.relayRuns.read({ sourceId: source.id, ...request });
  if (request === null || relayed?.told !== 'whole') {
    if (relayed?.told === 'failed') throw relayedFailure(relayed);
    return ask({ ...baselineFor(run, { state, settings, server: state.server }), force: false });
  }
  const { everyDetail } = baselineFor(run, { state, settings, server: relayed.begin.server });
  const hasEveryDetail = run.asked?.everyDetail === true && relayed.begin.scope === 'full';
  if ((everyDetail && !hasEveryDetail) || isOutdated(request, state)) return ask({ everyDetail, force: true });
  const { list, traveler } = relayedSource(deps.relayRuns, { sourceId: source.id, ...request }, relayed);
  return { traveler: withSettings(deps, { traveler, source, run }), relayed: list, concurrency: relayedAtOnce };
}

/** The request of this run that the relay has answered; null for an answer to an earlier request. */
function answeredRequest(
  { runId, asked }: GatherRun,
  { told }: GatherMessage,
): { runId: string; fence: number; askedAt: number } | null {
  if (!told || !asked || told.asked !== askedAs(runId, asked.times) || told.fence !== asked.fence) return null;
  return { runId: told.asked, fence: told.fence, askedAt: asked.at };
}

/**
 * Whether a run that was requested later has been committed meanwhile. The data of this one is then older: using it would undo
 * what that run found, and could switch Auto-Quarantine off again.
 */
const isOutdated = ({ askedAt }: { askedAt: number }, { relayAskedAt }: SourceState): boolean => askedAt < (relayAskedAt ?? 0);

/** Only the relay can write to its server: it is asked to, and the next gather finds the result. */
function withSettings(
  { link }: Pick<GatherDependencies, 'link'>,
  { traveler, source, run }: { traveler: Omit<GatheredSource, 'writeSettings'>; source: OnPremSource; run: GatherRun },
): GatheredSource {
  async function writeSettings({ requireApproval, devicesBeforeApproval }: ServerWish): Promise<'asked'> {
    const wishId = `${run.runId}|${requireApproval}|${devicesBeforeApproval}`;
    await link.send(source.id, (numbered) => ({ type: 'settings', ...numbered, wishId, requireApproval, devicesBeforeApproval }));
    return 'asked';
  }
  return {
    pages: traveler.pages,
    serverFacts: traveler.serverFacts,
    detail: traveler.detail,
    get requests() {
      return traveler.requests;
    },
    writeSettings,
  };
}
