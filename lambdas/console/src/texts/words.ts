/** Display names of codes, and numbers and times as text. */
import type { ActionType } from '#domain/actions/action';
import type { VerdictName } from '../schemas.ts';

export const verdictWords: Record<
  VerdictName,
  { word: string; means: string; badge: 'green' | 'red' | 'blue' | 'grey' | 'severity-medium' }
> = {
  approve: { word: 'let in', means: 'It may sync mail.', badge: 'green' },
  hold: { word: 'held', means: 'It waits; it cannot sync mail until a rule or a person approves it.', badge: 'severity-medium' },
  block: { word: 'blocked', means: 'It was turned away.', badge: 'red' },
  leave: { word: 'left as it is', means: 'Nothing about it is changed.', badge: 'grey' },
  undetermined: { word: 'undetermined', means: 'Not enough is known to decide; it stays as the server has it.', badge: 'blue' },
};
export const undecidedWord = 'not decided yet';

export const clientWords: Record<string, string> = {
  'secure-mail': 'Secure Mail',
  'verse-ios': 'Verse for iOS',
  'verse-android': 'Verse for Android',
  'ios-mail': 'iOS Mail',
  'windows-phone': 'Windows Phone',
  blackberry: 'BlackBerry',
  other: 'Other client',
};
export const clientWord = (client: string): string => clientWords[client] ?? client;

export const presenceWords: Record<string, string> = {
  present: 'listed by the source',
  missing: 'missing from the last gather',
  removed: 'removed',
};

export const approvalWords: Record<string, string> = {
  unset: 'not set',
  pending: 'waiting for approval',
  approved: 'approved',
  'auto-approved': 'approved by the server',
  denied: 'denied',
  'not-required': 'no approval required',
  unknown: 'not known',
};
export const accessWords: Record<string, string> = {
  allow: 'allowed',
  deny: 'denied',
  prohibit: 'prohibited',
  unknown: 'not known',
};
export const wipeWords: Record<string, string> = {
  none: 'none',
  requested: 'requested',
  wiped: 'wiped',
  unknown: 'not known',
};

export const actionWords: Record<ActionType, string> = {
  approve: 'Approve',
  block: 'Block',
  remove: 'Remove',
  wipe: 'Wipe',
  'cancel-wipe': 'Cancel the wipe',
};
/** A type that only a newer extender knows is shown by its code. */
export const actionWord = (type: string): string => new Map<string, string>(Object.entries(actionWords)).get(type) ?? type;

/** Queues, named by the work in them. */
const queueWords: Record<string, string> = {
  gather: 'gathers',
  evaluations: 'verdicts',
  bulkEvaluations: 'verdicts, of many at once',
  actions: 'actions',
  bulkActions: 'actions, of many at once',
};
export const queueWord = (name: string): string => queueWords[name] ?? name;

/** States of an action (docs/action-states.md). */
export const stateWords: Record<string, string> = {
  requested: 'asked for',
  queued: 'in the queue',
  waiting: 'waits',
  dispatched: 'going out',
  unknown: 'outcome not known yet',
  applied: 'accepted by the server',
  delivered: 'fetched by the phone',
  confirmed: 'confirmed',
  wiped: 'wiped',
};
export const stateWord = (state: string): string => stateWords[state] ?? state;

/** What a line of the journal is about. */
export const kindWords: Record<string, string> = {
  discovered: 'new device',
  changed: 'changed on the server',
  missing: 'missing',
  removed: 'removed',
  returned: 'came back',
  verdict: 'verdict',
  quarantined: 'held',
  released: 'no longer held',
  decision: 'decision by a person',
  action: 'action',
  'action-step': 'step of an action',
  notice: 'notice by mail',
  link: 'user linked',
  enrolment: 'enrolment',
  settings: 'settings',
  feed: 'portal heard or silent',
  source: 'source',
  'gather-completed': 'gather',
  'gather-failed': 'gather failed',
  'guard-tripped': 'stopped by the guard',
  'guard-decided': 'guard decided',
  'event-rejected': 'event refused',
  'relay-connected': 'relay connected',
  'relay-disconnected': 'relay away',
};
export const kindWord = (kind: string): string => kindWords[kind] ?? kind;

export const ruleWord = (rule: string): string => rule.replaceAll('-', ' ');

const seconds = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
export const number = (value: number): string => whole.format(value);
export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;

/** `850 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${seconds.format(ms / 1000)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const clocksDiffer = 20_000;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** `3 minutes ago`, counted from `now` (epoch ms). */
export function ago(iso: string, now: number): string {
  const ahead = Date.parse(iso) - now;
  // The two clocks differ slightly: what has just happened must not show as "in 2 seconds".
  const distance = ahead > 0 && ahead < clocksDiffer ? 0 : ahead;
  const [unit, size] = units.find(([, ms]) => Math.abs(distance) >= ms) ?? ['second', 1000];
  return relative.format(Math.round(distance / size), unit);
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
/** In the reader's time zone. */
export const localTime = (iso: string): string => local.format(new Date(iso));
