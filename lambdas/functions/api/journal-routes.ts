/** GET /api/journal: every source's lines from its hash chain, one JSON document per line. */
import { z } from '@hono/zod-openapi';
import { noSource } from '#domain/journal/rejection-lines';
import { lineKind } from '#domain/journal/timeline';
import type { ApiDependencies } from './app.ts';
import { beginning, type Place, searchJournal, startOf, wantedOf } from './journal-search.ts';
import { malformed, Problem } from './problem.ts';
import { withoutEmpty } from './query.ts';
import { type ApiApp, json, problems } from './route-kit.ts';

const linesAtOnce = 500;

const query = z.object({
  source: z.string().min(1).optional().openapi({ description: 'Source id; `*` for what belongs to no source. Left out: all.' }),
  device: z.string().min(1).optional().openapi({ description: 'source/user/deviceId', example: 'cloud/Jane Doe/Acme/ApplF17X' }),
  kind: lineKind.optional().openapi({ description: 'Lines of this kind.' }),
  q: z
    .string()
    .max(200)
    .optional()
    .openapi({ description: 'Words that all occur in what the line says, its user or device id; case does not matter.' }),
  from: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Lines of this time and later.' }),
  to: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Lines of this time and earlier.' }),
  order: z.enum(['oldest', 'newest']).default('oldest').openapi({
    description:
      'Which line of a source comes first. `newest` with `from` ends at 500 lines in a row that are more than a day older, and with `to` leaves out what was written more than a day later.',
  }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(linesAtOnce)
    .default(linesAtOnce)
    .openapi({ description: 'The most lines that a page holds.' }),
  check: z.enum(['true', 'false']).optional().openapi({ description: 'Also compare each line with the timeline: adds `kept`.' }),
  cursor: z.string().optional().openapi({ description: 'From the header `x-next-cursor` of the page before.' }),
});
const heads = z.object({ heads: z.array(z.object({ sourceId: z.string(), seq: z.number().int(), hash: z.string() })) });

export function journalRoutes(app: ApiApp, { journal, sourceIds }: ApiDependencies): void {
  const everySource = [...sourceIds, noSource];

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/journal',
    summary: 'The journal as JSON lines, source by source, in the order in which it was written or the other way round',
    description:
      'A page has the header `x-next-cursor` while there is more. One request looks through at most 4,000 lines and says in `x-lines-read` through how many it did: with filters a page may be empty and still have a cursor.',
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
    const { source, device, check, cursor, order, limit, ...filter } = parsed.data;
    const sources = source === undefined ? sourcesOf(device, everySource) : [source];
    const search = { sources, newestFirst: order === 'newest', limit, ...wantedOf({ ...filter, device }) };
    const page = await searchJournal(journal, search, await startOf(journal, search, cursorOf(cursor, sources)));
    const kept = check === 'true' ? await journal.kept(page.entries.map(({ line }) => line)) : null;
    const lines = page.entries.map((entry, index) => `${JSON.stringify(kept ? { ...entry, kept: kept[index] } : entry)}\n`);
    if (page.next !== null) c.header('x-next-cursor', `${page.next.seq ?? 'end'}|${page.next.sourceId}`);
    c.header('x-lines-read', String(page.read));
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

/** A device (source/user/deviceId) has lines only in the journal of its source. */
function sourcesOf(device: string | undefined, all: readonly string[]): readonly string[] {
  const sourceId = device?.split('/')[0];
  return sourceId === undefined ? all : [sourceId];
}

function cursorOf(cursor: string | undefined, sources: readonly string[]): Place | null {
  if (cursor === undefined) return beginning(sources);
  const [, seq, sourceId = ''] = /^(\d{1,12})\|(.+)$/.exec(cursor) ?? [];
  if (seq !== undefined && Number(seq) > 0 && sources.includes(sourceId)) return { sourceId, seq: Number(seq) };
  if (seq === undefined && cursor.startsWith('end|') && sources.includes(cursor.slice(4)))
    return { sourceId: cursor.slice(4), seq: null };
  throw new Problem(400, 'The cursor is none that this API gave. Begin without one.', {
    errors: [{ path: 'cursor', message: 'is not understood' }],
  });
}
