/**
 * Every three requests in a row, from every first state, without faults: what random histories meet rarely, the exact order, is
 * tried case by case. Nothing waits for the server here, so the reference allows one log only, unless a wipe has been sent.
 */
import { type ActionType, actionType } from '#domain/actions/action';
import type { Spine } from '#test/fixtures/spine';
import { asking, effectsOf, type Phone, requestFor, wipesDevice } from './history.ts';
import { ask, newPhone, phoneWiped, rest, type World } from './reference.ts';

/**
 * `before`: worked off one by one. `wiped`: the phone then carries out its wipe. `row`: all in the queue before any is worked
 * off.
 */
export type Row = { before: readonly ActionType[]; wiped: boolean; row: readonly ActionType[] };

const beginnings: Omit<Row, 'row'>[] = [
  { before: [], wiped: false },
  { before: ['block'], wiped: false },
  { before: ['wipe'], wiped: true },
  { before: ['block', 'wipe'], wiped: true },
  { before: ['wipe'], wiped: false },
  { before: ['block', 'wipe'], wiped: false },
];
const types = actionType.options;
const triples = types.flatMap((one) => types.flatMap((other) => types.map((third) => [one, other, third])));
export const allRows: Row[] = beginnings.flatMap((beginning) => triples.map((row) => ({ ...beginning, row })));

const briefly = { forMs: 600_000 };

/** The server's log after it, and those that the reference allows. */
export async function runRow(spine: Spine, { before, wiped, row }: Row): Promise<{ log: string; allowed: string[] }> {
  const name = `${before.join(' ')} ${wiped} ${row.join(' ')}`;
  const phone = { user: `Row ${name}/Acme`, deviceId: 'ApplROW' };
  spine.simulator.arrive(phone.user, { kind: 'ios-mail', deviceId: phone.deviceId });
  await gather(spine, phone);
  let worlds: World[] = [{ ...newPhone(), canWipe: wipesDevice.has((await spine.device(phone)).detail?.wipeTypes ?? '') }];
  for (const type of before) {
    worlds = await request(spine, worlds, { phone, type, id: `${name} before ${type}` });
    await spine.runUntilIdle(briefly);
    worlds = worlds.flatMap((world) => rest(world, { inOrder: true }));
  }
  if (wiped) {
    const there = spine.simulator.find(phone.user, phone.deviceId);
    if (there) spine.simulator.completeWipe(there);
    await gather(spine, phone);
    worlds = worlds.map(phoneWiped);
  }
  const inOrder = worlds.every(({ open }) => open.length === 0);
  for (const [nth, type] of row.entries()) worlds = await request(spine, worlds, { phone, type, id: `${name} ${nth}` });
  await spine.runUntilIdle(briefly);
  spine.forget();
  const allowed = worlds.flatMap((world) => rest(world, { inOrder })).map(({ log }) => log.join(', '));
  return { log: effectsOf({ spine, phone }).join(', '), allowed: [...new Set(allowed)] };
}

async function gather(spine: Spine, { user }: Phone): Promise<void> {
  await spine.gather(user);
  await spine.runUntilIdle(briefly);
}

async function request(
  spine: Spine,
  worlds: readonly World[],
  { phone, type, id }: { phone: Phone; type: ActionType; id: string },
): Promise<World[]> {
  const answer = await asking(spine)(requestFor(spine, phone, { type, actionId: id }));
  if (answer.outcome !== 'accepted') throw new Error(`${id} was refused: ${answer.because}`);
  return worlds.map((world) => ask(world, { id, type }));
}
