/** docs/action-attempts.md: what an attempt at an action does next, asked of the function itself on representative values. */
import type { Action, ActionState, ActionType, Shown } from '#domain/actions/action';
import type { Attempt, Decision, Moment, NextKind, Observation, StepOf, Tried } from '#domain/actions/attempt';
import type { SourceFailure } from '#domain/actions/failure';
import { next } from '#domain/actions/next-step';
import type { DeviceDetail } from '#domain/devices/device';
import { head, notice, page, row } from './page.ts';

const now = Date.UTC(2026, 0, 1);
const moment: Moment = { now, random: 0.5 };
const hourMs = 3_600_000;

const free: DeviceDetail = {
  ...{ approval: 'approved', access: 'allow', wipe: 'none', wipeTypes: '1', compliance: 'compliant' },
  ...{ approvalDate: null, approvers: [], wipeDate: null, codes: {} },
};
const denied: DeviceDetail = { ...free, approval: 'denied', access: 'deny' };
const wiping: DeviceDetail = { ...free, wipe: 'requested', codes: { requested_wipe_options: 'wipeDevice' } };
const fetched: DeviceDetail = { ...free, wipe: 'unknown' };
const wiped: DeviceDetail = { ...free, wipe: 'wiped', wipeDate: now };
const incapable: DeviceDetail = { ...free, wipeTypes: '0' };

const shownOf = ({ approval, access, wipe }: DeviceDetail): Shown => ({ approval, access, wipe });
const device = (seen: DeviceDetail): Observation => ({ saw: 'device', sight: { seen, shown: shownOf(seen), href: '/device' } });
const before = shownOf(free);
const failure = (kind: SourceFailure['kind'], more: Partial<SourceFailure> = {}): SourceFailure => ({
  ...{ kind, message: kind, problem: { what: kind, where: 'server', remedy: '' }, unreachable: false },
  ...more,
});
const sightOf = (seen: DeviceDetail) => ({ seen, shown: shownOf(seen), href: '/device' });

type Column = { title: string; state: ActionState; tried?: Tried };
const columns: Column[] = [
  { title: 'claimed', state: 'dispatched' },
  { title: 'answer lost', state: 'unknown' },
  { title: 'just written', state: 'dispatched', tried: justWritten(1) },
  { title: 'written, third reading', state: 'dispatched', tried: justWritten(3) },
  { title: 'write denied', state: 'dispatched', tried: { what: 'denied', failure: failure('denied'), before } },
  { title: 'applied', state: 'applied' },
  { title: 'delivered', state: 'delivered' },
];
const blockColumns = columns.filter(({ state }) => state !== 'delivered');
const relayColumns = blockColumns.filter(({ tried }) => tried === undefined);

function justWritten(reads: number): Tried {
  return { what: 'written', reads, steps: [{ state: 'applied', at: now, note: '' }], before };
}

type Line = { title: string; observed: Observation };
const readings: Line[] = [
  { title: 'the record is gone', observed: { saw: 'gone' } },
  { title: 'the address leads to another device', observed: { saw: 'other-device' } },
  ...(['transient', 'denied', 'refused'] as const).map((kind) => ({
    title: `reading failed: ${kind}`,
    observed: { saw: 'read-failed', failure: failure(kind) } as const,
  })),
  {
    title: 'reading failed: server unreachable',
    observed: { saw: 'read-failed', failure: failure('transient', { unreachable: true }) },
  },
];
const blockSights: Line[] = [
  { title: 'the device shows the effect', observed: device(denied) },
  { title: 'the device does not show it', observed: device(free) },
  { title: 'a wipe is under way on the device', observed: device(wiping) },
];
const wipeSights: Line[] = [
  { title: 'no wipe is shown', observed: device(free) },
  { title: 'the wipe is pending', observed: device(wiping) },
  { title: 'the phone has fetched it', observed: device(fetched) },
  { title: 'the phone was wiped', observed: device(wiped) },
  { title: 'the device supports no wipe', observed: device(incapable) },
];
const results: Line[] = [
  { title: 'the server accepted the write', observed: { saw: 'accepted', before } },
  ...(['busy', 'transient', 'denied', 'permanent'] as const).map((kind) => ({
    title: `writing failed: ${kind}`,
    observed: { saw: 'write-failed', failure: failure(kind), before } as const,
  })),
  { title: 'the source is paused', observed: { saw: 'paused', failure: failure('transient'), until: now + hourMs } },
  {
    title: 'somebody else has just seen the source healthy',
    observed: { saw: 'paused', failure: failure('transient'), until: null },
  },
];
const wipeResults: Line[] = [
  { title: 'the hourly limit on wipes is reached', observed: { saw: 'not-admitted', limit: 10 } },
  { title: 'the stale wipe is cancelled', observed: { saw: 'wipe-cancelled' } },
  { title: 'the stale wipe could not be cancelled', observed: { saw: 'wipe-not-cancelled', failure: failure('transient') } },
];
const relayResults: Line[] = [
  { title: 'claimed', observed: { saw: 'claimed' } },
  { title: 'the command was sent', observed: { saw: 'sent' } },
  { title: 'the relay has just disconnected', observed: { saw: 'disconnected' } },
  { title: 'looked: the effect is there', observed: device(denied) },
  { title: 'looked: the effect is not there', observed: device(free) },
  { title: 'written, the effect is there', observed: { saw: 'accepted', before, after: sightOf(denied) } },
  { title: 'written, the effect is not there', observed: { saw: 'accepted', before, after: sightOf(free) } },
  { title: 'refused', observed: { saw: 'refused', why: '', before } },
  { title: 'the outcome is unknown', observed: { saw: 'outcome-unknown', failure: failure('transient'), before } },
  { title: 'too late to begin', observed: { saw: 'expired-at-relay' } },
  { title: 'another relay has the lease', observed: { saw: 'not-lease-holder' } },
  { title: 'a result of an earlier attempt', observed: { saw: 'outdated-result' } },
  { title: 'a result that was recorded before', observed: { saw: 'repeated-result' } },
];

/** An attempt in the middle of its life, on a device and source without problems. */
export function anAttempt(
  type: ActionType,
  { state, tried = { what: 'nothing' } }: Omit<Column, 'title'>,
  via: Attempt['via'] = 'direct',
): Attempt {
  const history = [{ state: 'requested' as const, at: now - 1000, note: '' }];
  const action: Action = {
    ...{ sourceId: 'source', user: 'user', deviceId: 'device', actionId: 'action', type, requestedAt: now - 1000 },
    ...(type === 'wipe' ? { wipeTargets: ['device' as const], fence: { href: '/device', approval: 'approved' as const } } : {}),
    ...{ requestedBy: { kind: 'person', name: 'ann' }, reason: '', purpose: 'decision', registeredAt: 1 },
    ...{ expiresAt: now + 24 * hourMs, state, attempts: 1, notBefore: null, before: null, after: null, outcome: null, history },
    claim: { by: 'worker', until: now + 40_000 },
  };
  const known = { registeredAt: 1, presence: 'present', href: '/device', returnedAt: null, detail: free, denial: null } as const;
  return { action, device: known, open: [], source: { problem: null, retryAt: null, pause: null }, via, tried };
}

const reached = (steps: readonly { state: ActionState }[]) => steps.map(({ state }) => `\`${state}\``).join(' → ');
const said = (says: string, steps: readonly { state: ActionState }[] = []) =>
  steps.length === 0 ? says : `${says}: ${reached(steps)}`;

const describe: { [K in NextKind]: (step: StepOf<K>) => string } = {
  nothing: () => 'nothing',
  'start-over': () => '–',
  wake: () => 'evaluate the user later',
  claim: () => 'claim',
  admit: () => 'count against the hourly limit',
  send: ({ command }) => `send to the relay: ${command}`,
  read: ({ afterMs }) => (afterMs === 0 ? 'read' : `read again after ${afterMs} ms`),
  write: () => '**write**',
  'cancel-stale-wipe': () => 'cancel the wipe on the server',
  'pause-source': () => 'pause the source',
  wait: ({ steps, waitsFor }) => said(waitsFor === null ? 'wait' : 'wait for the source', steps),
  follow: ({ steps }) => said('stays open', steps),
  'ask-confirmation': ({ steps }) => said('wait for a confirmation', steps),
  end: ({ steps }) => said('end', steps),
};

const describeStep = <K extends NextKind>(step: StepOf<K>): string =>
  (describe[step.do as K] as (step: StepOf<K>) => string)(step);

function cell({ first, step }: Decision): string {
  const records = first.flatMap((effect) => (effect.effect === 'record' ? [said('record', effect.steps)] : []));
  return [...records, describeStep(step)].join('; ');
}

function table(
  type: ActionType,
  lines: readonly Line[],
  { titles, via }: { titles: readonly Column[]; via: Attempt['via'] },
): string[] {
  return [
    ...head('Observed', ...titles.map(({ title }) => title)),
    ...lines.map(({ title, observed }) =>
      row(title, ...titles.map((column) => cell(next(anAttempt(type, column, via), observed, moment)))),
    ),
  ];
}

/** docs/action-attempts.md */
export function actionAttemptsPage(): string {
  const over = { titles: relayColumns, via: 'relay' } as const;
  return page([
    notice('lambdas/domain/actions/next-step.ts'),
    '# Attempts at an action',
    '',
    'What an attempt does next: by what it has come to (columns) and what it has just observed (rows). Arrows are the states that',
    'are recorded. `–`: cannot be; the attempt starts over from what is stored. What is shown holds before the deadline, for a',
    'device and a source without problems.',
    '',
    '## A block, at a source that is reached directly',
    '',
    'An approval goes the same way. A removal is done when the record is gone.',
    '',
    ...table('block', [...blockSights, ...readings, ...results], { titles: blockColumns, via: 'direct' }),
    '',
    '## A wipe, at a source that is reached directly',
    '',
    ...table('wipe', [...wipeSights, ...readings, ...results, ...wipeResults], { titles: columns, via: 'direct' }),
    '',
    '## A block, at a source behind a relay',
    '',
    'The relay reads and writes; its result is the observation.',
    '',
    ...table(
      'block',
      [...relayResults, ...results.slice(1), ...readings.filter(({ observed }) => observed.saw !== 'other-device')],
      over,
    ),
  ]);
}
