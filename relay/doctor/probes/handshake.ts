/**
 * The first messages between a relay and its cloud, as in `relay run`: the handshake with a signed statement, hello, and the
 * response. It ends with a goodbye, so that a lease granted with the welcome is released at once.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Dispatcher, request } from 'undici';
import { checkProof, connectStatement, type PrivateKey } from '#adapters/relay-identity';
import { type Lease, protocol, readToRelay, type ToCloud } from '#domain/relay/relay-protocol';
import type { RelayConfiguration } from '../../configuration/load.ts';
import type { Ending } from '../../connection/close-policy.ts';
import { egressOf } from '../../connection/egress.ts';
import { openSocket } from '../../connection/socket.ts';
import type { Identity } from '../../identity/identity.ts';
import { version } from '../../version.ts';

export type Handshake = {
  /** The cloud's clock minus this machine's, ms; null if the response has no date. */
  clockAheadMs: number | null;
  answer: Answer;
};
export type Answer =
  | { how: 'ended'; ending: Ending; opened: boolean }
  | { how: 'silent' }
  | { how: 'goodbye'; code: number; reason: string }
  | { how: 'welcome'; proven: boolean; lease: Lease; advice: string | null };

type Options = { configuration: RelayConfiguration; timeoutMs: number };

export async function handshake(identity: Identity, options: Options): Promise<Handshake> {
  const first = await handshakeWith(identity.key, identity, options);
  const turnedAway = first.answer.how === 'ended' && first.answer.ending.why === 'refused';
  // After a rotation whose response was lost, only a try shows which key the cloud knows.
  const last = turnedAway && identity.nextKey !== null ? await handshakeWith(identity.nextKey, identity, options) : first;
  if (last.clockAheadMs !== null || !turnedAway) return last;
  // A rejection without a date leaves open whether the clock is the reason.
  return { ...last, clockAheadMs: await clockOf(identity.cloudUrl, options) };
}

async function clockOf(cloudUrl: string, { configuration, timeoutMs }: Options): Promise<number | null> {
  const dispatcher = egressOf({ proxy: configuration.proxy, ca: configuration.ca, connectMs: timeoutMs });
  try {
    const { headers, body } = await request(cloudUrl, { method: 'HEAD', dispatcher, signal: AbortSignal.timeout(timeoutMs) });
    await body.dump();
    const date = Date.parse(String(headers.date));
    return Number.isNaN(date) ? null : date - Date.now();
  } catch {
    return null;
  } finally {
    release(dispatcher);
  }
}

async function handshakeWith(
  key: PrivateKey,
  { relayId, sourceId, socketUrl, cloudKey }: Identity,
  { configuration, timeoutMs }: Options,
): Promise<Handshake> {
  const dispatcher = egressOf({ proxy: configuration.proxy, ca: configuration.ca, connectMs: timeoutMs });
  const [nonce, challenge] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')];
  const statement = await connectStatement(key, { relayId, socketUrl, now: Date.now(), nonce });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let clockAheadMs: number | null = null;
  let opened = false;
  // Does not use the numbers of a running relay: neither of these two messages is acknowledged, so they cannot be confused.
  const send = (message: ToCloud) => socket.send(JSON.stringify(message));
  const socket = openSocket(
    { url: socketUrl, authorization: `Bearer ${statement}`, dispatcher },
    {
      opened() {
        opened = true;
        send({ ...helloOf(configuration), type: 'hello', n: 1, relayId, sourceId, challenge });
      },
      message(data) {
        const read = readToRelay(data);
        if (read.read !== 'message') return;
        const { message } = read;
        if (message.type === 'goodbye') resolve({ how: 'goodbye', code: message.code, reason: message.reason });
        if (message.type === 'welcome') welcomed(message).catch(reject);
      },
      ended: (ending) => resolve({ how: 'ended', ending, opened }),
      clock(epochMs) {
        clockAheadMs = epochMs - Date.now();
      },
    },
  );

  async function welcomed({ proof, lease, advice }: { proof: string; lease: Lease; advice: string | null }): Promise<void> {
    clockAheadMs = lease.now - Date.now();
    const proven = await checkProof(proof, { relayId, socketUrl, challenge, cloudKey });
    send({ type: 'goodbye', n: 2, reason: proven ? 'stop' : 'wrong-cloud' });
    resolve({ how: 'welcome', proven, lease, advice });
  }

  const timer = setTimeout(() => resolve({ how: 'silent' }), timeoutMs);
  try {
    const answer = await promise;
    socket.close();
    // Let the last message go out before the connection is destroyed.
    await new Promise((done) => setTimeout(done, answer.how === 'welcome' ? 100 : 0));
    return { clockAheadMs, answer };
  } finally {
    clearTimeout(timer);
    socket.drop();
    release(dispatcher);
  }
}

/** Not awaited: after an upgraded connection, it sometimes never resolves. */
function release(dispatcher: Dispatcher): void {
  dispatcher.destroy().catch(() => undefined);
}

const helloOf = ({ traveler, console: how }: RelayConfiguration) => ({
  protocol: protocol.current,
  gatherDigest: null,
  facts: {
    version,
    hostname: hostname(),
    platform: `${process.platform} ${process.arch}`,
    reads: traveler.read,
    acts: how.by,
    problems: [],
  },
});
