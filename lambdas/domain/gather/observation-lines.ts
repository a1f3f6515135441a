/** How what a gather saw of a device reads in the journal: each line names the fields that changed, with before and after. */
import type { Device } from '#domain/devices/device';
import type { FieldChange, TimelineEntry } from '#domain/journal/timeline';

/** `at`: start of the run, the same in every repetition of it. */
type Context = { at: number; runId: string };

const told = ['provider', 'type', 'level', 'notification'] as const;
const shown = ['approval', 'access', 'wipe', 'compliance'] as const;
/** What we note about a device for ourselves. */
const noted = ['registeredAt', 'baselineRun', 'baselineOwed'] as const;

export function discoveredLine(device: Device, at: number): TimelineEntry {
  const says = `Discovered: ${device.provider || device.type || 'a device'} syncs mail.`;
  const data = { ...introduced(device), changes: changesBetween(null, device) };
  return { at, id: 'discovered', kind: 'discovered', says, data };
}

/** None for a device that was present all along. */
export function returnedLines(stored: Device, device: Device, { at, runId }: Context): TimelineEntry[] {
  if (stored.presence === 'present') return [];
  const says =
    stored.presence === 'removed' ? 'Registered again after it had been removed.' : 'The server lists this device again.';
  const changes: FieldChange[] = [{ field: 'presence', before: stored.presence, after: 'present' }];
  return [
    { at, id: `returned|${runId}`, kind: 'returned', says, data: { was: stored.presence, ...introduced(device), changes } },
  ];
}

/** One line where anything changed. Its id tells these changes from others that the same run found before it was cut off. */
export function changedLines(stored: Device, device: Device, { at, runId }: Context): TimelineEntry[] {
  const changes = changesBetween(stored, device);
  if (changes.length === 0) return [];
  const id = `changed|${runId}|${digest(JSON.stringify(changes))}`;
  return [{ at, id, kind: 'changed', says: wordsOf(changes), data: { changes } }];
}

/** What a device is introduced with to those who never heard of it. */
const introduced = ({ provider, type, detail }: Device) => ({
  provider,
  type,
  approval: detail?.approval ?? 'unknown',
  access: detail?.access ?? 'unknown',
});

/** `null` before: for a device that was not known, and for what was not read of it until now. */
function changesBetween(stored: Device | null, device: Device): FieldChange[] {
  const fields: FieldChange[] = [
    ...told.map((field) => ({ field, before: stored?.[field] ?? null, after: device[field] })),
    ...shown.map((field) => ({ field, before: stored?.detail?.[field] ?? null, after: device.detail?.[field] ?? null })),
    ...noted.map((field) => ({ field, before: stored?.[field] ?? null, after: device[field] ?? null })),
  ];
  return fields.filter(({ before, after }) => before !== after);
}

function wordsOf(changes: readonly FieldChange[]): string {
  const outer = changes.filter(({ field }) => !noted.some((one) => one === field));
  if (outer.length === 0) return 'Noted: whether it was there before Auto-Quarantine, or when it was registered.';
  const pairs = outer.map(({ field, before, after }) => `${field}: ${before || 'none'} → ${after || 'none'}`);
  return `Changed on the server: ${pairs.join(', ')}.`;
}

/** FNV-1a, 32 bits: enough to tell the few changes of one device in one run apart. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
