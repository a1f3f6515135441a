/**
 * A cloud as a relay sees it: enrolment and rotation over HTTP, a real WebSocket server that checks each connect statement, proves its
 * identity, answers heartbeats with a lease, acknowledges, and redelivers its own commands until they are acknowledged. It can
 * simulate a bad line: messages lost, late, duplicated and out of order, connections cut or half open, all driven by one seed.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { checkConnect, checkRotation, claimedRelay, cloudIdentity, keyId } from '#adapters/relay-identity';
import { enrolmentRequest, oldKeyMs, type RelayRecord, rotationRequest } from '#domain/relay/relay-identity';
import { acknowledged, type Lease, readToCloud, type ToCloud, type ToRelay } from '#domain/relay/relay-protocol';
import { randomOf } from '#test/histories/random';

/** Probabilities in [0, 1] for each message, in either direction; `delayMs`: maximum delay. */
export type Line = { lose: number; twice: number; delayMs: number; cut: number };
export const goodLine: Line = { lose: 0, twice: 0, delayMs: 0, cut: 0 };

type Peer = { id: number; relayId: string; socket: WebSocket; stream: Duplex; deaf: boolean; greeted: boolean };
type Received = { message: ToCloud; connection: number };
type Unnumbered<M> = M extends { n: number } ? Omit<M, 'n' | 'fence'> : never;
export type Command = Unnumbered<Extract<ToRelay, { type: 'action' | 'gather' | 'settings' | 'resend' }>>;
type RelayKeys = Pick<RelayRecord, 'relayId' | 'keys'>;

export type FakeCloudOptions = {
  seed?: number;
  line?: Partial<Line>;
  tls?: { key: string; cert: string };
  secret?: string;
  leaseMs?: number;
  /** The difference of its clock from this machine's. */
  clockAheadMs?: number;
  port?: number;
  /** Lifetime of a connection. */
  lifeMs?: number;
};

export type FakeCloud = Awaited<ReturnType<typeof fakeCloud>>;

export async function fakeCloud(options: FakeCloudOptions = {}) {
  const { seed = 1, tls, secret = 'the secret of a cloud that is only a fake one', leaseMs = 3_000, lifeMs } = options;
  const random = randomOf(seed);
  const chance = (share: number) => share > 0 && random.chance(share);
  const identity = cloudIdentity(secret);
  const now = () => Date.now() + (options.clockAheadMs ?? 0);

  const tokens = new Map<string, string>();
  const relays = new Map<string, RelayKeys>();
  const nonces = new Set<string>();
  const peers = new Map<number, Peer>();
  const received: Received[] = [];
  const accepted = new Map<number, ToCloud>();
  const unacknowledged = new Map<number, ToRelay>();
  const handshakes: string[] = [];
  const line = { ...goodLine, ...options.line };
  let lease = { holder: null as string | null, fence: 0, until: 0 };
  let connections = 0;
  let count = 0;
  let closing = false;
  /** Rejects each handshake with this status. */
  let refuse: number | null = null;
  let silent = false;
  /** Sent instead of a proof. */
  let proof: string | null = null;
  /** Sends no pongs. */
  let noPongs = false;
  let noAcks = false;
  /** For HTTP requests: the work is done, the response is never sent. */
  let loseAnswers = false;

  const http: Server = tls ? createTlsServer(tls, respond) : createServer(respond);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 32 * 1024 });
  http.on('upgrade', (request, stream, head) => void upgrade(request, stream, head));
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const socketUrl = `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}/live`;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { status, body } = await (request.url === '/relay/enrolments' ? enrol(request, text) : rotate(text));
    if (loseAnswers) return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  async function enrol(request: IncomingMessage, text: string) {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const sourceId = tokens.get(token);
    if (sourceId === undefined)
      return { status: 401, body: { detail: 'This token is not good: used, too old, or never given.' } };
    tokens.delete(token);
    const { key } = enrolmentRequest.parse(JSON.parse(text));
    const relayId = `relay-${relays.size + 1}`;
    relays.set(relayId, { relayId, keys: [{ kid: await keyId(key), key, addedAt: now(), until: null }] });
    return { status: 201, body: { relayId, sourceId, socketUrl, cloudUrl: url, cloudKey: identity.publicKey } };
  }

  async function rotate(text: string) {
    const body = rotationRequest.parse(JSON.parse(text));
    const relay = relays.get(claimedRelay(body.statement) ?? '');
    const checked = relay && (await checkRotation(body, { relay, socketUrl, now: now() }));
    if (!relay || !checked?.ok) return { status: 401, body: { detail: 'The statement is not right.' } };
    const { key } = checked.claims;
    const before = relay.keys.map((each) => ({ ...each, until: now() + oldKeyMs }));
    relay.keys = [...before, { kid: await keyId(key), key, addedAt: now(), until: null }];
    return { status: 200, body: {} };
  }

  async function upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    stream.on('error', () => {});
    const statement = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const relay = relays.get(claimedRelay(statement) ?? '');
    const checked = relay && (await checkConnect(statement, { relay, socketUrl, now: now() }));
    const fresh = checked?.ok && !nonces.has(checked.claims.jti);
    const why = checked === undefined ? 'unknown relay' : checked.ok ? (fresh ? 'taken' : 'used nonce') : checked.why;
    handshakes.push(refuse === null ? why : `refused ${refuse}`);
    if (refuse !== null || !relay || !checked?.ok || !fresh) {
      const date = new Date(now()).toUTCString();
      stream.end(`HTTP/1.1 ${refuse ?? 403} Refused\r\nDate: ${date}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    nonces.add(checked.claims.jti);
    sockets.handleUpgrade(request, stream, head, (socket) => join(relay.relayId, socket, stream));
  }

  function join(relayId: string, socket: WebSocket, stream: Duplex): void {
    connections += 1;
    const peer: Peer = { id: connections, relayId, socket, stream, deaf: false, greeted: false };
    peers.set(peer.id, peer);
    socket.on('message', (data) => late(peer, () => receive(peer, String(data))));
    socket.on('close', () => peers.delete(peer.id));
    socket.on('error', () => {});
    if (lifeMs !== undefined) setTimeout(() => socket.close(1001), lifeMs).unref();
  }

  /** As the line decides: never, later, twice, or with the connection cut. */
  function late(peer: Peer, work: () => void): void {
    if (peer.deaf || chance(line.lose)) return;
    if (chance(line.cut)) return void peer.stream.destroy();
    const times = chance(line.twice) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      const ms = line.delayMs > 0 ? random.between(0, line.delayMs) : 0;
      if (ms === 0) work();
      else setTimeout(work, ms);
    }
  }

  const isAcknowledged = (type: ToCloud['type']) => acknowledged.toCloud.some((each) => each === type);

  function receive(peer: Peer, text: string): void {
    const read = readToCloud(text);
    if (read.read !== 'message') throw new Error(`the relay sent what is no message: ${JSON.stringify(read)}`);
    const { message } = read;
    received.push({ message, connection: peer.id });
    if (!peer.greeted && message.type !== 'hello') throw new Error(`${message.type} came before hello`);
    if (isAcknowledged(message.type)) {
      accepted.set(message.n, message);
      if (!noAcks) send(peer, { type: 'ack', n: next(), acks: [message.n] });
      return;
    }
    if (message.type === 'hello') void welcome(peer, message);
    if (message.type === 'ping' && !noPongs)
      send(peer, { type: 'pong', n: next(), answers: message.n, lease: leaseFor(peer.relayId) });
    if (message.type === 'ack') for (const n of message.acks) unacknowledged.delete(n);
    if (message.type === 'goodbye' && message.reason !== 'hand-over' && lease.holder === peer.relayId)
      lease = { ...lease, holder: null };
  }

  async function welcome(peer: Peer, { challenge, relayId }: Extract<ToCloud, { type: 'hello' }>): Promise<void> {
    peer.greeted = true;
    if (silent) return;
    const right = await identity.proofFor({ relayId, socketUrl, challenge, now: now() });
    send(peer, {
      type: 'welcome',
      n: next(),
      protocol: 2,
      lease: leaseFor(relayId),
      wants: 'full',
      proof: proof ?? right,
      advice: null,
    });
    for (const command of unacknowledged.values()) send(peer, command);
  }

  function leaseFor(relayId: string): Lease {
    const free = lease.holder === null || now() >= lease.until;
    if (free && lease.holder !== relayId) lease = { ...lease, holder: relayId, fence: lease.fence + 1 };
    if (lease.holder === relayId) lease = { ...lease, until: now() + leaseMs };
    return { held: lease.holder === relayId, fence: lease.fence, until: lease.until, now: now() };
  }

  const next = () => {
    count += 1;
    return count;
  };

  function send(peer: Peer, message: ToRelay): void {
    late(peer, () => {
      if (!peer.deaf) peer.socket.send(JSON.stringify(message));
    });
  }

  const newest = () => [...peers.values()].at(-1);

  function command(given: Command): number {
    const message = { ...given, n: next(), ...(given.type === 'resend' ? {} : { fence: lease.fence }) } as ToRelay;
    unacknowledged.set(message.n, message);
    const peer = newest();
    if (peer?.greeted) send(peer, message);
    return message.n;
  }

  const again = setInterval(() => {
    const peer = newest();
    if (peer?.greeted) for (const message of unacknowledged.values()) send(peer, message);
  }, 400);

  return {
    url,
    socketUrl,
    line,
    received,
    /** The relevant messages it received, once each, as the cloud processes them. */
    taken: accepted,
    handshakes,
    relays,
    unacknowledged,
    cloudKey: identity.publicKey,
    token(sourceId = 'acme'): string {
      const token = `token-${tokens.size + 1}-${seed}-long-enough-to-be-one`;
      tokens.set(token, sourceId);
      return token;
    },
    command,
    /** Sends any text to the newest connection, unchanged. */
    say(text: string): void {
      newest()?.socket.send(text);
    },
    send(message: Unnumbered<ToRelay>): void {
      const peer = newest();
      if (peer) send(peer, { ...message, n: next() } as ToRelay);
    },
    next,
    get connected(): number[] {
      return [...peers.keys()];
    },
    get connections(): number {
      return connections;
    },
    get lease() {
      return lease;
    },
    set lease(given) {
      lease = given;
    },
    set refuse(status: number | null) {
      refuse = status;
    },
    set silent(is: boolean) {
      silent = is;
    },
    set proof(given: string | null) {
      proof = given;
    },
    set noPongs(are: boolean) {
      noPongs = are;
    },
    set noAcks(are: boolean) {
      noAcks = are;
    },
    set loseAnswers(are: boolean) {
      loseAnswers = are;
    },
    /** Without a close frame. */
    cut(): void {
      for (const { stream } of peers.values()) stream.destroy();
    },
    closeAll(code: number): void {
      for (const { socket } of peers.values()) socket.close(code);
    },
    /** The connections stay open, but nothing passes through them any more, in either direction; later ones are healthy. */
    halfOpen(): void {
      for (const peer of peers.values()) {
        peer.deaf = true;
        peer.stream.pause();
      }
    },
    async close(): Promise<void> {
      if (closing) return;
      closing = true;
      clearInterval(again);
      for (const { stream } of peers.values()) stream.destroy();
      sockets.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
