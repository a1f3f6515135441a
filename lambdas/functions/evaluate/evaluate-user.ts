/**
 * One user at one source: read, decide, write, send. Each device is written only while it is unchanged since it was read; what
 * changed in between is read again. Nothing is written when nothing changed.
 *
 * A verdict that replaces another is followed by one more round: if its inputs were older than those of a concurrent evaluation
 * that found nothing to change, that round corrects it.
 */
import pMap from 'p-map';
import { actionOutgoing } from '#adapters/action-queue';
import type { LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { UserRecord, VerdictWrite } from '#adapters/dynamodb/devices/users';
import type { Outgoing } from '#adapters/queues';
import type { UserKey } from '#domain/devices/device';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { overtakenAction, type PlannedAction } from '#domain/quarantine/plan-actions';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';
import { newAction } from '#use-cases/decide-user/aq-actions';
import { digestOf, readInput, registered } from '#use-cases/decide-user/decide-inputs';
import { type DecidedDevice, decideUser } from '#use-cases/decide-user/decide-user';
import { isSameVerdict } from '#use-cases/decide-user/same-verdict';
import { readSourceContext, type SourceContext, type SourceContextReader } from '#use-cases/decide-user/source-context';
import type { EvaluateDependencies } from './dependencies.ts';
import { cancel, due, readOpenActions, stillOpen, withDenialsInFlight } from './open-actions.ts';
import { recheckNewDevice } from './recheck-new-device.ts';
import { verdictWrite } from './verdict-write.ts';

const rounds = 10;
const backoff: BackoffPolicy = { firstMs: 5, longestMs: 2_560, jitter: 'full' };
const devicesAtOnce = 8;

type Round = {
  context: SourceContext;
  input: DecideInput;
  open: Map<string, LedgerAction>;
  /** The first round of a message requests actions without checking whether they are known: they rarely are. */
  first: boolean;
  /** One of many users evaluated for the same cause. */
  bulk: true | undefined;
};
type Start = Pick<Round, 'context' | 'first' | 'bulk'> & { user: UserRecord; send: (messages: Outgoing[]) => Promise<void> };
/** `known`: an action with the same cause is already in the ledger. */
type Written =
  | { outcome: 'same' }
  | { outcome: 'overtaken' | 'known' }
  | { outcome: 'written'; replaced: boolean; send: Outgoing[] };

export function evaluateUser(deps: EvaluateDependencies) {
  /** `contexts`: shared by the batch, for the first round. Throws when the user changes faster than it can be decided. */
  return async (key: UserKey, { contexts, bulk }: { contexts: SourceContextReader; bulk?: true | undefined }): Promise<void> => {
    const sent = new Set<string | undefined>();
    const send = async (messages: readonly Outgoing[]) => {
      const fresh = messages.filter(({ deduplication }) => !sent.has(deduplication));
      if (fresh.length > 0) await deps.actions.send(fresh);
      for (const { deduplication } of fresh) sent.add(deduplication);
    };
    for (let round = 0; round < rounds; round++) {
      const first = round === 0;
      const [context, user] = await Promise.all([
        first ? contexts(key.sourceId) : readSourceContext(deps, key.sourceId),
        deps.users.readUser(key),
      ]);
      if (!context || (await once(deps, key, { user, context, first, bulk, send })) === 'settled') return;
      await deps.pause(backoffMs(backoff, round + 1, deps.random()));
    }
    throw new Error(`A user of ${key.sourceId} changed ${rounds} times while being evaluated. The message comes again.`);
  };
}

async function once(
  deps: EvaluateDependencies,
  key: UserKey,
  { user, context, first, bulk, send }: Start,
): Promise<'settled' | 'once more'> {
  const devices = registered(user.devices);
  if (user.devices.length === 0) return 'settled';
  const [stored, open] = await Promise.all([readInput(deps, key, { user, context }), readOpenActions(deps, user.devices)]);
  const input = withDenialsInFlight(stored, open.values());
  const decided = decideUser(devices, input, context.state);
  const round = { context, input, open, first, bulk };
  await recheckNewDevice(deps, key, { decided, bulk });
  const written = await pMap(decided, (one) => record(deps, one, round), { concurrency: devicesAtOnce });
  await send([
    ...due(open.values(), { now: input.now, devices: user.devices }),
    ...written.flatMap((one) => (one.outcome === 'written' ? one.send : [])),
  ]);
  return written.every((one) => one.outcome === 'same' || (one.outcome === 'written' && !one.replaced)) ? 'settled' : 'once more';
}

async function record(deps: EvaluateDependencies, decided: DecidedDevice, round: Round): Promise<Written> {
  const { device, facts, verdict, planned, held } = decided;
  const { now } = round.input;
  const shown = stillOpen(device, { open: round.open, now });
  const overtaken = shown && overtakenAction(facts, verdict) === shown.actionId ? round.open.get(shown.actionId) : undefined;
  const cancelled =
    overtaken && (await cancel(deps, overtaken, { why: `No longer wanted: ${verdict.verdict} by ${verdict.rule}.`, now }));
  if (cancelled === 'overtaken') return { outcome: 'overtaken' };
  if (cancelled === 'cancelled' && overtaken) round.open.delete(overtaken.actionId);
  const openAction = cancelled === 'cancelled' ? stillOpen(device, { open: round.open, now }) : shown;
  // The action that waited behind the cancelled one may be just what is wanted: a new one would supersede it.
  const wanted = planned && openAction?.type !== planned.type ? planned : null;
  const write = verdictWrite(device, {
    verdict,
    held,
    action: wanted ? await wantedAction(deps, decided, { planned: wanted, round }) : null,
    openAction,
    settingsVersion: round.context.settings.version,
    digest: () => digestOf(round.input),
    now,
  });
  return write ? put(deps, write) : { outcome: 'same' };
}

/** Looks for a known action only when one is likely: the verdict is unchanged, or this is not the first round. */
function wantedAction(
  deps: EvaluateDependencies,
  { device, verdict }: DecidedDevice,
  { planned, round }: { planned: PlannedAction; round: Round },
) {
  const likelyKnown = !round.first || isSameVerdict(device, verdict);
  return newAction(deps, device, { planned, now: round.input.now, bulk: round.bulk, look: likelyKnown });
}

async function put(deps: EvaluateDependencies, write: VerdictWrite): Promise<Written> {
  const outcome = await deps.users.recordVerdict(write);
  if (outcome !== 'written') return { outcome };
  const { action, before, entries } = write;
  return {
    outcome,
    replaced: before.verdict !== null && entries.some(({ kind }) => kind === 'verdict'),
    send: action ? [actionOutgoing(action)] : [],
  };
}
