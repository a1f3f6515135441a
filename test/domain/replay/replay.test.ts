import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultSettings } from '#domain/quarantine/settings';
import { linesInOrder, replayAt } from '#domain/replay/replay';
import { whatIf } from '#domain/replay/what-if';
import { aJournal, free, type Phone, waiting } from '#test/fixtures/journal';
import { enrolled } from '#test/fixtures/spine';

const jane: Phone = { user: 'Jane Doe/Acme', deviceId: 'ApplA' };
const john: Phone = { user: 'John Roe/Acme', deviceId: 'ApplB' };
const approved = { approval: 'approved', access: 'allow', wipe: 'none' };
const denied = { approval: 'denied', access: 'deny', wipe: 'none' };
const on = { ...defaultSettings, requireApproval: 'on' as const };
type Journal = ReturnType<typeof aJournal>;
const at = (journal: Journal, time: number) =>
  Object.fromEntries(replayAt(journal.lines, time).map((device) => [device.deviceId, device]));

test('a device has its state of that time: absent, waiting, approved, removed', () => {
  const journal = aJournal();
  journal.source(100, { settings: { devicesPerUser: 0 } });
  journal.discovered(200, jane, waiting);
  journal.verdict(210, jane, 'hold', 'over-allowance');
  journal.decided(jane, { decisionId: 'd1', decided: 'approve', at: 300 });
  journal.verdict(310, jane, 'approve', 'manual-decision');
  journal.action(320, jane, 'approve', { by: 'person', before: waiting, after: approved });
  journal.removed(400, jane);
  expect(at(journal, 150)).toEqual({});
  expect(at(journal, 250).ApplA).toMatchObject({
    ...{ state: 'present', approval: 'pending', verdict: 'hold', rule: 'over-allowance', decidedAt: 210 },
    recomputed: { verdict: 'hold', rule: 'over-allowance' },
  });
  expect(at(journal, 350).ApplA).toMatchObject({
    ...{ approval: 'approved', access: 'allow', verdict: 'approve' },
    recomputed: { verdict: 'approve', rule: 'manual-decision' },
  });
  expect(at(journal, 400).ApplA).toMatchObject({ state: 'removed', recomputed: null });
});

test('our own block is distinguished from older ones; approval lifts it', () => {
  const journal = aJournal();
  journal.source(100, {});
  journal.discovered(200, jane, approved);
  journal.discovered(200, john, denied);
  journal.action(300, jane, 'block', { before: approved, after: denied });
  journal.action(300, john, 'block', { before: denied, after: denied });
  expect(at(journal, 300)).toMatchObject({ ApplA: { ourBar: 'block' }, ApplB: { ourBar: null } });
  journal.action(400, jane, 'approve', { before: denied, after: approved });
  expect(at(journal, 400).ApplA).toMatchObject({ ourBar: null, recomputed: { rule: 'already-admitted' } });
});

test('decisions end by time and by withdrawal, in either order', () => {
  const journal = aJournal();
  journal.source(100, {});
  journal.discovered(200, jane, waiting);
  journal.discovered(200, john, waiting);
  journal.decided(jane, { decisionId: 'd1', decided: 'approve', at: 300, expiresAt: 500 });
  journal.withdrawn(450, john);
  journal.decided(john, { decisionId: 'd2', decided: 'approve', at: 400 });
  const rules = (time: number) => Object.values(at(journal, time)).map(({ recomputed }) => recomputed?.rule);
  expect(rules(440)).toEqual(['manual-decision', 'manual-decision']);
  expect(rules(460)).toEqual(['manual-decision', 'over-allowance']);
  expect(rules(500)).toEqual(['over-allowance', 'over-allowance']);
});

test('enrolments, links and a silent portal affect what is recomputed', () => {
  const journal = aJournal();
  journal.source(100, { settings: { autoApproveEnrolled: true, autoApproveVerse: true } });
  const verse = { ...jane, deviceId: 'IBM_IOS_1' };
  journal.discovered(200, jane, waiting);
  journal.discovered(200, verse, waiting);
  const rules = (time: number) => Object.values(at(journal, time)).map(({ recomputed }) => recomputed?.rule);
  expect(rules(250)).toEqual(['enrolment-unknown', 'enrolment-unknown']);
  journal.feed(300, 'fresh');
  expect(rules(300)).toEqual(['over-allowance', 'over-allowance']);
  journal.enrolled(400, enrolled('one', { mailDeviceIds: ['appla'] }));
  expect(rules(400)).toEqual(['enrolled-device', 'verse-on-enrolled-device']);
  journal.link(jane.user, { kind: 'undone', portalUser: 'one@acme.example', by: 'ann', at: 500 });
  expect(rules(500)[1]).toBe('over-allowance');
  journal.link(jane.user, { kind: 'confirmed', portalUser: 'ONE@acme.example', by: 'ann', at: 600 });
  expect(rules(600)[1]).toBe('verse-on-enrolled-device');
  journal.feed(700, 'stale');
  expect(rules(700)[0]).toBe('enrolled-device');
});

test('replayed with approval required, earlier devices stay and later ones would have waited', () => {
  const journal = aJournal();
  journal.source(100, { aqInForce: false });
  journal.discovered(200, jane, free);
  journal.discovered(1500, john, free);
  const supposed = whatIf(journal.lines, { from: 1000, to: 2000, settings: on });
  expect(supposed.changes).toEqual([
    expect.objectContaining({ at: 1000, deviceId: 'ApplA', after: { verdict: 'leave', rule: 'existing-device' }, action: null }),
    expect.objectContaining({ at: 1500, deviceId: 'ApplB', after: { verdict: 'hold', rule: 'over-allowance' }, action: null }),
  ]);
  expect(supposed.perRule).toEqual({ 'existing-device': 1, 'over-allowance': 1 });
});

test('blocking manual mail blocks exactly those devices when enrolled, and approves pushed ones', () => {
  const journal = aJournal();
  journal.source(100, { settings: { devicesPerUser: 1 } });
  journal.feed(100, 'fresh');
  journal.discovered(200, jane, approved);
  journal.discovered(200, john, approved);
  journal.enrolled(1100, enrolled('jane', { mailDeviceIds: ['ApplA'], mailConfiguration: 'manual' }));
  journal.enrolled(1200, enrolled('jane', { mailDeviceIds: ['ApplA'], mailConfiguration: 'pushed', version: 2 }));
  const settings = { ...on, devicesPerUser: 1, autoApproveByPolicy: true };
  const supposed = whatIf(journal.lines, { from: 1000, to: 2000, settings });
  expect(supposed.changes.filter(({ action }) => action !== null)).toEqual([
    expect.objectContaining({ at: 1100, deviceId: 'ApplA', action: 'block' }),
    expect.objectContaining({ at: 1200, deviceId: 'ApplA', action: 'approve' }),
  ]);
  expect(supposed.actions).toEqual({ approve: 1, block: 1 });
});

test("Auto-Quarantine's real actions are left out; people's decisions stay until they end", () => {
  const journal = aJournal();
  journal.source(100, { settings: { devicesPerUser: 5 } });
  journal.discovered(1100, jane, waiting);
  journal.verdict(1110, jane, 'approve', 'within-allowance');
  journal.action(1120, jane, 'approve', { before: waiting, after: approved });
  journal.discovered(1200, john, waiting);
  journal.decided(john, { decisionId: 'd', decided: 'block', at: 1300, expiresAt: 1400 });
  const supposed = whatIf(journal.lines, { from: 1000, to: 2000, settings: on });
  expect(supposed.differs).toEqual([
    {
      ...{ sourceId: 'cloud', ...jane, recorded: { verdict: 'approve', rule: 'within-allowance' } },
      supposed: { verdict: 'hold', rule: 'over-allowance' },
    },
    expect.objectContaining({ ...john, recorded: null }),
  ]);
  const johns = supposed.changes.filter(({ deviceId }) => deviceId === john.deviceId);
  expect(johns.map(({ at: time, after, action }) => [time, after.verdict, action])).toEqual([
    [1200, 'hold', null],
    [1300, 'block', 'block'],
    [1400, 'hold', null],
  ]);
});

test('the same journal gives the same bytes, in any order of its export', () => {
  const events = fc.array(
    fc.record({ phone: fc.constantFrom(jane, john), kind: fc.nat(5), step: fc.integer({ min: 0, max: 50 }) }),
    {
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(events, fc.integer(), (given, seed) => {
      const journal = aJournal();
      journal.source(1, { settings: { autoApproveByPolicy: true } });
      journal.discovered(2, jane, waiting);
      journal.discovered(2, john, free);
      let time = 10;
      given.forEach(({ phone, kind, step }, index) => {
        time += step;
        const acts = [
          () => journal.changed(time, phone, index % 2 === 0 ? waiting : approved),
          () => journal.decided(phone, { decisionId: `d${index}`, decided: 'block', at: time, expiresAt: time + 40 }),
          () => journal.withdrawn(time, phone),
          () =>
            journal.enrolled(
              time,
              enrolled(phone.deviceId, { mailDeviceIds: [phone.deviceId], version: index, mailConfiguration: 'manual' }),
            ),
          () => journal.feed(time, index % 2 === 0 ? 'fresh' : 'stale'),
          () => journal.action(time, phone, 'block', { before: approved, after: denied }),
        ];
        acts[kind]?.();
      });
      const entries = journal.entries();
      const shuffled = entries.map((entry, index) => ({ entry, key: (index * 7919 + seed) % 101 })).sort((a, b) => a.key - b.key);
      const [one, other] = [entries, [...shuffled.map(({ entry }) => entry), ...entries.slice(0, 3)]].map(linesInOrder);
      const settings = { ...on, devicesPerUser: 1 };
      const answer = (lines = one ?? []) =>
        JSON.stringify([replayAt(lines, time), whatIf(lines, { from: 10, to: time + 100, settings })]);
      expect(answer(other)).toBe(answer(one));
    }),
    { numRuns: 200 },
  );
});
