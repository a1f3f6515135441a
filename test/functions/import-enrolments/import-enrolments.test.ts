import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importEnrolments } from '#functions/import-enrolments/import-enrolments';
import { aPhone, hour, type Side, startSide } from './maas360-side.ts';

let side: Side;
beforeEach(async () => {
  side = await startSide();
});
afterEach(() => side.stop());

const phones = (count: number) => Array.from({ length: count }, (_, index) => aPhone(index + 1));
const searches = () => side.simulator.requests.filter(({ kind }) => kind === 'search');

describe('importing enrolments', () => {
  test('every phone on every page becomes an enrolment, until the empty page', async () => {
    side.simulator.devices = phones(60);
    expect(await side.run()).toMatchObject({ outcome: 'taken', kind: 'full', devices: 60, changed: 60 });
    expect(searches()).toHaveLength(4);
    expect(await side.enrolments.read('maas360-Apple7')).toMatchObject({
      user: { email: 'user7@acme.example' },
      platform: 'iOS',
      status: 'Enrolled',
      serial: 'SERIAL7',
      mailDeviceIds: ['Appl7', 'TRAV7'],
      version: 1,
    });
  });

  test('a single device that is an object instead of a list is imported', async () => {
    side.simulator.devices = [aPhone(1)];
    expect(await side.run()).toMatchObject({ devices: 1, changed: 1 });
  });

  test('ids beyond 2^53 that are JSON numbers keep every digit', async () => {
    side.simulator.devices = [
      aPhone(1, { maas360DeviceID: { raw: '90071992547409931' }, unifiedTravelerDeviceId: { raw: '123456789012345678901' } }),
    ];
    await side.run();
    expect(await side.enrolments.read('maas360-90071992547409931')).toMatchObject({
      mailDeviceIds: ['Appl1', '123456789012345678901'],
    });
  });

  test('numbers that are empty texts are ignored', async () => {
    side.simulator.devices = [aPhone(1, { lastReportedInEpochms: '', platformSerialNumber: '', mailboxDeviceId: '' }), aPhone(2)];
    expect(await side.run()).toMatchObject({ devices: 2, unreadable: 0 });
    expect((await side.enrolments.read('maas360-Apple1'))?.mailDeviceIds).toEqual(['TRAV1']);
  });

  test.each(['Pending Control Removed', 'Not Enrolled', 'Activated', 'Inactive', 'something new', ''])(
    'the status "%s" is kept unchanged and does not count as enrolled',
    async (status) => {
      side.simulator.devices = [aPhone(1, { maas360ManagedStatus: status })];
      await side.run();
      expect((await side.enrolments.read('maas360-Apple1'))?.status.toLowerCase()).not.toBe('enrolled');
    },
  );

  test('only the id makes a mailbox Secure Mail; only a named policy pushes mail', async () => {
    side.simulator.devices = [
      aPhone(1, { mdmMailboxDeviceId: 'MDMXX0001', mdmPolicy: 'Mail pushed' }),
      aPhone(2, { mdmMailboxDeviceId: 'ApplB' }),
    ];
    await side.run();
    expect(await side.enrolments.read('maas360-Apple1')).toMatchObject({
      secureMailDeviceIds: ['MDMXX0001'],
      mailConfiguration: 'pushed',
    });
    const other = await side.enrolments.read('maas360-Apple2');
    expect(other).toMatchObject({ mailDeviceIds: ['Appl2', 'ApplB', 'TRAV2'], mailConfiguration: 'unknown' });
    expect(other?.secureMailDeviceIds).toBeUndefined();
  });

  test('a device without an id or a person is counted, and affects nothing', async () => {
    side.simulator.devices = [aPhone(1, { maas360DeviceID: '' }), aPhone(2, { emailAddress: '', username: '' }), aPhone(3)];
    expect(await side.run()).toMatchObject({ changed: 1, unreadable: 2 });
  });

  test('requests are sent one at a time, with a pause between two', async () => {
    await side.stop();
    side = await startSide({ pauseMs: 40, answerAfterMs: 5 });
    side.simulator.devices = phones(60);
    await side.run();
    const times = side.simulator.requests.map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(39);
    expect(side.simulator.mostAtOnce).toBe(1);
  });
});

describe('reading again', () => {
  test('requests only recent reports, and an unchanged device is no change', async () => {
    side.simulator.devices = phones(30);
    await side.run();
    side.clock.now += hour;
    side.simulator.devices = phones(30).map((phone, index) => ({
      ...phone,
      ...(index < 2 ? { lastReportedInEpochms: side.clock.now } : {}),
      ...(index === 1 ? { maas360ManagedStatus: 'User Removed Control' } : {}),
    }));
    expect(await side.run()).toMatchObject({ kind: 'delta', devices: 2, changed: 1 });
    expect(searches().at(-1)?.query.get('lastReportedAfterInEpochms')).toBe(String(side.clock.now - hour - 600_000));
    expect(await side.enrolments.read('maas360-Apple2')).toMatchObject({ status: 'User Removed Control', version: 2 });
    expect(await side.enrolments.read('maas360-Apple1')).toMatchObject({ version: 1 });
  });

  test('a device missing from two full imports is unenrolled, until listed again', async () => {
    side.simulator.devices = phones(30);
    await side.run();
    side.simulator.devices = phones(29);
    side.clock.now += 24 * hour;
    expect(await side.run()).toMatchObject({ kind: 'full', withdrawn: 0 });
    expect(await side.enrolments.read('maas360-Apple30')).toMatchObject({ status: 'Enrolled' });
    side.clock.now += 24 * hour;
    expect(await side.run()).toMatchObject({ kind: 'full', withdrawn: 1 });
    expect(await side.enrolments.read('maas360-Apple30')).toMatchObject({ status: 'no longer listed by MaaS360' });
    side.simulator.devices = phones(30);
    side.clock.now += 24 * hour;
    expect(await side.run()).toMatchObject({ changed: 1 });
    expect(await side.enrolments.read('maas360-Apple30')).toMatchObject({ status: 'Enrolled' });
  });

  test('enrolments of others are never withdrawn', async () => {
    const { version: _version, ...foreign } = { ...(await anEnrolmentOfAnother()), version: 1 };
    side.simulator.devices = phones(1);
    for (let day = 0; day < 3; day++) {
      await side.run();
      side.clock.now += 24 * hour;
    }
    expect(await side.enrolments.read(foreign.id)).toMatchObject({ status: 'Enrolled' });
  });

  test.each([0, 10])('a list that shrinks from 30 to %i withdraws nothing and asks a person', async (left) => {
    side.simulator.devices = phones(30);
    await side.run();
    side.simulator.devices = phones(left);
    for (let day = 0; day < 2; day++) {
      side.clock.now += 24 * hour;
      expect(await side.run()).toMatchObject({ withdrawn: 0 });
    }
    expect((await side.states.read()).problem).toMatchObject({ kind: 'refused', what: expect.stringContaining('of 30') });
    expect(await side.enrolments.read('maas360-Apple30')).toMatchObject({ status: 'Enrolled' });
  });

  async function anEnrolmentOfAnother() {
    const one = {
      id: 'portal-1',
      user: { email: 'someone@acme.example' },
      platform: 'iOS',
      status: 'Enrolled',
      mailDeviceIds: ['X1'],
      mailConfiguration: 'unknown' as const,
      changedAt: 1,
      version: 1,
    };
    await side.enrolments.put(one);
    return one;
  }
});

describe('when MaaS360 misbehaves', () => {
  const failing = () => side.run().then(Promise.reject, (error: Error) => error);

  test('a sign-in refused with HTTP 200 is tried once an hour, avoiding lockout', async () => {
    side.simulator.faults.add('sign-in-refused');
    expect(await failing()).toMatchObject({ kind: 'denied', message: expect.stringContaining('errorCode 1002') });
    side.clock.now += hour - 1000;
    expect(await side.run()).toEqual({ outcome: 'resting' });
    expect(side.simulator.requests).toHaveLength(1);
    side.simulator.faults.clear();
    side.clock.now += 1000;
    expect(await side.run()).toMatchObject({ outcome: 'taken' });
    expect((await side.states.read()).problem).toBeNull();
  });

  test('an expired token is renewed once, automatically', async () => {
    side.simulator.devices = phones(3);
    side.simulator.faults.add('token-expires-once');
    expect(await side.run()).toMatchObject({ devices: 3 });
    expect(side.simulator.requests.map(({ kind }) => kind)).toEqual(['sign-in', 'search', 'sign-in', 'search', 'search']);
  });

  test('a token that is never accepted is not renewed again and again', async () => {
    side.simulator.faults.add('token-never-accepted');
    expect(await failing()).toMatchObject({ kind: 'denied' });
    expect(side.simulator.requests.map(({ kind }) => kind)).toEqual(['sign-in', 'search', 'sign-in', 'search']);
  });

  test.each([
    ['sign-in-without-wrapper', 'no authResponse'],
    ['search-without-wrapper', 'no "devices"'],
    ['xml-anyway', 'XML'],
    ['broken', 'failed (500)'],
    ['never-ends', 'does not come to an end'],
  ] as const)('%s is reported in words, and changes nothing', async (fault, says) => {
    side.simulator.devices = phones(60);
    await side.run();
    const before = await side.enrolments.list(null, 100);
    side.clock.now += 24 * hour;
    side.simulator.faults.add(fault);
    side.simulator.devices = phones(60).map((phone) => ({ ...phone, maas360ManagedStatus: 'Enrolled' }));
    if (fault === 'sign-in-without-wrapper') side.simulator.faults.add('token-expires-once');
    expect((await failing()).message).toContain(says);
    expect((await side.states.read()).problem?.what).toContain(says);
    expect(await side.enrolments.list(null, 100)).toEqual(before);
  });

  test('a busy MaaS360 is not contacted before its Retry-After', async () => {
    side.simulator.faults.add('busy');
    expect(await failing()).toMatchObject({ kind: 'busy' });
    side.clock.now += 119_000;
    expect(await side.run()).toEqual({ outcome: 'resting' });
    side.clock.now += 1000;
    side.simulator.faults.clear();
    expect(await side.run()).toMatchObject({ outcome: 'taken' });
  });

  test('the feed is fresh only after a full import: nobody is held before', async () => {
    side.simulator.devices = phones(60);
    const { source } = side.dependencies;
    const breaking = importEnrolments({
      ...side.dependencies,
      source: { page: (number, since) => (number === 2 ? Promise.reject(new Error('cut')) : source.page(number, since)) },
    });
    await expect(breaking()).rejects.toThrow('cut');
    expect(await side.enrolments.read('maas360-Apple1')).toBeNull();
    expect(await side.enrolments.feed(side.clock.now)).toBe('never');
    await side.run();
    expect(await side.enrolments.feed(side.clock.now)).toBe('fresh');
  });

  test('a few changes go as single events, followed by the fresh feed', async () => {
    side.simulator.devices = phones(3);
    await side.run();
    expect(side.queue.sent.at(-1)).toMatchObject({ kind: 'everyone', sourceId: 'cloud' });
  });

  test('what the guard stops is not imported, and waits for a person', async () => {
    side.simulator.devices = phones(30);
    const stopped = importEnrolments({ ...side.dependencies, takeMany: async () => ({ outcome: 'guarded' }) });
    expect(await stopped()).toMatchObject({ outcome: 'guarded', changed: 30 });
    expect(await side.enrolments.read('maas360-Apple1')).toBeNull();
    expect(await side.enrolments.feed(side.clock.now)).toBe('never');
    expect((await side.states.read()).problem).toMatchObject({ kind: 'refused', remedy: expect.stringContaining('Confirm') });
  });

  test.each([2, 60])('a killed import of %i is completed by the next, which evaluates everyone', async (count) => {
    side.simulator.devices = phones(count);
    const { takeFew, takeMany } = side.dependencies;
    const dying =
      <A extends unknown[]>(work: (...given: A) => Promise<unknown>) =>
      async (...given: A): Promise<never> => {
        await work(...given);
        throw new Error('killed');
      };
    const killed = importEnrolments({ ...side.dependencies, takeFew: dying(takeFew), takeMany: dying(takeMany) });
    await expect(killed()).rejects.toThrow('killed');
    const before = side.queue.sent.length;
    expect(await side.run()).toMatchObject({ outcome: 'taken', changed: 0 });
    expect(side.queue.sent.slice(before)).toContainEqual(expect.objectContaining({ kind: 'everyone', sourceId: 'cloud' }));
    expect((await side.states.read()).interrupted).toBe(false);
  });
});
