/** Representative attempts and observations, for the table of what an attempt does next (attempt-page.ts). */
import type { Action, ActionState, ActionType, Shown } from '#domain/actions/action';
import type { Attempt, Moment, Observation, Tried } from '#domain/actions/attempt';
import type { SourceFailure } from '#domain/actions/failure-consequences';
import type { DeviceDetail } from '#domain/devices/device';

const now = Date.UTC(2026, 0, 1);
export const moment: Moment = { now, random: 0.5 };
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

export type Column = { title: string; state: ActionState; tried?: Tried };
export const columns: Column[] = [
  { title: 'claimed', state: 'dispatched' },
  { title: 'answer lost', state: 'unknown' },
  { title: 'just written', state: 'dispatched', tried: justWritten(1) },
  { title: 'written, third reading', state: 'dispatched', tried: justWritten(3) },
  { title: 'write denied', state: 'dispatched', tried: { what: 'denied', failure: failure('denied'), before } },
  { title: 'applied', state: 'applied' },
  { title: 'delivered', state: 'delivered' },
];
export const blockColumns = columns.filter(({ state }) => state !== 'delivered');
export const relayColumns = blockColumns.filter(({ tried }) => tried === undefined);

function justWritten(reads: number): Tried {
  return { what: 'written', reads, steps: [{ state: 'applied', at: now, note: '' }], before };
}

export type Line = { title: string; observed: Observation };
export const readings: Line[] = [
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
export const blockReadings: Line[] = [
  { title: 'the device shows the effect', observed: device(denied) },
  { title: 'the device does not show it', observed: device(free) },
  { title: 'a wipe is under way on the device', observed: device(wiping) },
];
export const wipeReadings: Line[] = [
  { title: 'no wipe is shown', observed: device(free) },
  { title: 'the wipe is pending', observed: device(wiping) },
  { title: 'the phone has fetched it', observed: device(fetched) },
  { title: 'the phone was wiped', observed: device(wiped) },
  { title: 'the device supports no wipe', observed: device(incapable) },
];
export const results: Line[] = [
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
export const wipeResults: Line[] = [
  { title: 'the hourly limit on wipes is reached', observed: { saw: 'not-admitted', limit: 10 } },
  { title: 'the stale wipe is cancelled', observed: { saw: 'wipe-cancelled' } },
  { title: 'the stale wipe could not be cancelled', observed: { saw: 'wipe-not-cancelled', failure: failure('transient') } },
];
export const relayResults: Line[] = [
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
