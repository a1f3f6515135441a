/** `journal export` writes the journal as JSON lines; `journal verify` checks its chains and names the first line that was altered. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import colors from 'picocolors';
import { z } from 'zod';
import { type ChainHead, chainEntry, genesis } from '#domain/journal/hash-chain';
import { checkEnd, checkNext, type Finding, keptFinding } from '#domain/journal/verify-chain';
import { type ApiClient, ApiRefusal } from './api-client.ts';
import type { CommandLine, Output } from './command-line.ts';
import { journalLines } from './journal-source.ts';
import { plain } from './table.ts';

const heads = z.object({ heads: z.array(z.object({ sourceId: z.string(), seq: z.number(), hash: z.string() })) });
const kept = z.object({ kept: z.enum(['same', 'altered', 'missing']).optional() });
const named = z.object({ line: z.object({ sourceId: z.string() }) });

type Options = Output & { source?: string; device?: string; from?: string };
export type Verified = { ok: boolean; sources: { sourceId: string; lines: number; finding: Finding | null }[] };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function addJournalCommands({ command, api, print }: CommandLine): void {
  command('journal <what> [file]', 'export: the journal as JSON lines; verify: of the running stack, or of an exported file')
    .option('--source <id>', 'of one source only; * for what belongs to none')
    .option('--device <source/user/id>', 'export: of one device')
    .option('--from <time>', 'export: lines of this time and later')
    .action(async (what: string, file: string | undefined, { source, device, from, ...output }: Options) => {
      if (what !== 'export' && what !== 'verify') throw new ApiRefusal(null, 'Say journal export, or journal verify [file].');
      if (what === 'export') return exportLines(await api(), { source, device, from });
      const verified = file === undefined ? await verifyStack(await api(), source) : await verifyLines(linesOfFile(file), null);
      await print(output, verified, showVerified);
      if (!verified.ok) process.exitCode = 1;
    });
}

async function exportLines(client: ApiClient, filter: Record<string, string | undefined>): Promise<void> {
  for await (const line of journalLines(client, filter)) process.stdout.write(`${line}\n`);
}

/** Reads the heads first: lines written during the check come after them. */
async function verifyStack(client: ApiClient, source: string | undefined): Promise<Verified> {
  const known = (await client.get('/journal/heads', heads)).heads;
  const wanted = new Map(
    known.filter(({ sourceId }) => source === undefined || sourceId === source).map((one) => [one.sourceId, one]),
  );
  return verifyLines(journalLines(client, { source, check: 'true' }), wanted);
}

async function* linesOfFile(file: string): AsyncGenerator<string> {
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY }))
      if (line !== '') yield line;
  } catch (error) {
    throw new ApiRefusal(null, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Stops at the first finding of each source. `ends`: the heads to be reached; null where they are not known. */
export async function verifyLines(lines: AsyncIterable<string>, ends: ReadonlyMap<string, ChainHead> | null): Promise<Verified> {
  const walks = new Map<string, { last: ChainHead; finding: Finding | null }>();
  let current = '';
  for await (const text of lines) {
    const given = parsed(text);
    const sourceId = named.safeParse(given).data?.line.sourceId ?? current;
    // A line that names another source in the middle of a chain would otherwise start a separate chain.
    const walk = walks.get(sourceId) ?? { last: genesis, finding: null };
    current = sourceId;
    walks.set(sourceId, walk);
    if (walk.finding) continue;
    const checked = checkNext(walk.last, given, { sourceId, hash: sha256 });
    if (!checked.ok) walk.finding = checked.finding;
    else {
      walk.last = checked.head;
      walk.finding = keptFinding(chainEntry.parse(given), kept.safeParse(given).data?.kept);
    }
  }
  for (const [sourceId, head] of ends ?? []) {
    const walk = walks.get(sourceId) ?? { last: genesis, finding: null };
    walks.set(sourceId, { ...walk, finding: walk.finding ?? checkEnd(walk.last, head, sourceId) });
  }
  const sources = [...walks].map(([sourceId, { last, finding }]) => ({ sourceId, lines: last.seq, finding }));
  return { ok: sources.every(({ finding }) => finding === null), sources };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function showVerified({ sources }: Verified): string {
  if (sources.length === 0) return 'There is no journal yet.';
  return sources
    .map(({ sourceId, lines, finding }) => {
      const name = sourceId === '*' ? 'of no source' : plain(sourceId);
      if (finding === null) return `${colors.green('intact')}  ${name}: ${lines} lines`;
      const { kind, seq, at, user, deviceId, says } = finding;
      const device = deviceId === null ? '' : `, device ${plain(`${user}/${deviceId}`)}`;
      const time = at === null ? '' : `, ${new Date(at).toISOString()}`;
      return `${colors.red(kind)}  ${name}: line ${seq}${time}${device}\n  ${plain(says)}`;
    })
    .join('\n');
}
