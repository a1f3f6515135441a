import type { GatherRun, SourceState } from '#domain/devices/source';
import { baselineOf } from '#domain/quarantine/enforcement';
import type { Gathering } from './dependencies.ts';

/**
 * A baseline is needed before the first complete gather, and each time AQ is switched on. When the last complete gather was
 * already one (the server's settings could not be written then), only what changed since must be read again.
 */
export function baselineFor(
  run: Pick<GatherRun, 'runId'>,
  { state, settings, server }: Pick<Gathering, 'state' | 'settings' | 'server'>,
): Pick<Gathering, 'baseline' | 'everyDetail'> {
  const firstEver = state.baselineRuns.length === 0;
  const switchingOn = baselineOf(state, settings.settings) === 'owed' && server.aqSupport === 'supported';
  if (!firstEver && !switchingOn) return { baseline: null, everyDetail: false };
  const repeated = isRepeated(state) ? state.baselineRuns.at(-1) : undefined;
  return { baseline: repeated ?? run.runId, everyDetail: repeated === undefined };
}

const isRepeated = ({ baselineUpTo, lastRunId }: SourceState): boolean => lastRunId !== null && baselineUpTo === lastRunId;
