/** The journal lines for what a gather saw of a device: each lists the fields that changed, with before and after. */
import type { Device } from '#domain/devices/device';
import type { FieldChange, TimelineEntry } from '#domain/journal/timeline';

/** `at`: start of the run, the same in every repetition. */
type Context = { at: number; runId: string };

const listFields = ['provider', 'type', 'level', 'notification'] as const;
const detailFields = ['approval', 'access', 'wipe', 'compliance'] as const;
/** Fields for our own use. */
const internalFields = ['registeredAt', 'baselineRun', 'baselineOwed'] as const;

export function discoveredLine(device: Device, at: number): TimelineEntry {
  const says = `Discovered: ${device.provider || device.type || 'a device'} syncs mail.`;
  const data = { ...introduction(device), changes: changesBetween(null, device) };
  return { at, id: 'discovered', kind: 'discovered', says, data };
}

/** No line for a device that was already present. */
export function returnedLines(stored: Device, device: Device, { at, runId }: Context): TimelineEntry[] {
  if (stored.presence === 'present') return [];
  const says =
    stored.presence === 'removed' ? 'Registered again after it had been removed.' : 'The server lists this device again.';
  const changes: FieldChange[] = [{ field: 'presence', before: stored.presence, after: 'present' }];
  return [
    { at, id: `returned|${runId}`, kind: 'returned', says, data: { was: stored.presence, ...introduction(device), changes } },
  ];
}

/** One line if anything changed. Its id distinguishes these changes from others that the same run found before a crash. */
export function changedLines(stored: Device, device: Device, { at, runId }: Context): TimelineEntry[] {
  const changes = changesBetween(stored, device);
  if (changes.length === 0) return [];
  const id = `changed|${runId}|${digest(JSON.stringify(changes))}`;
  return [{ at, id, kind: 'changed', says: sentenceOf(changes), data: { changes } }];
}

/** The facts that introduce a device that was not known. */
const introduction = ({ provider, type, detail }: Device) => ({
  provider,
  type,
  approval: detail?.approval ?? 'unknown',
  access: detail?.access ?? 'unknown',
});

/** `before` is null for a device that was not known, and for fields that were not read until now. */
function changesBetween(stored: Device | null, device: Device): FieldChange[] {
  const fields: FieldChange[] = [
    ...listFields.map((field) => ({ field, before: stored?.[field] ?? null, after: device[field] })),
    ...detailFields.map((field) => ({ field, before: stored?.detail?.[field] ?? null, after: device.detail?.[field] ?? null })),
    ...internalFields.map((field) => ({ field, before: stored?.[field] ?? null, after: device[field] ?? null })),
  ];
  return fields.filter(({ before, after }) => before !== after);
}

function sentenceOf(changes: readonly FieldChange[]): string {
  const visible = changes.filter(({ field }) => !internalFields.some((one) => one === field));
  if (visible.length === 0) return 'Noted: whether it was there before Auto-Quarantine, or when it was registered.';
  const pairs = visible.map(({ field, before, after }) => `${field}: ${before || 'none'} → ${after || 'none'}`);
  return `Changed on the server: ${pairs.join(', ')}.`;
}

/** FNV-1a, 32 bits: enough to distinguish the few changes of one device in one run. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
