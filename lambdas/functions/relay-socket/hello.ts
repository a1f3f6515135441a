/** The first message of a relay on each connection (its identity, protocol and gather digest), and the response to it. */

import { connectedLine } from '#domain/relay/relay-lines';
import { closeCodes, protocol, type ToCloud } from '#domain/relay/relay-protocol';
import { wasThere } from './connection.ts';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';
import { onLease, sendToConnection } from './lease.ts';
import { resumeSource } from './resume-source.ts';

type Hello = Extract<ToCloud, { type: 'hello' }>;

export async function hello(deps: RelaySocketDependencies, peer: Peer, message: Hello): Promise<void> {
  if (message.relayId !== peer.relayId || message.sourceId !== peer.sourceId)
    return dismiss(deps, peer, { code: closeCodes.enrolAgain, reason: notThisOne });
  if (message.protocol < protocol.oldest) return dismiss(deps, peer, { code: closeCodes.tooOld, reason: tooOld(message) });
  const now = deps.now();
  const { version, hostname, platform, reads, acts, problems } = message.facts;
  const spoken = Math.min(protocol.current, message.protocol);
  const before = await deps.relays.update(peer.relayId, {
    ...{ version, hostname, platform, reads, acts, problems, protocol: spoken },
    ...{ connectionId: peer.connectionId, connectedAt: now, lastHeardAt: now },
  });
  if (before === null) return dismiss(deps, peer, { code: closeCodes.enrolAgain, reason: revoked });
  if (!wasThere(before, now)) await deps.timeline.appendToSource(peer.sourceId, [connectedLine({ ...before, hostname }, now)]);
  const { lease, mine, fresh } = await onLease(deps, peer, { fence: null });
  const [proof, source] = await Promise.all([
    deps.prove({ relayId: peer.relayId, challenge: message.challenge, at: now }),
    deps.sources.read(peer.sourceId),
  ]);
  const known = message.gatherDigest !== null && message.gatherDigest === source.relayDigest;
  const advice = message.protocol < protocol.current ? outdated(message) : null;
  await sendToConnection(deps, peer.connectionId, {
    type: 'welcome',
    protocol: spoken,
    lease,
    wants: known ? 'delta' : 'full',
    proof,
    advice,
  });
  if (mine) await resumeSource(deps, peer, { fresh });
}

async function dismiss(
  deps: RelaySocketDependencies,
  { relayId, sourceId, connectionId }: Peer,
  { code, reason }: { code: number; reason: string },
): Promise<void> {
  deps.log('warn', 'A relay was sent away', { relayId, sourceId, code, reason });
  await sendToConnection(deps, connectionId, { type: 'goodbye', code, reason });
  await deps.cut(connectionId);
}

const notThisOne = 'This relay is not the one that its key belongs to. Enrol it again with a new token from the console.';
const revoked = 'This relay was revoked. Enrol it again with a new token from the console if it is still wanted.';
const tooOld = (hello: Hello): string =>
  `This relay (${hello.facts.version}) speaks protocol ${hello.protocol}; the cloud needs ${protocol.oldest} or newer. Install the present release of the relay; its identity and journal stay.`;
const outdated = (hello: Hello): string =>
  `This relay (${hello.facts.version}) is a release behind the cloud. It works on; install the present release when it suits.`;
