/**
 * Every type of action in every state of a device: over the console it ends as it does over SmartCloud, with the same data.
 * The SmartCloud side is the cloud's own code (functions/act): its reads, its executors, its order.
 */
import { expect, onTestFinished, test } from 'vitest';
import type { TravelerSource } from '#adapters/traveler/source';
import type { ActionType } from '#domain/actions/action';
import { effectContext } from '#domain/actions/effect-of';
import { isAdmitted, isDenied } from '#domain/actions/own-block';
import { effects, wipeRequest } from '#domain/actions/wanted-effects';
import type { Denial, DeviceDetail } from '#domain/devices/device';
import { writes } from '#functions/act/traveler-writes';
import { type SimulatedDevice, startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { consoleWrites } from '../../../relay/domino/console-writes.ts';
import type { DeviceWrites } from '../../../relay/domino/device-writes.ts';
import { restWrites } from '../../../relay/domino/rest-writes.ts';
import { acting, quick, restOf } from './acting.ts';
import { directConsole } from './parts.ts';

const user = 'Jane Doe/Acme';
const types: ActionType[] = ['approve', 'block', 'remove', 'wipe', 'cancel-wipe'];
const approvals = [1, 2, 8, 16];
const accesses = [0, 1];
const wipes = {
  none: { wipeOptions: '', wipeStatus: '0', wipeDate: 0 },
  'of the device': { wipeOptions: 'wipeDevice', wipeStatus: '1', wipeDate: 0 },
  'of the apps': { wipeOptions: 'wipeApps', wipeStatus: '1', wipeDate: 0 },
  fetched: { wipeOptions: '', wipeStatus: '1', wipeDate: 0 },
  'carried out': { wipeOptions: 'wipeDevice', wipeStatus: '2', wipeDate: 1_700_000_000_000 },
};
type Start = { approval: number; access: number; wipe: keyof typeof wipes; ours: boolean };
const starts: Start[] = approvals.flatMap((approval) =>
  accesses.flatMap((access) =>
    (Object.keys(wipes) as (keyof typeof wipes)[]).flatMap((wipe) =>
      [true, false].map((ours) => ({ approval, access, wipe, ours })),
    ),
  ),
);

/** The state of the device, reduced to what the action is about. */
const meaning = (found: { detail: DeviceDetail } | 'gone', what: ActionType) => {
  if (found === 'gone') return 'gone';
  const { detail } = found;
  // Whether the record of a completed wipe is kept says nothing about access.
  if (what === 'approve' || what === 'block') return { admitted: isAdmitted(detail), out: isDenied(detail) };
  const wipe = detail.wipe === 'requested' ? detail.codes.requested_wipe_options?.split('/').sort().join('/') : detail.wipe;
  // A wipe denies the device on premises until it is cleared; that is not a block.
  return what === 'wipe' ? { wipe } : { wipe, admitted: isAdmitted(detail), out: isDenied(detail) };
};

/** The cloud's own code path, for a source that it reaches itself. */
async function overSmartCloud(
  source: TravelerSource,
  device: SimulatedDevice,
  { what, ours }: { what: ActionType; ours: boolean },
) {
  const denial: Denial | null = ours ? { kind: 'block', actionId: 'earlier', at: 1 } : null;
  const targets = what === 'wipe' ? { wipeTargets: ['device' as const] } : {};
  const about = { action: { type: what, purpose: 'decision' as const, ...targets }, device: { denial }, open: [] };
  const effect = effects[what];
  const context = effectContext({ ...about, state: 'dispatched' });
  const found = await source.detail(device.href);
  if (found === 'gone') throw new Error('The device is there');
  const progress = effect.progress(found.detail, context);
  if (progress === 'done' || progress === 'pending') return 'already';
  if (effect.givesWay && found.detail.wipe === 'requested') return 'a wipe goes first';
  if (effect.refuses(found.detail, context) !== null) return 'refused';
  await writes[what](source, device.href, { seen: found.detail, about });
  const after = await source.detail(device.href);
  if (after === 'gone') return 'gone';
  return effect.progress(after.detail, context) === 'undone' ? 'without effect' : 'done';
}

/** Where the console cannot do what SmartCloud can (docs/decisions/0023-relay-console.md). */
const consoleDifferences: [why: string, where: (what: ActionType, start: Start) => boolean][] = [
  [
    'lifting our lock takes all flags back, so it waits for a wipe that the phone has fetched',
    (what, { access, wipe, ours }) => what === 'approve' && ours && access === 1 && wipe === 'fetched',
  ],
  [
    'taking back a wipe lifts every lock, and a bar that is not ours cannot be told from the one that the wipe is',
    (what, { approval, access, wipe, ours }) =>
      what === 'cancel-wipe' && !ours && access === 1 && wipe !== 'none' && (approval === 2 || approval === 16),
  ],
];

const ways: [string, (server: TravelerSimulator, rest: TravelerSource) => DeviceWrites][] = [
  ['the console', (server, rest) => quick(consoleWrites(directConsole(server.port), { rest }))],
  ['REST', (_, rest) => quick(restWrites(rest))],
];

test.for(ways)('over %s, each action ends as over SmartCloud', { timeout: 120_000 }, async ([name, writes]) => {
  const there = await startTravelerSimulator({ devices: 0, requireApproval: true });
  const smartcloud = restOf(there);
  onTestFinished(async () => {
    await smartcloud.close();
    await there.stop();
  });
  const { server, relay, cloud, commandFor, source } = await acting({ writes, atOnce: 8 });
  const known = name === 'REST' ? [] : consoleDifferences;
  const differences: string[] = [];
  const met = new Set<string>();
  await Promise.all(
    types.flatMap((what) =>
      starts.map(async (start, n) => {
        const { approval, access, wipe, ours } = start;
        const [here, away] = [server, there].map((one) => {
          const device = one.arrive(user, { kind: 'ios-mail', deviceId: `Appl${what}${n}` });
          one.adminChange(device, { approval, access, ...wipes[wipe] });
          return device;
        });
        if (!here || !away) throw new Error('One device on each side');
        const command = commandFor(here, { what, liftDenial: ours, lockBelongs: ours });
        await relay.act(command, cloud.link);
        const [outcome, expected] = await Promise.all([
          cloud.resultOf(command),
          overSmartCloud(smartcloud, away, { what, ours }),
        ]);
        const [ended, wanted] = await Promise.all([
          source.read({ ...command.target, href: here.href }),
          smartcloud.detail(away.href),
        ]);
        const same = JSON.stringify(meaning(ended, what)) === JSON.stringify(meaning(wanted, what));
        const reported = { already: 'already', looked: 'a wipe goes first', refused: 'refused', gone: 'gone' }[
          outcome.how as 'already'
        ];
        const sameOutcome = reported === undefined ? expected === 'done' || expected === 'without effect' : reported === expected;
        const why = known.find(([, where]) => where(what, start))?.[0];
        if (why !== undefined && !same) met.add(why);
        if (why === undefined && (!same || !sameOutcome))
          differences.push(
            `${what} at approval ${approval}, access ${access}, wipe ${wipe}, ${ours ? 'ours' : 'not ours'}: ${outcome.how} ${JSON.stringify(meaning(ended, what))}, over SmartCloud ${expected} ${JSON.stringify(meaning(wanted, what))}`,
          );
      }),
    ),
  );
  expect(types.length * starts.length).toBe(400);
  expect(differences.sort()).toEqual([]);
  expect(met.size).toBe(known.length);
});

test('a new wipe repeats the targets that are already pending', () => {
  const seen = { wipe: 'requested', codes: { requested_wipe_options: 'wipeApps' } } as unknown as DeviceDetail;
  expect(wipeRequest(seen, { wipeTargets: ['device'] })).toEqual(['device', 'apps']);
});
