/**
 * How each message of a relay is processed. The function is stateless: a message is stored or put in a queue first, and only then
 * acknowledged, so that the relay sends it again after a crash in between; ids derive from the cause, so this is idempotent.
 */
import { resultOutgoing } from '#adapters/action-queue';
import { fingerprint } from '#adapters/fingerprint';
import { readToCloud, type ToCloud } from '#domain/relay/relay-protocol';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';
import { hello } from './hello.ts';
import { onLease, releaseLease, sendToConnection } from './lease.ts';
import { noteProgress, storeLastPart, storePart } from './relayed-run.ts';
import { gatherRequests, resumeSource } from './resume-source.ts';
import { recordSettingsResult } from './settings-result.ts';

type Take<T extends ToCloud['type']> = (
  deps: RelaySocketDependencies,
  peer: Peer,
  message: Extract<ToCloud, { type: T }>,
) => Promise<'acknowledge' | 'done'>;

export async function receive(deps: RelaySocketDependencies, peer: Peer, text: string | null): Promise<void> {
  const read = readToCloud(text);
  const { relayId, sourceId } = peer;
  if (read.read !== 'message') {
    deps.ignored();
    return read.read === 'unknown'
      ? deps.log('info', 'A message of an unknown type was ignored', { relayId, sourceId, type: read.type })
      : deps.log('warn', 'A message could not be read', { relayId, sourceId, why: read.why });
  }
  const { message } = read;
  const relay = await deps.relays.read(relayId);
  if (relay === null || relay.revokedAt !== null) return deps.cut(peer.connectionId);
  if ((await take(deps, peer, message)) === 'acknowledge')
    await sendToConnection(deps, peer.connectionId, { type: 'ack', acks: [message.n] });
}

function take<T extends ToCloud['type']>(deps: RelaySocketDependencies, peer: Peer, message: Extract<ToCloud, { type: T }>) {
  const taking: Take<T> = takes[message.type as T];
  return taking(deps, peer, message);
}

const takes: { [T in ToCloud['type']]: Take<T> } = {
  hello: async (deps, peer, message) => {
    await hello(deps, peer, message);
    return 'done';
  },
  ping: async (deps, peer, { n, fence, problems }) => {
    const [{ lease, fresh }] = await Promise.all([
      onLease(deps, peer, { fence }),
      deps.relays.updateConnected(peer.relayId, peer.connectionId, { lastHeardAt: deps.now(), problems }),
    ]);
    await sendToConnection(deps, peer.connectionId, { type: 'pong', answers: n, lease });
    if (fresh) await resumeSource(deps, peer, { fresh });
    return 'done';
  },
  gatherBegin: storePart,
  gatherPart: storePart,
  gatherEnd: storeLastPart,
  gatherFailed: storeLastPart,
  gatherProgress: async (deps, { sourceId }, message) => {
    await noteProgress(deps, sourceId, message);
    return 'done';
  },
  actionResult: async (deps, { sourceId, relayId }, { actionId, target, n, attempt, outcome, took, fence }) => {
    const result = { relayId, n, fence, attempt, outcome, took };
    await deps.actions.send([resultOutgoing({ ...target, sourceId }, actionId, result)]);
    return 'acknowledge';
  },
  settingsResult: async (deps, { sourceId }, { wishId, outcome }) => {
    if (outcome.how === 'failed') await recordSettingsResult(deps, sourceId, { wishId, problem: outcome.problem });
    // The gather that follows reads what the server has now, and continues from there.
    else await gatherRequests(deps)({ sourceId, reason: 'settings', requestedAt: deps.now(), unique: fingerprint(wishId) });
    return 'acknowledge';
  },
  ack: async (deps, { sourceId }, { acks }) => {
    await deps.leases.acknowledge(sourceId, acks.length);
    return 'done';
  },
  goodbye: async (deps, peer, { reason }) => {
    if (reason !== 'hand-over') await releaseLease(deps, peer);
    return 'done';
  },
};
