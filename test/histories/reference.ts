/**
 * What a Traveler server's log of writes must read after a history of requests, by the rules of actions.md alone: no queue, no
 * ledger, no clock. Where the order of two requests is left open (one had to wait for the server and the other overtook it),
 * every order is followed, and the log must be one of those.
 */
import type { ActionType } from '#domain/actions/action';

export type Effect = 'approve' | 'block' | 'wipe' | 'cancel' | 'remove';
export type Asked = { id: string; type: ActionType };
/** `gone-out`: a wipe that the server has, and the phone not yet. */
type Open = Asked & { phase: 'waiting' | 'gone-out' };
export type World = {
  log: readonly Effect[];
  present: boolean;
  /** As the server shows it. */
  admission: 'pending' | 'approved' | 'denied';
  wipe: 'none' | 'pending' | 'wiped';
  /** The device supports it. */
  canWipe: boolean;
  /** Our own block is remembered: a cancelled wipe restores it where it is missing. */
  blocked: boolean;
  open: readonly Open[];
};

export const newPhone = (): World => ({
  log: [],
  present: true,
  admission: 'pending',
  wipe: 'none',
  canWipe: false,
  blocked: false,
  open: [],
});

/** A newer request supersedes an older one that has not been sent (actions.md). */
const supersedes: Record<ActionType, readonly ActionType[]> = {
  approve: ['approve', 'block'],
  block: ['approve', 'block'],
  remove: ['approve', 'block'],
  wipe: ['cancel-wipe'],
  'cancel-wipe': ['wipe'],
};

export function ask(world: World, asked: Asked): World {
  const left = world.open.filter(({ phase, type }) => phase === 'gone-out' || !supersedes[asked.type].includes(type));
  return { ...world, open: [...left, { ...asked, phase: 'waiting' }] };
}

/**
 * Everything that can be sent has been. `inOrder`: nothing made a request wait, so they were sent in the order of arrival. One
 * that has to wait for another has left the queue, and what arrives after it may go before it
 * (docs/decisions/0007-waiting-actions.md).
 */
export function rest(world: World, { inOrder }: { inOrder: boolean }): World[] {
  const waiting = world.open.filter(({ phase }) => phase === 'waiting');
  const runnable = waiting.filter((one) => !mustWait(world, one));
  if (runnable.length === 0) return [world];
  const stillInOrder = inOrder && runnable[0] === waiting[0];
  const first = inOrder ? runnable.slice(0, 1) : runnable;
  return distinct(first.flatMap((one) => rest(carryOut(world, one), { inOrder: stillInOrder })));
}

/** A wipe goes first: a device that is blocked, or gone, cannot fetch it. What finds no record waits for a gather. */
function mustWait({ present, wipe, open }: World, { type, id }: Open): boolean {
  if (!present) return type === 'approve' || type === 'block' || type === 'cancel-wipe';
  if (type === 'wipe' || type === 'cancel-wipe') return false;
  return wipe === 'pending' || open.some((other) => other.type === 'wipe' && other.id !== id);
}

function carryOut(world: World, one: Open): World {
  const ended = { ...world, open: world.open.filter(({ id }) => id !== one.id) };
  const wrote = (effect: Effect, change: Partial<World>): World => ({ ...ended, ...change, log: [...ended.log, effect] });
  // The record is gone: removed already, and nothing to wipe.
  if (!world.present) return ended;
  switch (one.type) {
    case 'approve':
      return world.admission === 'approved' ? ended : wrote('approve', { admission: 'approved', blocked: false });
    case 'block':
      return world.admission === 'denied' ? ended : wrote('block', { admission: 'denied', blocked: true });
    case 'remove':
      return wrote('remove', { present: false, wipe: 'none' });
    case 'wipe':
      if (!world.canWipe || world.wipe === 'wiped') return ended;
      return world.wipe === 'pending' ? sent(world, one) : sent({ ...world, wipe: 'pending', log: [...world.log, 'wipe'] }, one);
    case 'cancel-wipe': {
      const lifted: World = { ...ended, wipe: 'none', open: ended.open.filter(({ phase }) => phase !== 'gone-out') };
      const log: Effect[] = [...world.log, ...(world.wipe === 'none' ? [] : (['cancel'] as const))];
      return world.blocked && world.admission !== 'denied'
        ? { ...lifted, admission: 'denied', log: [...log, 'block'] }
        : { ...(world.wipe === 'none' ? ended : lifted), log };
    }
  }
}

const sent = (world: World, { id }: Open): World => ({
  ...world,
  open: world.open.map((one) => (one.id === id ? { ...one, phase: 'gone-out' } : one)),
});

/** The phone carries out the wipe that it has fetched. */
export const phoneWiped = (world: World): World =>
  world.wipe === 'pending' ? { ...world, wipe: 'wiped', open: world.open.filter(({ phase }) => phase !== 'gone-out') } : world;

/** A gather reads the server: what was meant for a device that is gone ends. */
export const gathered = (world: World): World => (world.present ? world : { ...world, open: [] });

/** The phone disappears from the server, by an administrator's hand. */
export const lost = (world: World): World => ({ ...world, present: false, wipe: 'none' });

/**
 * It registers again under the same id. What was requested for the registration before never reaches it; `unnoticed`: no gather
 * saw it gone, so that what does no harm (everything but a wipe) may still be applied to this one.
 */
export function setUpAgain(world: World, { unnoticed }: { unnoticed: boolean }): World[] {
  const fresh = { ...newPhone(), canWipe: world.canWipe, log: world.log };
  if (!unnoticed) return [fresh];
  const harmless = world.open.filter(({ type }) => type !== 'wipe');
  return distinct(
    [[], harmless].flatMap((open) => [false, world.blocked].map((blocked): World => ({ ...fresh, open, blocked }))),
  );
}

export function distinct(worlds: readonly World[]): World[] {
  return [...new Map(worlds.map((world) => [JSON.stringify(world), world])).values()];
}
