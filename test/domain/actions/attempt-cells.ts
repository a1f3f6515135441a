/**
 * Every attempt and every observation that matters to the next step: the cells of the table in docs/action-attempts.md, and more.
 */
import { type Action, type ActionState, type ActionType, actionState, actionType, type Shown } from '#domain/actions/action';
import type { Attempt, Observation, Sight, Tried } from '#domain/actions/attempt';
import type { SourceFailure } from '#domain/actions/failure-consequences';
import type { DeviceDetail } from '#domain/devices/device';
import { failureKind } from '#domain/devices/source';

export const now = 1_800_000_000_000;
const dayMs = 86_400_000;

const free: DeviceDetail = {
  ...{ approval: 'approved', access: 'allow', wipe: 'none', wipeTypes: '1', compliance: 'compliant' },
  ...{ approvalDate: null, approvers: [], wipeDate: null, codes: {} },
};
const details: DeviceDetail[] = [
  free,
  { ...free, approval: 'pending', access: 'deny' },
  { ...free, approval: 'denied', access: 'deny' },
  { ...free, wipe: 'requested', codes: { requested_wipe_options: 'wipeDevice' } },
  { ...free, wipe: 'requested', codes: { requested_wipe_options: 'wipeApps' } },
  { ...free, wipe: 'unknown' },
  { ...free, wipe: 'wiped', wipeDate: now },
  { ...free, wipeTypes: '0' },
];
const shownOf = ({ approval, access, wipe }: DeviceDetail): Shown => ({ approval, access, wipe });
const sights: Sight[] = details.map((seen) => ({ seen, shown: shownOf(seen), href: '/device' }));
const before = shownOf(free);

const failures: SourceFailure[] = failureKind.options.flatMap((kind) =>
  [{}, { retryAfterMs: 120_000 }, { unreachable: true }].map((more) => ({
    ...{ kind, message: kind, problem: { what: kind, where: 'server', remedy: '' }, unreachable: false },
    ...more,
  })),
);

export const readings: Observation[] = [
  ...sights.map((sight): Observation => ({ saw: 'device', sight })),
  { saw: 'gone' },
  { saw: 'other-device' },
  ...failures.map((failure): Observation => ({ saw: 'read-failed', failure })),
];
export const writeResults: Observation[] = [
  { saw: 'gone' },
  { saw: 'accepted', before },
  ...failures.map((failure): Observation => ({ saw: 'write-failed', failure, before })),
];
export const observations: Observation[] = [
  { saw: 'stored', connected: true, capacity: true },
  { saw: 'stored', connected: false, capacity: false },
  { saw: 'claimed' },
  ...readings,
  { saw: 'not-admitted', limit: 10 },
  ...writeResults.slice(1),
  { saw: 'accepted', before: null, after: 'gone' },
  ...sights.map((after): Observation => ({ saw: 'accepted', before, after })),
  ...failures.flatMap((failure): Observation[] => [
    { saw: 'outcome-unknown', failure, before },
    { saw: 'outcome-unknown', failure, before: null },
    { saw: 'paused', failure, until: now + 60_000 },
    { saw: 'paused', failure, until: null },
    { saw: 'wipe-not-cancelled', failure },
  ]),
  { saw: 'wipe-cancelled' },
  { saw: 'sent' },
  { saw: 'disconnected' },
  { saw: 'refused', why: 'not on this device', before },
  { saw: 'expired-at-relay' },
  { saw: 'not-lease-holder' },
  { saw: 'outdated-result' },
  { saw: 'repeated-result' },
];

const [anyFailure] = failures;
export const tries: Tried[] = [
  { what: 'nothing' },
  { what: 'admitted' },
  { what: 'answer-lost' },
  ...[1, 2, 3].map((reads): Tried => ({ what: 'written', reads, steps: [{ state: 'applied', at: now, note: '' }], before })),
  { what: 'written', reads: 2, steps: [], before: null },
  ...(anyFailure ? [{ what: 'denied', failure: anyFailure, before } as const] : []),
];

export type Made = { type: ActionType; state: ActionState; tried?: Tried; late?: boolean; via?: Attempt['via'] };

/** `late`: its deadline has passed. */
export function anAttempt({ type, state, tried = { what: 'nothing' }, late = false, via = 'direct' }: Made): Attempt {
  const isWipe = type === 'wipe';
  const action: Action = {
    ...{ sourceId: 'source', user: 'user', deviceId: 'device', actionId: 'action', type, requestedAt: now - 1000 },
    ...(isWipe ? { wipeTargets: ['device' as const], fence: { href: '/device', approval: 'approved' as const } } : {}),
    ...{ requestedBy: { kind: 'person', name: 'ann' }, reason: '', purpose: 'decision', registeredAt: 1 },
    ...{ expiresAt: late ? now - 1 : now + dayMs, state, attempts: 3, notBefore: null, claim: null },
    ...{ before: null, after: null, outcome: null, history: [{ state: 'requested', at: now - 1000, note: '' }] },
  };
  const device = { registeredAt: 1, presence: 'present', href: '/device', returnedAt: null, detail: free, denial: null } as const;
  return { action, device, open: [], source: { problem: null, retryAt: null, pause: null }, via, tried };
}

const unhealthy: Attempt['source'] = {
  problem: { kind: 'denied', what: 'denied', where: 'server', remedy: '', at: now - 1 },
  retryAt: null,
  pause: { until: now - 1, since: now - 2, failures: 30, what: 'denied' },
};

/** What an attempt written by this one has in progress: the ledger may still say `dispatched`, or `applied`. */
export function allAttempts(): Attempt[] {
  const made = actionType.options.flatMap((type) =>
    actionState.options.flatMap((state) =>
      tries.flatMap((tried) =>
        [true, false].flatMap((late) =>
          (['direct', 'relay', 'unconfigured'] as const).map((via) => anAttempt({ type, state, tried, late, via })),
        ),
      ),
    ),
  );
  return made.flatMap((attempt) => [
    attempt,
    { ...attempt, source: unhealthy },
    { ...attempt, device: null },
    { ...attempt, device: attempt.device && { ...attempt.device, registeredAt: 2, presence: 'missing' as const } },
  ]);
}
