/** A relay and a cloud over real sockets: who is trusted, and what happens when the line or the cloud misbehaves. */
import { test as base, describe, expect } from 'vitest';
import { closeCodes } from '#domain/relay/relay-protocol';
import { type ARelay, aRelay } from './a-relay.ts';
import { type FakeCloud, type FakeCloudOptions, fakeCloud } from './fake-cloud.ts';
import { until } from './until.ts';

type Both = (
  cloudOptions?: FakeCloudOptions,
  relayOptions?: Parameters<typeof aRelay>[1],
  prepare?: (cloud: FakeCloud) => void,
) => Promise<{ cloud: FakeCloud; relay: ARelay }>;

/** A cloud and a relay that connects to it; both are stopped when the test has ended. */
const test = base.extend<{ both: Both }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from it that this needs no other fixture
  both: async ({}, use) => {
    const closing: (() => Promise<unknown>)[] = [];
    await use(async (cloudOptions, relayOptions, prepare) => {
      const cloud = await fakeCloud(cloudOptions);
      closing.push(() => cloud.close());
      prepare?.(cloud);
      const relay = await aRelay(cloud, relayOptions);
      closing.push(() => relay.stop());
      return { cloud, relay };
    });
    for (const close of closing.reverse()) await close();
  },
});
const receivedTypes = (cloud: FakeCloud) => cloud.received.map(({ message }) => message.type);
const holding = (relay: ARelay) => until('the lease', async () => (await relay.status()).lease === 'holding');
const progress = { type: 'gatherProgress', runId: 'run', devices: 1, details: 0, detailsWanted: 0 } as const;
const failed = (runId: string) =>
  ({
    type: 'gatherFailed',
    runId,
    requests: 0,
    problem: { kind: 'transient', what: 'x', where: 'y', remedy: 'z', unreachable: false },
  }) as const;

describe('the cloud proves its identity', () => {
  test('before anything but hello is sent to it', async ({ both }) => {
    const { cloud, relay } = await both();
    await holding(relay);
    expect(receivedTypes(cloud)[0]).toBe('hello');
    expect(cloud.received[0]?.message).toMatchObject({
      relayId: 'relay-1',
      sourceId: 'acme',
      facts: { reads: 'rest', acts: 'rest' },
    });
  });

  test('another cloud gets only hello and goodbye, and is retried slowly', async ({ both }) => {
    const { cloud, relay } = await both();
    cloud.proof = 'e30.e30.AAAA';
    cloud.cut();
    await until('the refusal', () => relay.said('not the cloud this relay was enrolled with').length > 0);
    const at = receivedTypes(cloud).lastIndexOf('hello');
    await until('goodbye', () => receivedTypes(cloud).includes('goodbye'));
    expect(cloud.received.slice(at).map(({ message }) => message)).toMatchObject([
      { type: 'hello' },
      { type: 'goodbye', reason: 'wrong-cloud' },
    ]);
    const status = await relay.status();
    expect(status).toMatchObject({ ready: false, connection: { lastEnding: 'wrong-cloud' } });
    expect(status.reason).toContain('not the cloud');
    cloud.proof = null;
    await until('back again', async () => (await relay.status()).ready);
  });

  test('commands that arrive before its proof are ignored', async ({ both }) => {
    const { cloud, relay } = await both();
    await holding(relay);
    cloud.silent = true;
    cloud.cut();
    const hellos = () => receivedTypes(cloud).filter((type) => type === 'hello').length;
    await until('the next hello', () => hellos() > 1);
    cloud.command({ type: 'resend', runId: 'too early', parts: [0] });
    await until('it was dropped', () => relay.said('before the welcome').length > 0);
    expect(relay.asked.filter(({ what }) => what === 'resend')).toEqual([]);
  });
});

// Concurrent: nearly all of their time is a relay's wait between two tries.
describe.concurrent('a rejected relay', () => {
  test('keeps trying, says so, and is back once it is accepted', async ({ both }) => {
    const { cloud, relay } = await both();
    await holding(relay);
    cloud.refuse = 403;
    cloud.cut();
    await until('two refusals', () => cloud.handshakes.filter((each) => each === 'refused 403').length > 1, { ms: 20_000 });
    const status = await relay.status();
    expect(status).toMatchObject({ ready: false, connection: { lastEnding: 'refused' } });
    expect(status.reason).toContain('revoked');
    expect(relay.said('not connected: refused')[0]).toMatchObject({ level: 'warn', detail: 'answered with status 403' });
    cloud.refuse = null;
    await until('back again', async () => (await relay.status()).ready, { ms: 25_000 });
  }, 60_000);

  test.for([
    ['revoked', closeCodes.enrolAgain, 'enrol-again', 'new enrolment token'],
    ['too old', closeCodes.tooOld, 'too-old', 'newer version'],
  ] as const)('%s: by close code and by goodbye', { timeout: 60_000 }, async ([, code, why, words], { both }) => {
    const { cloud, relay } = await both();
    await holding(relay);
    cloud.closeAll(code);
    await until('the ending', async () => (await relay.status()).connection.lastEnding === why);
    expect((await relay.status()).reason).toContain(words);
    await until('back again', async () => (await relay.status()).ready);
    cloud.send({ type: 'goodbye', reason: 'as was said', code });
    await until('the ending', async () => (await relay.status()).connection.lastEnding === why);
    await until('back again', async () => (await relay.status()).ready);
  });

  test.for([10, -10])(
    'with a clock wrong by %i minutes corrects it from the rejection’s date',
    { timeout: 60_000 },
    async (minutes, { both }) => {
      const clockAheadMs = minutes * 60_000;
      const { cloud, relay } = await both({ clockAheadMs });
      await until('taken in the end', () => cloud.handshakes.at(-1) === 'taken', { ms: 20_000 });
      expect(cloud.handshakes[0]).toBe(clockAheadMs > 0 ? 'expired' : 'early');
      await holding(relay);
      expect(Math.abs(((await relay.status()).clockOffsetMs ?? 0) - clockAheadMs)).toBeLessThan(1_000);
      expect(Math.abs(relay.link.cloudNow() - (Date.now() + clockAheadMs))).toBeLessThan(1_000);
    },
  );
});

describe('a dead connection that looks open', () => {
  const silenceMs = 400;

  test('is detected by its silence, dropped, and replaced', async ({ both }) => {
    const { cloud, relay } = await both({}, { timing: { silenceMs } });
    await holding(relay);
    const before = performance.now();
    cloud.halfOpen();
    await until('a new connection', () => cloud.connections === 2);
    expect(performance.now() - before).toBeGreaterThan(silenceMs * 0.5);
    expect(relay.said('connection: live -> waiting')).toHaveLength(1);
    await until('ready', async () => (await relay.status()).ready);
  });

  test('loses nothing: what was sent over it is redelivered', async ({ both }) => {
    const { cloud, relay } = await both({}, { timing: { silenceMs } });
    await holding(relay);
    cloud.halfOpen();
    const delivered = relay.link.deliver(failed('into the void'));
    await delivered;
    expect([...cloud.taken.values()]).toMatchObject([{ type: 'gatherFailed', runId: 'into the void' }]);
  });

  test('holds no lease without pongs', async ({ both }) => {
    const { cloud, relay } = await both({ leaseMs: 300 }, { timing: { silenceMs: 60_000 } });
    await holding(relay);
    cloud.noPongs = true;
    await until('the lease is over', () => relay.link.held() === null);
    expect((await relay.status()).lease).toBe('none');
    cloud.noPongs = false;
    await until('held again', () => relay.link.held() !== null);
  });
});

describe('hand-over before the connection’s life ends', () => {
  test('leaves no gap: no message is lost or sent twice', async ({ both }) => {
    const { cloud, relay } = await both({}, { timing: { lifeMs: 700, drainMs: 5_000, resendMs: 20_000 } });
    await holding(relay);
    cloud.line.delayMs = 30;
    let unconnected = 0;
    const watch = setInterval(() => {
      if (cloud.connected.length === 0) unconnected += 1;
    }, 5);
    const delivered: Promise<void>[] = [];
    for (let i = 0; cloud.connections < 5; i++) {
      delivered.push(relay.link.deliver(failed(`run ${i}`)));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    clearInterval(watch);
    await Promise.all(delivered);
    expect(unconnected).toBe(0);
    expect(cloud.taken.size).toBe(delivered.length);
    expect(cloud.received.filter(({ message }) => message.type === 'gatherFailed')).toHaveLength(delivered.length);
    expect(await relay.metric('relay_messages_sent_again_total')).toBe(0);
    expect(await relay.metric('relay_hand_overs_total')).toBeGreaterThanOrEqual(3);
    await until('the old ones are closed', () => cloud.connected.length <= 2);
    const goodbyes = cloud.received.filter(({ message }) => message.type === 'goodbye');
    expect(goodbyes.length).toBeGreaterThanOrEqual(2);
    for (const { message } of goodbyes) expect(message).toMatchObject({ reason: 'hand-over' });
    expect(relay.said('not connected')).toEqual([]);
  });

  test('redelivers over the new connection what the old one left unacknowledged', async ({ both }) => {
    const { cloud, relay } = await both({}, { timing: { lifeMs: 500, drainMs: 100, resendMs: 60_000 } });
    await holding(relay);
    cloud.noAcks = true;
    const delivered = relay.link.deliver(failed('never acknowledged by the old one'));
    await until('handed over', () => cloud.connections > 1);
    cloud.noAcks = false;
    await delivered;
    expect(cloud.taken.size).toBe(1);
  });

  test('happens at once when the cloud asks for it', async ({ both }) => {
    const { cloud, relay } = await both();
    await holding(relay);
    cloud.send({ type: 'goodbye', reason: 'a new version is deployed', code: closeCodes.reconnectNow });
    await until('handed over', () => relay.said('handed over').length === 1);
    expect(cloud.connections).toBe(2);
    expect(relay.said('not connected')).toEqual([]);
  });

  test('keeps the old connection when the new one fails, and retries', async ({ both }) => {
    const { cloud, relay } = await both({}, { timing: { lifeMs: 600 } });
    await holding(relay);
    cloud.refuse = 503;
    await until('refused twice', () => cloud.handshakes.filter((each) => each === 'refused 503').length > 1);
    expect((await relay.status()).ready).toBe(true);
    cloud.refuse = null;
    await until('handed over', () => relay.said('handed over').length > 0);
    expect(relay.said('not connected')).toEqual([]);
  });
});

describe('an unreadable or unknown message', () => {
  test('is counted, and changes nothing', async ({ both }) => {
    const { cloud, relay } = await both();
    await holding(relay);
    for (const text of ['', '{', '[]', '{"type":"pong"}', '{"type":"action","n":-1}', '{"type":"tunnel","n":1,"to":"x"}', 'null'])
      cloud.say(text);
    await until('all counted', async () => (await relay.metric('relay_messages_malformed_total')) === 6);
    expect(await relay.metric('relay_messages_unknown_total')).toBe(1);
    expect((await relay.status()).ready).toBe(true);
    expect(cloud.connections).toBe(1);
  });
});

describe('the lease', () => {
  test('of another relay is followed, and taken over when it expires', async ({ both }) => {
    const { relay } = await both({ leaseMs: 500 }, {}, (cloud) => {
      cloud.lease = { holder: 'somebody else', fence: 7, until: Date.now() + 1_500 };
    });
    await until('following', async () => (await relay.status()).lease === 'following');
    expect(await relay.status()).toMatchObject({ ready: true, fence: 7 });
    expect(relay.asked).toEqual([]);
    await until('taken over', async () => (await relay.status()).lease === 'holding');
    expect((await relay.status()).fence).toBe(8);
    await until('the workers resume', () => relay.asked.some(({ what }) => what === 'resume'));
  });

  test('given to another relay is dropped and requested again at once', async ({ both }) => {
    const { cloud, relay } = await both({}, { timing: { heartbeatMs: 60_000, silenceMs: 120_000 } });
    await holding(relay);
    const now = Date.now();
    cloud.lease = { holder: 'somebody else', fence: 2, until: now + 60_000 };
    cloud.send({ type: 'lease', lease: { held: false, fence: 2, until: now + 60_000, now } });
    await until('given up', () => relay.link.held() === null);
    await until('asked for', () => receivedTypes(cloud).includes('ping'));
  });
});

test('progress is sent while connected, and dropped otherwise', async ({ both }) => {
  const { cloud, relay } = await both();
  await holding(relay);
  relay.link.mention(progress);
  await until('heard', () => receivedTypes(cloud).includes('gatherProgress'));
  cloud.refuse = 503;
  cloud.cut();
  await until('away', async () => !(await relay.status()).ready);
  relay.link.mention(progress);
  cloud.refuse = null;
  await until('back', async () => (await relay.status()).ready);
  expect(receivedTypes(cloud).filter((type) => type === 'gatherProgress')).toHaveLength(1);
});

test('a message too large for the socket is rejected, not retried', async ({ both }) => {
  const { cloud, relay } = await both();
  await holding(relay);
  await expect(relay.link.deliver(failed('x'.repeat(40_000)))).rejects.toThrow(/too long/);
  await expect(relay.link.deliver(failed(''))).rejects.toThrow(/runId/);
  expect(cloud.connections).toBe(1);
});

test('commands reach the workers once each, and are acknowledged together', async ({ both }) => {
  const { cloud, relay } = await both({ line: { twice: 0.5 } });
  await holding(relay);
  for (let i = 0; i < 50; i++) cloud.command({ type: 'resend', runId: `run ${i}`, parts: [0] });
  await until('all acknowledged', () => cloud.unacknowledged.size === 0);
  expect(relay.asked.filter(({ what }) => what === 'resend')).toHaveLength(50);
  expect(receivedTypes(cloud).filter((type) => type === 'ack').length).toBeLessThan(50);
});

test('a command that failed is not acknowledged, and is handled when redelivered', async ({ both }) => {
  let tries = 0;
  const { cloud, relay } = await both(
    {},
    {
      workers: {
        async resend() {
          tries += 1;
          if (tries === 1) throw new Error('the disk is full');
        },
      },
    },
  );
  await holding(relay);
  cloud.command({ type: 'resend', runId: 'run', parts: [1] });
  await until('acknowledged', () => cloud.unacknowledged.size === 0);
  expect(tries).toBe(2);
  expect(await relay.metric('relay_work_failed_total')).toBe(1);
});

test('a hello that fails unexpectedly is logged and ends only that try', async ({ both }) => {
  const hello = { isFirst: true, begins: false };
  const { relay } = await both(
    {},
    {
      workers: {
        async digest() {
          hello.begins = hello.isFirst;
          hello.isFirst = false;
          return null;
        },
        problems() {
          if (!hello.begins) return [];
          hello.begins = false;
          throw new RangeError('of Jane Doe');
        },
      },
    },
  );
  await holding(relay);
  const [failure] = relay.said('connection: hello failed unexpectedly');
  expect(failure).toMatchObject({ level: 'error', error: 'RangeError' });
  expect(JSON.stringify(failure)).not.toContain('Jane');
  expect(relay.said('not connected: failed')).toHaveLength(1);
});
