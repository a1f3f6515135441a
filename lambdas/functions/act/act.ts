/** Carries out one action: reads what is stored, and runs the attempt from there. */
import { isFinal } from '#domain/actions/transitions';
import type { ActionMessage } from '#domain/messages/queue-messages';
import type { ActResult } from '#use-cases/actions/end-action';
import { carryOut } from './attempt-loop.ts';
import type { ActDependencies, Slots, Try } from './dependencies.ts';
import { observedByRelay } from './relay-result.ts';
import { isStaleWipeCancel } from './send-to-relay.ts';

/**
 * `queuedAt`: when the message entered the queue; `until`: when this worker ends at the latest. Epoch ms. `slots`: limits the
 * requests to its source; null when the source has no free slot: what needs no request is still done, and the action waits.
 */
export type Delivery = { queuedAt: number; until: number; slots?: Slots | null };

const unbounded: Slots = (request) => request();

/** How often one message starts over because another writer changed the action in between. */
const rounds = 5;
/** A worker with less time left starts no attempt: it could be interrupted in the middle. */
const longestAttemptMs = 30_000;

/** Throws when nothing can be decided (a store cannot be reached): the message is then redelivered. */
export function act(deps: ActDependencies) {
  return async (message: ActionMessage, delivery: Delivery): Promise<void> => {
    for (let round = 0; round < rounds; round++) if ((await once(deps, message, delivery)) === 'done') return;
    throw new Error(`Action ${message.actionId} was written by others ${rounds} times in a row. Its message is redelivered.`);
  };
}

async function once(deps: ActDependencies, message: ActionMessage, delivery: Delivery): Promise<ActResult> {
  const [action, device, open, source] = await Promise.all([
    deps.ledger.read(message.actionId),
    deps.devices.read(message),
    deps.ledger.openOf(message, { except: message.actionId }),
    deps.sources.read(message.sourceId),
  ]);
  const { queuedAt, until, slots = unbounded } = delivery;
  if (!action && message.result && isStaleWipeCancel(message.actionId)) return 'done';
  if (!action) throw new Error(`Action ${message.actionId} is not in the ledger; it is put there before its message is sent`);
  const reach = deps.reach(action.sourceId);
  const stored = { action, device, open, source, tried: { what: 'nothing' as const } };
  const given = { reach, slots: slots ?? unbounded, queuedAt, until };
  if (message.result && device && !isFinal(action.state)) {
    const observed = observedByRelay(action, message.result, device);
    const held: Try = { ...given, reach: { how: 'relay' }, slots: unbounded, attempt: { ...stored, via: 'relay' } };
    return carryOut(deps, held, observed);
  }
  const connected = reach.how === 'relay' && (await deps.link.present(action.sourceId)) !== null;
  const capacity = slots !== null && until - deps.now() >= longestAttemptMs;
  return carryOut(deps, { ...given, attempt: { ...stored, via: reach.how } }, { saw: 'stored', connected, capacity });
}
