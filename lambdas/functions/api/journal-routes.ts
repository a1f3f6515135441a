/** GET /api/journal: every source's lines as they were sealed, one JSON document a line. */
import { z } from '@hono/zod-openapi';
import type { ChainEntry } from '#domain/chain';
import { noSource } from '#domain/rejection-lines';
import { type ApiApp, type ApiDependencies, json, problems } from './app.ts';
import { withoutEmpty } from './device-routes.ts';
import { malformed, Problem } from './problem.ts';

const linesAtOnce = 500;
/** How many pages of the chain one request looks through for what was asked for. */
const mostPages = 8;

const query = z.object({
  source: z.string().min(1).optional().openapi({ description: 'Source id; `*` for what belongs to no source. Left out: all.' }),
  device: z.string().min(1).optional().openapi({ description: 'source/user/deviceId', example: 'cloud/Jane Doe/Acme/ApplF17X' }),
  from: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Lines of this time and later.' }),
  check: z.enum(['true', 'false']).optional().openapi({ description: 'Also compare each line with the timeline: adds `kept`.' }),
  cursor: z.string().optional().openapi({ description: 'From the header `x-next-cursor` of the page before.' }),
});
const heads = z.object({ heads: z.array(z.object({ sourceId: z.string(), seq: z.number().int(), hash: z.string() })) });

export function journalRoutes(app: ApiApp, { journal, sourceIds }: ApiDependencies): void {
  const everySource = [...sourceIds, noSource];

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/journal',
    summary: 'The journal as JSON lines, source by source in the order in which it was written',
    description:
      'A page has the header `x-next-cursor` while there is more; with filters a page may be empty and still have one.',
    request: { query },
    responses: {
      200: {
        description: 'Chain entries: `seq`, `line`, `previousHash`, `hash`; with `check` also `kept`: same, altered or missing.',
        content: { 'application/x-ndjson': { schema: z.string() } },
      },
      ...problems({ 400: 'Wrong filter.' }),
    },
  });
  app.get('/api/journal', async (c) => {
    const parsed = query.safeParse(withoutEmpty(c.req.query()));
    if (!parsed.success) throw malformed(parsed.error);
    const { source, device, from, check, cursor } = parsed.data;
    const sources = source === undefined ? sourcesOf(device, everySource) : [source];
    const page = await readPage(journal, { sources, start: cursorOf(cursor, sources), wanted: wantedOf(device, from) });
    const kept = check === 'true' ? await journal.kept(page.entries.map(({ line }) => line)) : null;
    const lines = page.entries.map((entry, index) => `${JSON.stringify(kept ? { ...entry, kept: kept[index] } : entry)}\n`);
    if (page.next !== null) c.header('x-next-cursor', page.next);
    return c.body(lines.join(''), 200, { 'content-type': 'application/x-ndjson' });
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/journal/heads',
    summary: 'The last number and hash of each source’s journal: what a check of its end goes by',
    responses: { 200: json(heads, 'One for each source that has a journal.') },
  });
  app.get('/api/journal/heads', async (c) => {
    const found = await Promise.all(everySource.map(async (sourceId) => ({ sourceId, ...(await journal.head(sourceId)) })));
    return c.json({ heads: found.filter(({ seq }) => seq > 0) });
  });
}

type Start = { sourceId: string; seq: number };
type Reading = { sources: readonly string[]; start: Start | null; wanted: (entry: ChainEntry) => boolean };

/** Entries up to a bound, and where to read on; null at the end of the last source. */
async function readPage(
  journal: ApiDependencies['journal'],
  { sources, start, wanted }: Reading,
): Promise<{ entries: ChainEntry[]; next: string | null }> {
  const entries: ChainEntry[] = [];
  let at: Start | null = start;
  for (let pages = 0; at !== null; pages++) {
    if (pages === mostPages || entries.length >= linesAtOnce) return { entries, next: `${at.seq}|${at.sourceId}` };
    const page = await journal.readChain(at.sourceId, { fromSeq: at.seq, limit: linesAtOnce });
    entries.push(...page.entries.filter(wanted));
    at = page.nextSeq === null ? following(at.sourceId, sources) : { sourceId: at.sourceId, seq: page.nextSeq };
  }
  return { entries, next: null };
}

function following(sourceId: string, sources: readonly string[]): Start | null {
  const next = sources[sources.indexOf(sourceId) + 1];
  return next === undefined ? null : { sourceId: next, seq: 1 };
}

/** A device named as source/user/deviceId has its lines in that source's journal only. */
function sourcesOf(device: string | undefined, all: readonly string[]): readonly string[] {
  const sourceId = device?.split('/')[0];
  return sourceId === undefined ? all : [sourceId];
}

function wantedOf(device: string | undefined, from: string | undefined): (entry: ChainEntry) => boolean {
  const since = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
  return ({ line }) => line.at >= since && (device === undefined || `${line.sourceId}/${line.user}/${line.deviceId}` === device);
}

function cursorOf(cursor: string | undefined, sources: readonly string[]): Start | null {
  const [first] = sources;
  if (cursor === undefined) return first === undefined ? null : { sourceId: first, seq: 1 };
  const [, seq, sourceId = ''] = /^(\d{1,12})\|(.+)$/.exec(cursor) ?? [];
  if (seq !== undefined && Number(seq) > 0 && sources.includes(sourceId)) return { sourceId, seq: Number(seq) };
  throw new Problem(400, 'The cursor is none that this API gave. Begin without one.', {
    errors: [{ path: 'cursor', message: 'is not understood' }],
  });
}
