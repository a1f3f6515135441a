/** Each source under the plan's assumptions: its settings, its state once they are in effect, the feed. */
import type { Device } from '#domain/devices/device';
import { afterPublication } from '#domain/quarantine/after-publication';
import { effectiveEnforcement } from '#domain/quarantine/enforcement';
import type { SourceContext } from '../decide-user/source-context.ts';
import type { PlanAssumptions, PlanDependencies } from './dependencies.ts';

export type PlannedSource = {
  context: SourceContext;
  /** The devices as the gather after a publication records them. */
  asRecorded: (devices: readonly Device[]) => readonly Device[];
};

/** By source id; sources that are not configured are left out. */
export async function readPlannedSources(
  deps: Pick<PlanDependencies, 'sources' | 'settings' | 'states' | 'enrolments' | 'now'>,
  { sourceIds, settings, feed: supposedFeed }: PlanAssumptions,
): Promise<Map<string, PlannedSource>> {
  const feed = supposedFeed ?? (await deps.enrolments.feed(deps.now()));
  const concerned = deps.sources.filter(({ id }) => sourceIds.includes(id));
  const read = concerned.map(async ({ id, enforcement }): Promise<[string, PlannedSource]> => {
    const [current, state] = await Promise.all([deps.settings.current(id), deps.states.read(id)]);
    const wanted = { ...current, settings: settings ?? current.settings };
    const published = settings ? afterPublication(state, settings, enforcement) : { state, asRecorded: asTheyAre };
    const effective = effectiveEnforcement(enforcement, state.server);
    const context = { settings: wanted, state: published.state, feed, enforcement: effective };
    return [id, { context, asRecorded: published.asRecorded }];
  });
  return new Map(await Promise.all(read));
}

const asTheyAre = (devices: readonly Device[]) => devices;
