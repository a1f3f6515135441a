/** Plans, guards and versions of settings as text for a terminal. */
import colors from 'picocolors';
import type { Guard, Plan, SettingsAnswer, Version } from './plan-shapes.ts';
import { plain, table } from './table.ts';

const mostShown = 200;

export function showPlan({ changes, perRule, guard }: Plan): string {
  if (changes.length === 0) return 'Nothing would change.';
  const rules = Object.entries(perRule).map(([rule, { count, approve, block }]) => [
    rule,
    ...[count, approve, block].map(String),
  ]);
  const devices = changes
    .slice(0, mostShown)
    .map(({ to, from, action, sourceId, user, deviceId }) => [
      to.rule,
      sourceId,
      user,
      deviceId,
      from.verdict ?? 'not decided',
      to.verdict,
      action ?? '',
    ]);
  const more = changes.length > mostShown ? [colors.dim(`… and ${changes.length - mostShown} more: see --json`)] : [];
  const { trips, affected, percent } = guard;
  const lost = `${affected} devices (${percent} %) would lose access.`;
  return [
    table(['rule', 'devices', 'approve', 'block'], rules),
    '',
    table(['rule', 'source', 'user', 'device', 'now', 'then', 'action'], devices),
    ...more,
    '',
    trips ? `${colors.yellow('The guard would stop this')}: ${lost} A person would have to confirm it.` : lost,
  ].join('\n');
}

export function showGuards({ guards }: { guards: readonly Guard[] }): string {
  if (guards.length === 0) return 'The guard has stopped nothing.';
  const rows = guards.map(({ id, state, cause, affected, at, requestedBy, decidedBy }) => [
    state,
    cause,
    String(affected),
    at,
    requestedBy,
    decidedBy ?? '',
    id,
  ]);
  return table(['state', 'what', 'devices', 'since', 'asked by', 'decided by', 'id'], rows);
}

export function showGuard({ id, state, cause, affected, outcome, decidedBy }: Guard): string {
  const decided = decidedBy === null ? '' : ` by ${plain(decidedBy)}`;
  const lines = [`${plain(cause)}: ${affected} devices would lose access`, `${state}${decided}: guard ${id}`];
  return [...lines, ...(outcome ? [plain(outcome)] : [])].join('\n');
}

/** The settings for all sources, for sources with their own settings, and where the configuration file differs. */
export function showSettings({ version, settings, publishedBy, publishedAt, sources, drift }: SettingsAnswer): string {
  const own = Object.entries(sources).filter(([id, { scope }]) => scope === id);
  const columns = ['option', 'all sources', ...own.map(([id]) => id), ...(drift ? ['configuration file'] : [])];
  const values = [settings, ...own.map(([, one]) => one.settings), ...(drift ? [drift.configured] : [])];
  const options = Object.keys(settings) as (keyof typeof settings)[];
  const rows = options.map((option) => [option, ...values.map((one) => textOf(one[option]))]);
  const differs = drift?.fields.join(', ');
  return [
    `version ${version}, published by ${plain(publishedBy)} at ${publishedAt}`,
    '',
    table(columns, rows),
    ...(differs
      ? [
          '',
          `${colors.yellow('Differs from the configuration file')}: ${differs}. It stays; publish the file's to take them over.`,
        ]
      : []),
  ].join('\n');
}

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(' ') || '–' : String(value));

export function showVersions(versions: readonly Version[]): string {
  const rows = versions.map(({ version, publishedAt, publishedBy, settings }) => [
    String(version),
    publishedAt,
    publishedBy,
    JSON.stringify(settings),
  ]);
  return table(['version', 'published', 'by', 'settings'], rows);
}
