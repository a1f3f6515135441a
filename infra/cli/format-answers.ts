/** The API's responses as text for a terminal. */
import colors from 'picocolors';
import type { Device, SourceStatus, Status } from './api-shapes.ts';
import { plain, table } from './table.ts';

export const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

function gatherOf({ currentGather, lastGather }: SourceStatus): string {
  if (currentGather) return `under way: ${currentGather.counts.devices} devices so far`;
  if (!lastGather) return 'none yet';
  if (!lastGather.startedAt || !lastGather.finishedAt) return lastGather.state;
  const took = Date.parse(lastGather.finishedAt) - Date.parse(lastGather.startedAt);
  return `${lastGather.state} in ${seconds(took)}, ${lastGather.requests} requests`;
}

export function showStatus({ sources, services }: Status, width?: number): string {
  const rows = sources.map((source) => [
    source.sourceId,
    source.state,
    String(source.devices),
    gatherOf(source),
    source.averageGather ? seconds(source.averageGather.ms) : '',
    source.aq.inForce ? `${source.aq.mode}, in force` : `${source.aq.mode}: ${source.aq.note}`,
  ]);
  const problems = sources.flatMap(({ sourceId, problem }) =>
    problem ? [`\n${colors.red(sourceId)}: ${plain(problem.what)} (${plain(problem.where)})\n  ${plain(problem.remedy)}`] : [],
  );
  const troubles = services.flatMap(({ service, problem }) =>
    problem ? [`\n${colors.red(service)}: ${plain(problem.what)} (${plain(problem.where)})\n  ${plain(problem.remedy)}`] : [],
  );
  const headings = ['source', 'state', 'devices', 'last gather', 'average', 'auto-quarantine'];
  return [table(headings, rows, size(width)), ...problems, ...troubles].join('\n');
}

export function showDevices(devices: readonly Device[], width?: number): string {
  if (devices.length === 0) return 'No device fits.';
  const rows = devices.map((device) => [
    device.sourceId,
    device.user,
    device.deviceId,
    device.client,
    device.state,
    device.verdict ?? 'not decided',
    device.evidence ?? '',
  ]);
  return table(['source', 'user', 'device', 'client', 'state', 'verdict', 'why'], rows, size(width));
}

export function showDevice(device: Device & { timeline: { at: string; says: string }[]; cursor: string | null }): string {
  const lines = device.timeline.map(({ at, says }) => `  ${colors.dim(at)}  ${plain(says)}`);
  const older = device.cursor === null ? [] : [colors.dim('  … there are older lines: use --all')];
  return [showDevices([device], 400), '', ...lines, ...older].join('\n');
}

const size = (width: number | undefined) => (width === undefined ? {} : { width });
