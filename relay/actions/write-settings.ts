/** Writes the server's approval settings and reads them back. Repeating a request repeats the write: nothing is remembered. */
import type { RelayProblem, SettingsCommand, ToCloud } from '#domain/relay/relay-protocol';
import type { Link, RelaySource } from '../ports.ts';
import { notHolding } from './describe-problem.ts';

type SettingsOutcome = Extract<ToCloud, { type: 'settingsResult' }>['outcome'];

export async function applySettings(
  { source, report }: { source: Pick<RelaySource, 'writeSettings' | 'facts'>; report(error: unknown): RelayProblem },
  { fence, requireApproval, devicesBeforeApproval }: SettingsCommand,
  link: Pick<Link, 'held'>,
): Promise<SettingsOutcome> {
  if (link.held()?.fence !== fence) return { how: 'failed', problem: notHolding };
  try {
    const written = await source.writeSettings({ requireApproval, devicesBeforeApproval });
    return written === 'unavailable' ? { how: 'unavailable' } : { how: 'written', server: await source.facts() };
  } catch (error) {
    return { how: 'failed', problem: report(error) };
  }
}
