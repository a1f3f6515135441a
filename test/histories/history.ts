/**
 * One random history of one phone, run by the real code on a real database and a simulated server: rounds of requests (several at
 * once, repeated, killed and requested again, under a used id), worked off while the server has its faults and workers are killed
 * at random places of any await; between rounds the phone obeys, disappears, or is set up again. After each round the server's
 * own log of writes must be what the reference says.
 */

import { evaluationsQueue } from '#adapters/evaluations-queue';
import type { ActionType } from '#domain/actions/action';
import type { ActionRequested } from '#domain/messages/events-in';
import type { FaultInput } from '#infra/simulators/traveler/faults';
import { killedAt } from '#test/fixtures/crashing';
import { type Spine, sourceId } from '#test/fixtures/spine';
import { requestAction } from '#use-cases/actions/request-action';
import { type Random, randomOf } from './random.ts';
import { ask, distinct, type Effect, gathered, lost, newPhone, phoneWiped, rest, setUpAgain, type World } from './reference.ts';

export type Totals = { requests: number; kills: number; effects: number };
const visibilityMs = 120_000;
const types = ['approve', 'block', 'remove', 'wipe', 'cancel-wipe'] as const;
export const wipesDevice = new Set(['1', '3', '5']);

export type Phone = { user: string; deviceId: string };
type Life = { spine: Spine; random: Random; phone: Phone; trace: string[]; totals: Totals; seed: number };

/** Throws, with all that happened and the seed, when the server's log is not one of those that the reference allows. */
export async function runHistory(spine: Spine, seed: number): Promise<Totals> {
  const random = randomOf(seed);
  const phone = { user: `History ${seed}/Acme`, deviceId: `ApplHISTORY${seed}` };
  const life: Life = { spine, random, phone, trace: [], totals: { requests: 0, kills: 0, effects: 0 }, seed };
  spine.simulator.setFaults([]);
  await spine.sources.update(sourceId, { problem: null, retryAt: null, pause: null });
  spine.simulator.arrive(phone.user, phone);
  await gather(life);
  let worlds = [newPhone()];
  for (let round = 0, rounds = random.between(2, 5); round < rounds; round++) {
    // What waits, or must wait for a wipe that has been sent, may be overtaken: it has no message in the queue.
    const orderly = worlds.every(({ open }) => open.length === 0);
    const canWipe = wipesDevice.has((await spine.device(phone)).detail?.wipeTypes ?? '');
    worlds = worlds.map((world) => ({ ...world, canWipe }));
    for (let asked = 0, all = random.between(1, 3); asked < all; asked++)
      worlds = await request(life, worlds, `${round} ${asked}`);
    const undisturbed = random.chance(0.3);
    if (!undisturbed) await disturbed(life);
    spine.simulator.setFaults([]);
    await spine.runUntilIdle({ forMs: 600_000 });
    worlds = matching(
      life,
      worlds.flatMap((world) => rest(world, { inOrder: undisturbed && orderly })),
    );
    worlds = await meanwhile(life, worlds);
  }
  life.totals.effects = effectsOf(life).length;
  return life.totals;
}

async function gather({ spine, phone }: Life): Promise<void> {
  await spine.gather(phone.user);
  await spine.runUntilIdle({ forMs: 600_000 });
}

/** Requests, perhaps twice; perhaps killed while requesting and requested again; perhaps with other content under the same id. */
async function request({ spine, random, phone, trace, totals, seed }: Life, worlds: World[], name: string): Promise<World[]> {
  const type: ActionType = random.pick(types);
  const actionId = `${seed} ${name} ${type}`;
  const requested = requestFor(spine, phone, { type, actionId });
  trace.push(`asked: ${name} ${type}`);
  totals.requests += 1;
  if (random.chance(0.3)) {
    const { killPoint, wrap } = killedAt(random.between(1, 16));
    await asking(
      spine,
      wrap,
    )(requested).catch((error: unknown) => {
      if (!killPoint.died()) throw error;
      trace.push(`killed while asking, ${killPoint.where()}; asked again`);
      totals.kills += 1;
    });
  }
  for (let times = random.chance(0.3) ? 2 : 1; times > 0; times--) {
    const { outcome } = await asking(spine)(requested);
    if (outcome !== 'accepted') throw new Error(`${actionId} was ${outcome}`);
  }
  if (random.chance(0.1)) {
    const other = await asking(spine)({ ...requested, reason: 'something else' });
    if (other.outcome !== 'refused') throw new Error(`${actionId} was taken with another content`);
  }
  return worlds.map((world) => ask(world, { id: actionId, type }));
}

/** What a person requests, a moment after the previous request. */
export function requestFor(
  { clock }: Spine,
  phone: Phone,
  { type, actionId }: Pick<ActionRequested, 'type' | 'actionId'>,
): ActionRequested {
  return {
    actionId,
    type,
    target: { sourceId, ...phone },
    requestedAt: ++clock.now,
    requestedBy: { kind: 'person', name: 'ann' },
    ...(type === 'wipe' ? { wipe: ['device'] } : {}),
  };
}

export function asking(spine: Spine, wrap: <T extends object>(target: T, name: string) => T = (target) => target) {
  const dependencies = {
    findDevice: spine.actDependencies.devices.read,
    ledger: spine.ledger,
    // Not kept as decisions: Auto-Quarantine would carry those out by its own rules.
    decisions: { record: async () => 'standing' as const },
    actionQueue: spine.actions,
    evaluations: evaluationsQueue(spine.evaluations),
    now: () => spine.clock.now,
  };
  return requestAction(wrap(dependencies, 'request'));
}

const faults = [
  [],
  [{ kind: 'status', code: 503, on: 'detail', times: 1 }],
  [{ kind: 'status', code: 503, on: 'write', times: 2 }],
  [{ kind: 'status', code: 429, retryAfter: '7', on: 'write', times: 1 }],
  [{ kind: 'status', code: 449, on: 'detail', times: 2 }],
  [{ kind: 'lost-answer', on: 'write', times: 1 }],
  [{ kind: 'lost-answer', on: 'detail', times: 1 }],
  [{ kind: 'cut-body', on: 'any', times: 1 }],
  [{ kind: 'empty-body', on: 'write', times: 1 }],
  [{ kind: 'malformed-json', on: 'detail', times: 1 }],
  [
    { kind: 'lost-answer', on: 'write', times: 1 },
    { kind: 'status', code: 503, on: 'detail', times: 2 },
  ],
] satisfies [FaultInput[], ...FaultInput[][]];

/** Several processes work off what waits; each may be killed at any await, and its messages are redelivered, perhaps at once. */
async function disturbed({ spine, random, trace, totals }: Life): Promise<void> {
  for (let turn = 0, turns = random.between(1, 4); turn < turns; turn++) {
    const struck: FaultInput[] = random.pick(faults);
    spine.simulator.setFaults(struck);
    const { killPoint, wrap } = killedAt(random.chance(0.7) ? random.between(1, 45) : Number.POSITIVE_INFINITY);
    const [evaluate, act] = [wrap(spine.evaluateDependencies, 'evaluate'), wrap(spine.actDependencies, 'act')];
    const again = random.chance(0.2) ? 0 : visibilityMs;
    const works = [
      ...spine.evaluations
        .take(spine.clock.now, again)
        .map((one) => ({ one, done: spine.perform.evaluation(one.body, evaluate) })),
      ...spine.actions.take(spine.clock.now, again).map((one) => ({ one, done: spine.perform.action(one, act) })),
    ];
    const ended = await Promise.allSettled(works.map(({ done }) => done));
    ended.forEach((result, index) => {
      // Sometimes the answer of a batch is lost: what was done is redelivered.
      if (result.status === 'fulfilled' && !random.chance(0.1)) works[index]?.one.delete();
      if (result.status === 'rejected' && !killPoint.died()) throw result.reason;
    });
    if (killPoint.died()) totals.kills += 1;
    trace.push(
      `worked on ${works.length}, faults ${JSON.stringify(struck)}${killPoint.died() ? `, killed ${killPoint.where()}` : ''}`,
    );
    spine.clock.now += random.between(0, 200_000);
  }
}

/** What happens to the phone before the next round, and a gather that may see it. */
async function meanwhile(life: Life, worlds: World[]): Promise<World[]> {
  const { spine, random, phone, trace } = life;
  const there = spine.simulator.find(phone.user, phone.deviceId);
  const event = random.pick(['nothing', 'nothing', 'wiped', 'wiped', 'lost', 'swapped']);
  trace.push(`then: ${there ? event : 'gone, set up anew'}`);
  let next = worlds;
  if (there && event === 'wiped') {
    spine.simulator.completeWipe(there);
    next = next.map(phoneWiped);
  }
  if (there && (event === 'lost' || event === 'swapped')) {
    spine.simulator.removeDevice(there);
    next = next.map(lost);
  }
  if (there && event === 'swapped') {
    spine.simulator.arrive(phone.user, phone);
    next = next.flatMap((world) => setUpAgain(world, { unnoticed: true }));
  }
  await gather(life);
  next = matching(
    life,
    next.map(gathered).flatMap((world) => rest(world, { inOrder: false })),
  );
  if (spine.simulator.find(phone.user, phone.deviceId)) return next;
  spine.clock.now += 1000;
  spine.simulator.arrive(phone.user, phone);
  await gather(life);
  return matching(
    life,
    next.flatMap((world) => setUpAgain(world, { unnoticed: false })),
  );
}

/** The server's own log of what it did to one phone. */
export const effectsOf = ({ spine, phone }: Pick<Life, 'spine' | 'phone'>): Effect[] =>
  spine.simulator.effects
    .filter(({ applied, device }) => applied && device?.user === phone.user && device.deviceId === phone.deviceId)
    .map(({ method, body }) => (method === 'DELETE' ? 'remove' : effectOf(body as Record<string, unknown>)));

function effectOf(body: Record<string, unknown>): Effect {
  if (body.requested_wipe_options === '') return 'cancel';
  if (body.requested_wipe_options !== undefined) return 'wipe';
  if (body.approval_policy === 2) return 'approve';
  if (body.approval_policy === 8) return 'block';
  throw new Error(`The server was written to as nobody asked: ${JSON.stringify(body)}`);
}

/** The worlds whose log is the server's; one at least. */
function matching(life: Life, allowed: World[]): World[] {
  const actual = JSON.stringify(effectsOf(life));
  const left = distinct(allowed).filter(({ log }) => JSON.stringify(log) === actual);
  if (left.length > 0) return left;
  const wanted = [...new Set(allowed.map(({ log }) => JSON.stringify(log)))].join(' or ');
  throw new Error(`Seed ${life.seed}: the server's log is ${actual}, wanted ${wanted}.\n  ${life.trace.join('\n  ')}`);
}
