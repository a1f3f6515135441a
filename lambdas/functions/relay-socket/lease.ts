/**
 * The lease of a source: renewed by its holder's pings, acquired by another relay's pings when it is free, released at a goodbye.
 */
import { passingNumber, quietMs } from '#adapters/relay-link';
import { relayState } from '#domain/relay/relay-identity';
import { heartbeat, type Lease, type ToRelay } from '#domain/relay/relay-protocol';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';

type Unnumbered = ToRelay extends infer M ? (M extends { n: number } ? Omit<M, 'n'> : never) : never;

/** Sends a message that is repeated anyway, or matters only now. A connection that is gone is not an error. */
export async function sendToConnection(
  { post, now, random }: Pick<RelaySocketDependencies, 'post' | 'now' | 'random'>,
  connectionId: string,
  message: Unnumbered,
): Promise<void> {
  await post(connectionId, JSON.stringify({ ...message, n: passingNumber(now(), random()) }));
}

export type OnLease = { lease: Lease; mine: boolean /** Taken just now, from another or from nobody. */; fresh: boolean };

/** Renews the lease that this relay holds (by `fence`), or takes a free one; otherwise returns that of the holder. */
export async function onLease(
  { leases, timeline, now }: Pick<RelaySocketDependencies, 'leases' | 'timeline' | 'now'>,
  { sourceId, relayId, connectionId }: Peer,
  { fence }: { fence: number | null },
): Promise<OnLease> {
  const at = now();
  const lengthMs = heartbeat.leaseMs;
  const holder = { relayId, connectionId };
  if (fence !== null && (await leases.renew(sourceId, { ...holder, fence }, { now: at, lengthMs })))
    return { lease: { held: true, fence, until: at + lengthMs, now: at }, mine: true, fresh: false };
  const acquired = await leases.take(sourceId, holder, { now: at, lengthMs });
  if (acquired !== null) {
    const fresh = acquired.since === at;
    if (fresh) await timeline.appendToSource(sourceId, [acquiredLine({ relayId, fence: acquired.fence, at })]);
    return { lease: { held: true, fence: acquired.fence, until: acquired.until, now: at }, mine: true, fresh };
  }
  const others = await leases.read(sourceId);
  return { lease: { held: false, fence: others?.fence ?? 0, until: others?.until ?? at, now: at }, mine: false, fresh: false };
}

const acquiredLine = ({ relayId, fence, at }: { relayId: string; fence: number; at: number }) => ({
  at,
  id: `relay-lease|${relayId}|${fence}`,
  kind: 'notice' as const,
  says: `Relay ${relayId} reads and acts on this source from now on (lease ${fence}).`,
  data: { relayId, fence },
});

/** After a holder's goodbye the other relays need not wait until its lease expires. */
export async function releaseLease(deps: RelaySocketDependencies, { sourceId, relayId }: Peer): Promise<void> {
  const now = deps.now();
  if (!(await deps.leases.release(sourceId, relayId, { now }))) return;
  const waiting = (await deps.relays.list()).filter(
    (one) => one.sourceId === sourceId && one.relayId !== relayId && relayState(one, { now, quietMs }) === 'connected',
  );
  const lease = { held: false, fence: 0, until: now, now };
  await Promise.all(
    waiting.map(({ connectionId }) =>
      connectionId === null ? null : sendToConnection(deps, connectionId, { type: 'lease', lease }),
    ),
  );
}
