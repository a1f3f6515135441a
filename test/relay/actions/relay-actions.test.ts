import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TravelerFailure } from '#adapters/traveler/failure';
import { relayActions } from '../../../relay/actions/relay-actions.ts';
import { JournalFailure } from '../../../relay/journal/action-journal.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import { quietLog } from '../quiet-log.ts';
import { acting } from './acting.ts';
import { aDetail, hour } from './commands.ts';

test('a block is performed, read back, delivered, and journaled as acknowledged', async () => {
  const { arrive, commandFor, carriedOut, server, journal, cloud } = await acting();
  const device = arrive('ApplDX3');
  const command = commandFor(device, { what: 'block' });
  expect(await carriedOut(command)).toMatchObject({
    how: 'written',
    before: { approval: 'pending', access: 'allow' },
    after: { approval: 'denied', access: 'deny' },
  });
  expect(server.console.effects).toMatchObject([
    { line: 'tell traveler security approval deny ApplDX3 Jane Doe/Acme', applied: true },
    { line: 'tell traveler security flagsAdd lock ApplDX3 Jane Doe/Acme', applied: true },
  ]);
  await expect.poll(async () => (await journal.attemptsOf(command.actionId))[0]?.toldAt).toEqual(expect.any(Number));
  expect(cloud.results()[0]?.took).toEqual({ toWrite: expect.any(Number), total: expect.any(Number) });
});

test('an effect that the server already shows needs no console line', async () => {
  const { arrive, commandFor, carriedOut, server, lines } = await acting();
  const device = arrive('ApplDX3');
  server.adminDeny(device);
  expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({
    how: 'already',
    before: { approval: 'denied' },
  });
  expect(lines()).toEqual([]);
});

test('a command that only asks to read does not write', async () => {
  const { arrive, commandFor, carriedOut, lines } = await acting();
  const device = arrive('ApplDX3');
  const outcome = await carriedOut(commandFor(device, { what: 'block', step: 'look' }));
  expect(outcome).toMatchObject({ how: 'looked', before: { approval: 'pending' } });
  expect(lines()).toEqual([]);
});

test.each(['approve', 'block', 'remove'] as const)('while a wipe is pending, %s only reads', async (what) => {
  const { arrive, commandFor, carriedOut, server, lines } = await acting();
  const device = arrive('ApplDX3');
  server.adminChange(device, { wipeOptions: 'wipeDevice', wipeStatus: '1' });
  expect(await carriedOut(commandFor(device, { what }))).toMatchObject({ how: 'looked', before: { wipe: 'requested' } });
  expect(lines()).toEqual([]);
});

test.each([
  ['its deadline has passed by the clock of the cloud', { expiresAt: Date.now() - 1 }, null, 'expired'],
  ['another relay holds the lease', {}, { held: null }, 'not-holder'],
  ['it was sent under an older lease', {}, { held: { fence: 2 } }, 'not-holder'],
  ['it was sent under a lease that this relay does not know', { fence: 3 }, {}, 'not-holder'],
])('nothing is written when %s', async (_, changes, state, how) => {
  const { arrive, commandFor, carriedOut, cloud, lines } = await acting();
  Object.assign(cloud.state, state);
  expect(await carriedOut(commandFor(arrive('ApplDX3'), { what: 'block', ...changes }))).toEqual({ how });
  expect(lines()).toEqual([]);
});

test('a lease that ends during the read prevents the write', async () => {
  const at: { read(): void } = { read: () => undefined };
  const { arrive, commandFor, carriedOut, cloud, lines } = await acting({
    source: (source) => ({ ...source, read: (target) => source.read(target).finally(() => at.read()) }),
  });
  at.read = () => {
    cloud.state.held = null;
  };
  expect(await carriedOut(commandFor(arrive('ApplDX3'), { what: 'wipe' }))).toEqual({ how: 'not-holder' });
  expect(lines()).toEqual([]);
});

test('a missing device is reported as gone, and its removal as done', async () => {
  const { arrive, commandFor, carriedOut, server } = await acting();
  const [away, here] = [arrive('ApplAWAY'), arrive('ApplHERE')];
  server.removeDevice(away);
  expect(await carriedOut(commandFor(away, { what: 'block' }))).toEqual({ how: 'gone', started: false });
  expect(await carriedOut(commandFor(here, { what: 'remove' }))).toEqual({ how: 'gone', started: true });
});

test('an address that leads to another device prevents any write', async () => {
  const { arrive, commandFor, carriedOut, lines } = await acting();
  const [one, other] = [arrive('ApplONE'), arrive('ApplOTHER')];
  const outcome = await carriedOut(commandFor({ ...one, href: other.href }, { what: 'wipe' }));
  expect(outcome).toMatchObject({ how: 'unread', problem: { kind: 'invalid' } });
  expect(lines()).toEqual([]);
});

test.each([
  [
    'the address of its record is another',
    { wipeFence: { href: '/elsewhere', approval: null } },
    'record on the server is another one',
  ],
  ['it waits for approval again', { wipeFence: { href: '', approval: 'approved' as const } }, 'waits for approval again'],
  ['the device supports no such wipe', { wipeTypes: '4' }, 'does not support wiping device'],
])(
  'a wipe is refused when %s',
  async (_, { wipeFence, wipeTypes }: { wipeFence?: { href: string; approval: 'approved' | null }; wipeTypes?: string }, why) => {
    const { arrive, commandFor, carriedOut, lines, server } = await acting(
      wipeTypes === undefined
        ? {}
        : { source: (source) => ({ ...source, read: async (target) => withTypes(await source.read(target), wipeTypes) }) },
    );
    const device = arrive('ApplDX3');
    const fence = wipeFence && { ...wipeFence, href: wipeFence.href || device.href };
    const outcome = await carriedOut(commandFor(device, { what: 'wipe', ...(fence ? { wipeFence: fence } : {}) }));
    expect(outcome).toMatchObject({ how: 'refused', why: expect.stringContaining(why) });
    expect(lines()).toEqual([]);
    expect(server.find(device.user, device.deviceId)?.wipeOptions).toBe('');
  },
);

const withTypes = <T>(found: T | 'gone', wipeTypes: string): T | 'gone' =>
  typeof found === 'object' && found !== null && 'detail' in found
    ? { ...found, detail: { ...(found.detail as object), wipeTypes } }
    : found;

test('an effect that the console brings late is awaited', async () => {
  const { arrive, commandFor, carriedOut, server } = await acting();
  server.setConsoleFaults([{ kind: 'delay', ms: 40 }]);
  expect(await carriedOut(commandFor(arrive('ApplDX3'), { what: 'wipe' }))).toMatchObject({
    how: 'written',
    after: { wipe: 'requested' },
  });
});

test('a line without effect is reported with what the device shows', async () => {
  const { arrive, commandFor, carriedOut, server } = await acting();
  server.setConsoleFaults([{ kind: 'ignored' }]);
  const outcome = await carriedOut(commandFor(arrive('ApplDX3'), { what: 'approve' }));
  expect(outcome).toMatchObject({ how: 'written', before: { approval: 'pending' }, after: { approval: 'pending' } });
});

test('hostile names are rejected before any console line, with a remedy', async () => {
  const { arrive, commandFor, carriedOut, lines, relay } = await acting();
  const [id, user] = [arrive('*ApplDX3;&|$(id)'), arrive('ApplDX4', 'Jane "J" Doe; tell http quit/Acme')];
  for (const device of [id, user])
    expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({
      how: 'unwritten',
      problem: { kind: 'invalid', remedy: 'Do it in the Traveler administration on the server.' },
    });
  expect(lines()).toEqual([]);
  expect(relay.problems()).toEqual([]);
});

test('a rejected write is a problem without names until one succeeds', async () => {
  const turned = { away: true };
  const { arrive, commandFor, carriedOut, relay } = await acting({
    source: (source) => ({ ...source, block: (target) => (turned.away ? Promise.reject(denied) : source.block(target)) }),
  });
  const device = arrive('ApplDX3');
  expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({
    how: 'unwritten',
    problem: { kind: 'denied' },
  });
  expect(relay.problems()).toEqual(['No rights (Domino console). Give it rights.']);
  turned.away = false;
  expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({ how: 'written' });
  expect(relay.problems()).toEqual([]);
});
const denied = new TravelerFailure('denied', { what: 'No rights', where: 'Domino console', remedy: 'Give it rights.' });

test('a rejection of another console user’s line is recognised by the effect', async () => {
  const { arrive, commandFor, carriedOut } = await acting({
    source: (source) => ({ ...source, block: (target) => source.block(target).then(() => Promise.reject(denied)) }),
  });
  expect(await carriedOut(commandFor(arrive('ApplDX3'), { what: 'block' }))).toMatchObject({
    how: 'written',
    after: { approval: 'denied' },
  });
});

test('a server that cannot be read is reported, and nothing is written', async () => {
  const { arrive, commandFor, carriedOut, server, lines, relay } = await acting();
  const device = arrive('ApplDX3');
  server.setFaults([{ kind: 'status', code: 503, on: 'detail' }]);
  expect(await carriedOut(commandFor(device, { what: 'block' }))).toMatchObject({
    how: 'unread',
    problem: { kind: 'transient' },
  });
  expect(relay.problems()).toHaveLength(1);
  expect(relay.problems().join()).not.toMatch(/Jane|ApplDX3/);
  expect(lines()).toEqual([]);
});

test('when the device cannot be read back, the outcome is unknown', async () => {
  const { arrive, commandFor, carriedOut, server } = await acting({
    source: (source) => ({ ...source, wipe: async (...given) => source.wipe(...given).finally(() => at.written()) }),
  });
  const at = { written: () => server.setFaults([{ kind: 'status', code: 503, on: 'detail' }]) };
  const outcome = await carriedOut(commandFor(arrive('ApplDX3'), { what: 'wipe' }));
  expect(outcome).toMatchObject({ how: 'unknown', problem: { kind: 'transient' }, before: { wipe: 'none' } });
});

test('a repeated command takes effect once and gets a result each time', async () => {
  const { arrive, commandFor, cloud, relay, lines, carriedOut } = await acting();
  const command = commandFor(arrive('ApplDX3'), { what: 'wipe' });
  await Promise.all([1, 2, 3].map((n) => relay.act({ ...command, n }, cloud.link)));
  const outcome = await cloud.resultOf(command);
  expect(await carriedOut({ ...command, n: 4 })).toEqual(outcome);
  await expect.poll(() => cloud.results().length).toBe(2);
  expect(lines()).toHaveLength(1);
});

test('an attempt older than a known one does not start', async () => {
  const { arrive, commandFor, carriedOut, server, lines } = await acting();
  const device = arrive('ApplDX3');
  const command = commandFor(device, { what: 'wipe' });
  expect(await carriedOut({ ...command, attempt: 2 })).toMatchObject({ how: 'written' });
  server.completeWipe(device);
  server.adminChange(device, { wipeOptions: '', wipeStatus: '0', wipeDate: 0 });
  expect(await carriedOut({ ...command, attempt: 1 })).toEqual({ how: 'expired' });
  expect(lines()).toHaveLength(1);
});

test('a wipe interrupted before its effect is not repeated after a restart', async () => {
  const { arrive, commandFor, relay, cloud, server, journal, source, lines } = await acting({
    source: (same) => ({ ...same, readBack: [100, 200, 400] }),
  });
  const written = { ...journal, written: () => Promise.reject(new JournalFailure('Killed before it was noted.')) };
  server.setConsoleFaults([{ kind: 'delay', ms: 250 }]);
  const command = commandFor(arrive('ApplDX3'), { what: 'wipe' });
  const killed = relayActions({ source, journal: written, log: quietLog });
  await killed.act(command, cloud.link);
  await expect.poll(async () => (await journal.open())[0]?.startedAt).toEqual(expect.any(Number));
  await killed.stop(0);
  await relay.resume(cloud.link);
  expect(await cloud.resultOf(command)).toMatchObject({ how: 'written', before: { wipe: 'none' }, after: { wipe: 'requested' } });
  expect(lines()).toHaveLength(1);
});

test('a repeated write that is interrupted again counts from its second start', async () => {
  const { arrive, commandFor, relay, cloud, server, journal, source, lines } = await acting({
    source: (same) => ({ ...same, readBack: [100, 200, 400] }),
  });
  const written = { ...journal, written: () => Promise.reject(new JournalFailure('Killed before it was noted.')) };
  server.setConsoleFaults([{ kind: 'delay', ms: 250 }]);
  const command = commandFor(arrive('ApplDX3'), { what: 'block', lockBelongs: false });
  await journal.received(command, Date.now() - 60_000);
  await journal.started(command, { before: aDetail(), at: Date.now() - 60_000 });
  const killed = relayActions({ source, journal: written, log: quietLog });
  await killed.act(command, cloud.link);
  await expect.poll(async () => (await journal.open())[0]?.startedAt).toBeGreaterThan(Date.now() - 30_000);
  await killed.stop(0);
  await relay.resume(cloud.link);
  expect(await cloud.resultOf(command)).toMatchObject({ how: 'written', before: { access: 'allow' }, after: { access: 'deny' } });
  expect(lines()).toHaveLength(2);
});

test('actions run in sequence per device, and in parallel across devices', async () => {
  const running = { now: 0, most: 0 };
  const { arrive, commandFor, relay, cloud, server } = await acting({
    atOnce: 3,
    source: (source) => ({
      ...source,
      async read(target) {
        running.most = Math.max(running.most, ++running.now);
        await wait(2);
        return source.read(target).finally(() => running.now--);
      },
    }),
  });
  const devices = Array.from({ length: 8 }, (_, n) => arrive(`Appl${n}`));
  const types = ['block', 'approve', 'block', 'approve', 'block'] as const;
  const commands = types.flatMap((what) => devices.map((device) => commandFor(device, { what, liftDenial: true })));
  for (const command of commands) await relay.act(command, cloud.link);
  await Promise.all(commands.map((command) => cloud.resultOf(command)));
  expect(running.most).toBe(3);
  for (const { deviceId, user } of devices) {
    const verdicts = server.console.effects
      .filter(({ line }) => line.includes(`${deviceId} `))
      .map(({ line }) => /approval (\w+)/.exec(line)?.[1]);
    expect(verdicts.filter(Boolean)).toEqual(['deny', 'approve', 'deny', 'approve', 'deny']);
    expect(server.find(user, deviceId)).toMatchObject({ approval: 8, access: 1 });
  }
});

test('unacknowledged results are delivered once each when the cloud is back', async () => {
  const { arrive, commandFor, relay, cloud, journal } = await acting();
  cloud.state.online = false;
  const commands = Array.from({ length: 5 }, (_, n) => commandFor(arrive(`Appl${n}`), { what: 'block' }));
  for (const command of commands) await relay.act(command, cloud.link);
  await expect.poll(() => journal.unacknowledged({ limit: 9, after: null })).toHaveLength(5);
  await relay.resume(cloud.link);
  expect(cloud.results()).toEqual([]);
  cloud.connect();
  await expect.poll(() => journal.unacknowledged({ limit: 9, after: null })).toEqual([]);
  await relay.resume(cloud.link);
  await wait(20);
  expect(
    cloud
      .results()
      .map(({ actionId }) => actionId)
      .sort(),
  ).toEqual(commands.map(({ actionId }) => actionId).sort());
});

test('on a full disk nothing starts and the cloud gets the reason', async () => {
  const full = { disk: true };
  const journal = memoryJournal();
  const { arrive, commandFor, carriedOut, lines, relay, cloud } = await acting({
    journal: {
      ...journal,
      received: (...given) =>
        full.disk ? Promise.reject(new JournalFailure('The disk is full; make room on it.')) : journal.received(...given),
    },
  });
  const command = commandFor(arrive('ApplDX3'), { what: 'wipe' });
  expect(await carriedOut(command)).toMatchObject({
    how: 'unread',
    problem: { kind: 'busy', remedy: expect.stringContaining('disk is full') },
  });
  expect(relay.problems()).toEqual([expect.stringContaining('disk is full')]);
  full.disk = false;
  await relay.act(command, cloud.link);
  await wait(30);
  expect(lines()).toEqual([]);
  expect(await carriedOut({ ...command, attempt: 2 })).toMatchObject({ how: 'written' });
  expect(relay.problems()).toEqual([]);
});

test('a disk that fills up after the write delays the result', async () => {
  const full = { disk: true };
  const journal = memoryJournal();
  const { arrive, commandFor, relay, cloud, lines } = await acting({
    pause: (ms) => wait(Math.min(ms, 5)),
    journal: {
      ...journal,
      done: (...given) => (full.disk ? Promise.reject(new JournalFailure('The disk is full.')) : journal.done(...given)),
    },
  });
  const command = commandFor(arrive('ApplDX3'), { what: 'wipe' });
  await relay.act(command, cloud.link);
  await expect.poll(() => relay.problems()).toEqual([expect.stringContaining('disk is full')]);
  await relay.act(command, cloud.link);
  expect(cloud.results()).toEqual([]);
  full.disk = false;
  expect(await cloud.resultOf(command)).toMatchObject({ how: 'written' });
  expect(lines()).toHaveLength(1);
});

test('stopping finishes what is in progress; the next start does the rest', async () => {
  const journal = memoryJournal();
  const slow = { ms: 30 };
  const first = await acting({
    journal,
    atOnce: 1,
    source: (source) => ({ ...source, read: async (target) => wait(slow.ms).then(() => source.read(target)) }),
  });
  const [one, two] = [first.arrive('ApplONE'), first.arrive('ApplTWO')].map((device) =>
    first.commandFor(device, { what: 'block' }),
  );
  if (!one || !two) throw new Error('Two commands');
  await first.relay.act(one, first.cloud.link);
  await first.relay.act(two, first.cloud.link);
  await first.relay.stop(1_000);
  expect(first.cloud.results()).toMatchObject([{ actionId: one.actionId, outcome: { how: 'written' } }]);
  await expect(first.relay.act({ ...two, actionId: 'new' }, first.cloud.link)).rejects.toThrow('stopped');
  expect(await journal.open()).toMatchObject([{ command: { actionId: two.actionId }, startedAt: null }]);
});

test('stopping does not wait too long for a missing effect', async () => {
  const { arrive, commandFor, relay, cloud, server, journal } = await acting({
    source: (source) => ({ ...source, readBack: [60_000] }),
  });
  server.setConsoleFaults([{ kind: 'ignored' }]);
  const command = commandFor(arrive('ApplDX3'), { what: 'wipe' });
  await relay.act(command, cloud.link);
  await expect.poll(async () => (await journal.open())[0]?.writtenAt).toEqual(expect.any(Number));
  const before = Date.now();
  await relay.stop(100);
  expect(Date.now() - before).toBeLessThan(2_000);
  expect(cloud.results()).toEqual([]);
  expect(await journal.open()).toHaveLength(1);
});

test('approval settings are written, read back and reported, or reported as unavailable', async () => {
  const { relay, cloud, server } = await acting();
  const wish = { type: 'settings' as const, n: 1, fence: 1, wishId: 'w1', requireApproval: false, devicesBeforeApproval: 2 };
  await relay.settings(wish, cloud.link);
  expect(server.settings).toMatchObject({ require_approval: false, devices_before_approval: 2 });
  server.setFaults([{ kind: 'no-settings' }]);
  await relay.settings({ ...wish, wishId: 'w2' }, cloud.link);
  cloud.state.held = { fence: 2 };
  await relay.settings({ ...wish, wishId: 'w3' }, cloud.link);
  server.setFaults([{ kind: 'status', code: 503 }]);
  await relay.settings({ ...wish, wishId: 'w4', fence: 2 }, cloud.link);
  expect(cloud.received).toMatchObject([
    { wishId: 'w1', outcome: { how: 'written', server: { requiresApproval: false, devicesBeforeApproval: 2 } } },
    { wishId: 'w2', outcome: { how: 'unavailable' } },
    { wishId: 'w3', outcome: { how: 'failed', problem: { what: expect.stringContaining('lease') } } },
    { wishId: 'w4', outcome: { how: 'failed', problem: { kind: 'transient' } } },
  ]);
  expect(relay.problems()).toHaveLength(1);
});

test('deadlines are checked by the cloud’s clock, not by this machine’s', async () => {
  const { arrive, commandFor, carriedOut, cloud } = await acting({ now: () => Date.now() + 48 * hour });
  expect(await carriedOut(commandFor(arrive('ApplDX3'), { what: 'block' }))).toMatchObject({ how: 'written' });
  cloud.state.now = Date.now() + 2 * hour;
  expect(await carriedOut(commandFor(arrive('ApplDX4'), { what: 'block' }))).toEqual({ how: 'expired' });
});
