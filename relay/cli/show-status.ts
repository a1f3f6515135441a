/** Status for people: one fact per line. */
import { isConnected, type RelayStatus } from '../health/status.ts';

export function showStatus(status: RelayStatus): string {
  const { connection, now } = status;
  const ago = (at: number) => `${since(now - at)} ago`;
  const lines: [string, string][] = [
    ['relay', `${status.relayId} for ${status.sourceId}, version ${status.version}, up for ${since(now - status.startedAt)}`],
    ['ready', status.ready ? 'yes' : `no: ${status.reason ?? 'unknown'}`],
    [
      'connection',
      isConnected(connection.state)
        ? `connected to ${status.cloud} since ${ago(connection.since)}`
        : `${connection.state}, ${connection.tries} tries, not connected since ${ago(connection.since)}${connection.lastEnding ? ` (${connection.lastEnding})` : ''}`,
    ],
    ['lease', leaseText(status)],
    ['last heard', status.lastPongAt === null ? 'never' : ago(status.lastPongAt)],
    ['to be told', `${status.unacknowledged} messages`],
    ['clock', clockText(status.clockOffsetMs)],
    ['memory', `${Math.round(status.memoryBytes / 1_048_576)} MB`],
    ['log level', status.logLevel],
    ...(status.advice ? ([['advice', status.advice]] satisfies [string, string][]) : []),
    ...status.problems.map((problem): [string, string] => ['problem', problem]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(11)} ${text}`).join('\n');
}

function leaseText({ lease, fence }: RelayStatus): string {
  if (lease === 'holding') return `held (fence ${fence}): this relay gathers and acts`;
  return lease === 'following' ? 'held by another relay; this one takes over when that one falls silent' : 'none';
}

function clockText(offset: number | null): string {
  if (offset === null) return 'not compared yet';
  const seconds = Math.round(Math.abs(offset) / 100) / 10;
  if (seconds < 2) return 'agrees with the cloud’s';
  return `${seconds} s ${offset > 0 ? 'behind' : 'ahead of'} the cloud’s (allowed for; better set it right)`;
}

function since(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
