/** What a Traveler server reports about itself: its version, and so whether Auto-Quarantine can work there. */
import { z } from 'zod';
import type { AqSupport, ServerFacts } from '#domain/devices/source';
import type { Connection } from './connection.ts';
import { rowsOf } from './envelope.ts';
import { settingsFacts } from './unproven-writes.ts';

const firstWithApproval = 9;
const server = z.looseObject({ build_level: z.union([z.string(), z.number().transform(String)]) });

export async function readServerFacts(connection: Connection): Promise<ServerFacts> {
  const [build, settings] = await Promise.all([readBuild(connection), settingsFacts(connection)]);
  return { ...settings, build, aqSupport: aqSupportOf(build) };
}

/** The oldest build of a pool counts: any of its servers may serve a device. Empty when none can be read. */
async function readBuild(connection: Connection): Promise<string> {
  const answer = await connection.call({ method: 'GET', path: connection.address.api('servers'), subject: 'server list' });
  if (answer === 'gone') return '';
  const builds = (rowsOf(answer) ?? []).flatMap((row) => {
    const parsed = server.safeParse(row);
    return parsed.success ? [parsed.data.build_level.trim()] : [];
  });
  if (builds.some((build) => versionOf(build) === null)) return builds.find((build) => versionOf(build) === null) ?? '';
  return builds.toSorted((a, b) => (versionOf(a) ?? 0) - (versionOf(b) ?? 0))[0] ?? '';
}

/** The major version, from the first text that looks like a version (`9.0.1.7 Build 2015…`, `Build 12.0`). */
function versionOf(build: string): number | null {
  const found = /(?<![\d.])(\d{1,3})\.\d+/.exec(build)?.[1];
  return found === undefined ? null : Number(found);
}

export function aqSupportOf(build: string): AqSupport {
  const major = versionOf(build);
  if (major === null) return 'unknown';
  return major >= firstWithApproval ? 'supported' : 'unsupported';
}
