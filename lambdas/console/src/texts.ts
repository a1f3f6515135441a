/** Every sentence that the console shows, in one place. */
import type { ExplainedDevice } from './schemas.ts';

export const texts = {
  product: 'Traveler Extender',
  tagline: 'Every phone that syncs mail: seen, explained, let in or kept out.',
  noToken:
    'This page needs the access link that the start-up printed (it ends in #token=…). Open that link once; this tab then remembers it.',
  expired: 'The access link is no longer valid. Open the link that the latest start-up printed.',
  offline: 'The extender does not answer. What you see is what it last said. Trying again…',
  sources: 'Sources',
  noSources: 'No source is configured yet. Name one in the configuration file and start again.',
  waiting: 'Waiting for a decision',
  nobodyWaiting: 'Nobody is waiting. New phones that no rule lets in will appear here.',
  undetermined: 'Undetermined',
  allDevices: 'All devices',
  noDevices: 'No device matches.',
  firstGather: 'The first gather is still to come.',
  approve: 'Approve',
  block: 'Block',
  pick: 'Choose a device to see why it is let in or held.',
} as const;

export const verdictWords: Record<
  NonNullable<ExplainedDevice['verdict']>,
  { word: string; badge: 'green' | 'red' | 'blue' | 'grey' | 'severity-medium' }
> = {
  approve: { word: 'let in', badge: 'green' },
  hold: { word: 'held', badge: 'severity-medium' },
  block: { word: 'blocked', badge: 'red' },
  leave: { word: 'left as it is', badge: 'grey' },
  undetermined: { word: 'undetermined', badge: 'blue' },
};

export const clientWords: Record<string, string> = {
  'secure-mail': 'Secure Mail',
  'verse-ios': 'Verse for iOS',
  'verse-android': 'Verse for Android',
  'ios-mail': 'iOS Mail',
  'windows-phone': 'Windows Phone',
  blackberry: 'BlackBerry',
  other: 'Other client',
};

const seconds = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** `850 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${seconds.format(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** `3 minutes ago`, counted from `now` (epoch ms). */
export function ago(iso: string, now: number): string {
  const distance = Date.parse(iso) - now;
  const [unit, size] = units.find(([, ms]) => Math.abs(distance) >= ms) ?? ['second', 1000];
  return relative.format(Math.round(distance / size), unit);
}
