/**
 * What would change under other settings, other enrolments or a fresh feed: every user is decided as in an evaluation, and
 * nothing is written. Users are streamed and only changes are kept, so memory grows with the enrolments, not with the devices.
 *
 * Names: a match by display name depends on how many users of the source share the name, which is known only at the end of the
 * stream. Users are decided as if their name were unique; those that turn out to share it are read and decided again.
 */

import pMap from 'p-map';
import type { FleetUser } from '#adapters/dynamodb/devices/fleet-scan';
import type { UserKey } from '#domain/devices/device';
import { commonName } from '#domain/devices/names';
import type { AccessLoss } from '#domain/quarantine/guard';
import { type FleetPlan, inOrder, perRule } from '#domain/quarantine/plan-changes';
import { type InputReaders, readInput, registered } from '#use-cases/decide-user/decide-inputs';
import { type DecidedDevice, decideUser } from '#use-cases/decide-user/decide-user';
import type { PlanAssumptions, PlanDependencies } from './dependencies.ts';
import { type LostAccess, outcomesOf, type UserOutcome } from './plan-outcome.ts';
import { type PlannedSource, readPlannedSources } from './planned-sources.ts';

/** `users`: those for whom an evaluation would write anything. */
export type Planned = FleetPlan & { taken: LostAccess[]; users: UserKey[] };
export type PlanFleet = ReturnType<typeof planFleet>;

const readsAtOnce = 16;

export function planFleet(deps: PlanDependencies) {
  return async (supposed: PlanAssumptions): Promise<Planned> => {
    const [sources, enrolments] = await Promise.all([
      readPlannedSources(deps, supposed),
      supposed.enrolments ?? deps.enrolments.all(),
    ]);
    const now = deps.now();
    const count = new Map([...sources.keys()].map((id) => [id, 0]));
    const names = nameBook();
    const outcomes = new Map<string, { key: UserKey; outcome: UserOutcome }>();

    async function take(users: readonly FleetUser[], named: (key: UserKey) => readonly string[]): Promise<void> {
      const decided: DecidedDevice[][] = [];
      for (const one of users) {
        const source = sources.get(one.key.sourceId);
        const readers: InputReaders = {
          enrolments,
          now: () => now,
          users: {
            async travelerUsersNamed(sourceId, name) {
              names.request(sourceId, name);
              return [...named(one.key)];
            },
          },
        };
        decided.push(source ? await decideFleetUser(one, source, readers) : []);
      }
      const found = await outcomesOf(deps.ledger, decided, now);
      found.forEach((outcome, index) => {
        const { key } = users[index] as FleetUser;
        const text = `${key.sourceId}|${key.user}`;
        if (outcome.differs || outcome.taken.length > 0) outcomes.set(text, { key, outcome });
        else outcomes.delete(text);
      });
    }

    await deps.fleet.eachUsers([...sources.keys()], async (users) => {
      const withDevices = users.filter(({ user }) => user.devices.length > 0);
      for (const { key, user } of withDevices) {
        names.note(key);
        count.set(key.sourceId, (count.get(key.sourceId) ?? 0) + registered(user.devices).length);
      }
      await take(withDevices, ({ user }) => [user]);
    });
    for (const { sourceId, users } of names.shared()) {
      const read = async (user: string) => ({ key: { sourceId, user }, user: await deps.users.readUser({ sourceId, user }) });
      await take(await pMap(users, read, { concurrency: readsAtOnce }), () => users);
    }
    return summed(count, [...outcomes.values()]);
  };
}

async function decideFleetUser({ key, user }: FleetUser, source: PlannedSource, readers: InputReaders): Promise<DecidedDevice[]> {
  const { context, asRecorded } = source;
  const devices = [...asRecorded(registered(user.devices))];
  if (devices.length === 0) return [];
  const input = await readInput(readers, key, { user: { ...user, devices }, context });
  return decideUser(devices, input, context.state);
}

/** The users of each name at each source, and the names that a decision depended on. */
function nameBook() {
  const users = new Map<string, string[]>();
  const wanted = new Set<string>();
  const text = (sourceId: string, name: string) => `${sourceId}|${name}`;
  return {
    note({ sourceId, user }: UserKey): void {
      const name = text(sourceId, commonName(user).toLowerCase());
      const known = users.get(name);
      if (known) known.push(user);
      else users.set(name, [user]);
    },
    request: (sourceId: string, name: string): void => void wanted.add(text(sourceId, name)),
    shared: (): { sourceId: string; users: string[] }[] =>
      [...wanted].flatMap((name) => {
        const found = users.get(name) ?? [];
        return found.length > 1 ? [{ sourceId: name.slice(0, name.indexOf('|')), users: found }] : [];
      }),
  };
}

function summed(count: ReadonlyMap<string, number>, outcomes: readonly { key: UserKey; outcome: UserOutcome }[]): Planned {
  const changes = inOrder(outcomes.flatMap(({ outcome }) => outcome.changes));
  const taken = outcomes.flatMap(({ outcome }) => outcome.taken);
  const affected = Map.groupBy(taken, ({ device }) => device.sourceId);
  const takings = [...count].map(([id, devices]): [string, AccessLoss] => [
    id,
    { affected: affected.get(id)?.length ?? 0, devices },
  ]);
  return {
    changes,
    perRule: perRule(changes),
    takings: Object.fromEntries(takings),
    taken,
    users: outcomes.flatMap(({ key, outcome }) => (outcome.differs ? [key] : [])),
  };
}
