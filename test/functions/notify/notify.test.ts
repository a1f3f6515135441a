import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceFailure } from '#adapters/service-failure';
import { notify } from '#functions/notify/notify';
import { type Side, startSide } from './notify-side.ts';

const minute = 60_000;
let side: Side;
beforeEach(async () => {
  side = await startSide();
});
afterEach(() => side.stop());

const failure = (kind: 'busy' | 'permanent' | 'unknown' | 'transient') =>
  new ServiceFailure(kind, { what: `a ${kind} failure`, where: 'SES', remedy: 'Wait.' });

describe('a notice', () => {
  test('shows user, device, client, first seen, reason and link, as text and HTML', async () => {
    await side.hold(1);
    await side.run();
    const [mail] = side.mails;
    expect(mail?.to).toEqual(['admin@acme.example']);
    expect(mail?.subject).toBe('A device waits for approval (cloud)');
    for (const body of [mail?.text, mail?.html]) {
      for (const fact of ['User 1/Acme', 'Apple iPhone (Appl1)', 'ios-mail', '2026-03-02 07:59 UTC', 'third of 2 allowed'])
        expect(body).toContain(fact);
      expect(body).toMatch(/https:\/\/console\.example\/device\?source=cloud&(amp;)?user=User\+1%2FAcme&(amp;)?id=Appl1/);
    }
  });

  test("shows a phone's data as text: no markup works, no line imitates a fact", async () => {
    await side.hold(1, { user: '<img src=x onerror=alert(1)>/Acme', provider: 'Phone"\r\nWhy: approved by the boss' });
    await side.run();
    const [mail] = side.mails;
    expect(mail?.html).not.toContain('<img');
    expect(mail?.html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(mail?.html).toContain('Phone&quot; Why: approved by the boss');
    expect(mail?.text.split('\n').filter((line) => line.startsWith('Why:'))).toEqual(['Why: third of 2 allowed']);
    expect(mail?.subject).not.toContain('img');
  });

  test('is in the timeline of each device that it named', async () => {
    const device = await side.hold(1);
    await side.run();
    expect(await side.timeline.read(device)).toMatchObject([{ kind: 'notice', data: { to: ['admin@acme.example'] } }]);
  });

  test('names a hundred devices and counts the others', async () => {
    for (let number = 0; number < 103; number++) await side.hold(number);
    await side.run();
    expect(side.mails.map(({ subject }) => subject)).toEqual(['103 devices wait for approval (cloud)']);
    expect(side.mails[0]?.text).toContain('… and 3 more.');
  });
});

describe('frequency', () => {
  test('one digest a minute at most: later devices are in the next', async () => {
    await side.hold(1);
    await side.hold(2);
    await side.run();
    side.clock.now += 20_000;
    await side.hold(3);
    expect(await side.run()).toMatchObject([{ outcome: 'waits' }]);
    side.clock.now += 40_000;
    await side.run();
    expect(side.mails.map(({ subject }) => subject)).toEqual([
      '2 devices wait for approval (cloud)',
      'A device waits for approval (cloud)',
    ]);
  });

  test('once for each time that a device is held', async () => {
    const device = await side.hold(1);
    await side.run();
    side.clock.now += minute;
    await side.run();
    expect(side.mails).toHaveLength(1);
    await side.release(device);
    side.clock.now += minute;
    await side.hold(1);
    await side.run();
    expect(side.mails).toHaveLength(2);
  });

  test('not for a device that was approved before the notice was sent', async () => {
    await side.release(await side.hold(1));
    await side.run();
    expect(side.mails).toEqual([]);
  });

  test('not for devices that were held long before notices were switched on', async () => {
    await side.hold(1);
    side.clock.now += 61 * minute;
    await side.hold(2);
    await side.run();
    expect(side.mails.map(({ text }) => [text.includes('Appl1'), text.includes('Appl2')])).toEqual([[false, true]]);
  });

  test('not without a recipient, and later not of what happened then', async () => {
    side.addresses.to = [];
    await side.hold(1);
    expect(await side.run()).toMatchObject([{ outcome: 'nothing-new' }]);
    side.addresses.to = ['admin@acme.example'];
    side.clock.now += minute;
    await side.run();
    expect(side.mails).toEqual([]);
  });
});

describe('with a long journal', () => {
  const pages = () => {
    const asked: { fromSeq: number }[] = [];
    const { chain } = side.dependencies;
    const readChain: typeof chain.readChain = (sourceId, options = {}) => {
      asked.push({ fromSeq: options.fromSeq ?? 1 });
      return chain.readChain(sourceId, options);
    };
    return { asked, run: notify({ ...side.dependencies, chain: { ...chain, readChain } }) };
  };

  test('the first run begins with recent lines, not with the first line', async () => {
    await side.fill(600);
    side.clock.now += 2 * 60 * minute;
    await side.hold(1);
    const { asked, run } = pages();
    await run();
    expect(side.mails).toHaveLength(1);
    expect(asked[0]?.fromSeq).toBeGreaterThan(90);
  });

  test('one run reads a bounded part, saves its position, and the next continues', async () => {
    await side.run();
    await side.fill(1_100);
    await side.hold(1);
    side.clock.now += minute;
    expect(await side.run({ lines: 1_000 })).toMatchObject([{ outcome: 'more' }]);
    expect(side.mails).toHaveLength(0);
    expect((await side.notices.read('cloud'))?.seq).toBe(1_000);
    side.clock.now += minute;
    expect(await side.run()).toMatchObject([{ outcome: 'sent', devices: 1 }]);
  });

  test('a run that is cut off resumes after the pages that it has read', async () => {
    await side.fill(1_100);
    const { chain } = side.dependencies;
    let pagesLeft = 2;
    const dying: typeof chain.readChain = (...given) =>
      pagesLeft-- > 0 ? chain.readChain(...given) : Promise.reject(new Error('killed'));
    await expect(notify({ ...side.dependencies, chain: { ...chain, readChain: dying } })()).rejects.toThrow('killed');
    const { asked, run } = pages();
    await run();
    expect(asked[0]?.fromSeq).toBe(1_001);
  });

  test('no further page is read once its time is over', async () => {
    await side.fill(600);
    const { asked, run } = pages();
    expect(await run({ until: side.clock.now })).toMatchObject([{ outcome: 'more' }]);
    expect(asked).toEqual([]);
  });
});

describe('when sending fails', () => {
  test.each(['busy', 'transient', 'permanent'] as const)(
    'a mail that was surely not sent (%s) is retried later, once',
    async (kind) => {
      await side.hold(1);
      const failing = notify({ ...side.dependencies, send: () => Promise.reject(failure(kind)) });
      expect(await failing()).toMatchObject([{ outcome: 'failed' }]);
      expect((await side.notices.read('cloud'))?.problem?.what).toBe(`a ${kind} failure`);
      side.clock.now += 15 * minute;
      await side.run();
      side.clock.now += 15 * minute;
      await side.run();
      expect(side.mails).toHaveLength(1);
      expect((await side.notices.read('cloud'))?.problem).toBeNull();
    },
  );

  test('a mail that may have been sent is not retried, visibly', async () => {
    await side.hold(1);
    const failing = notify({ ...side.dependencies, send: () => Promise.reject(failure('unknown')) });
    await failing();
    side.clock.now += 15 * minute;
    await side.run();
    expect(side.mails).toEqual([]);
    expect((await side.notices.read('cloud'))?.problem?.kind).toBe('unknown');
    await side.hold(2);
    await side.run();
    expect(side.mails).toHaveLength(1);
  });

  test('killed anywhere: no duplicate mail, and none missing except while sending', async () => {
    const { notices, chain, devices, timeline } = side.dependencies;
    const outcomes: string[] = [];
    for (let kill = 1; ; kill++) {
      side.clock.now += 2 * minute;
      await side.hold(kill);
      const before = side.mails.length;
      let calls = 0;
      let killedIn = '';
      const dying =
        <A extends unknown[], R>(name: string, work: (...given: A) => Promise<R>) =>
        async (...given: A): Promise<R> => {
          if (killedIn !== '') throw new Error('killed');
          calls += 1;
          if (calls === kill) killedIn = `before ${name}`;
          if (killedIn !== '') throw new Error('killed');
          const result = await work(...given);
          calls += 1;
          if (calls === kill) killedIn = `after ${name}`;
          if (killedIn !== '') throw new Error('killed');
          return result;
        };
      const killed = notify({
        ...side.dependencies,
        chain: { ...chain, readChain: dying('readChain', chain.readChain) },
        devices: { getDevice: dying('getDevice', devices.getDevice) },
        notices: { read: dying('read', notices.read), move: dying('move', notices.move) },
        timeline: { append: dying('append', timeline.append) },
        send: dying('send', side.dependencies.send),
      });
      await killed().catch((error: Error) => expect(error.message).toBe('killed'));
      side.clock.now += 2 * minute;
      await side.run();
      const sent = side.mails.length - before;
      expect(sent).toBeLessThanOrEqual(1);
      outcomes.push(`${killedIn}: ${sent}`);
      const unsure = (await side.notices.read('cloud'))?.problem?.kind === 'unknown';
      if (sent === 0) expect(unsure).toBe(true);
      side.clock.now += 2 * minute;
      if (killedIn === '') break;
    }
    expect(outcomes.length).toBeGreaterThan(10);
    const lost = outcomes.filter((one) => one.endsWith(': 0'));
    expect(lost).toEqual(['after move: 0', 'before send: 0']);
  });
});
