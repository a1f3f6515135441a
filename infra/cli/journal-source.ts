/** The journal to work from: exported to a file as JSON lines, or read from the API page by page. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type ChainEntry, chainEntry } from '#domain/journal/hash-chain';
import { type ApiClient, ApiRefusal } from './api-client.ts';
import { pagesOf } from './api-pages.ts';

/** Throws ApiRefusal, with the line number, if the file contains anything but journal entries. */
export async function journalOfFile(file: string): Promise<ChainEntry[]> {
  const entries: ChainEntry[] = [];
  let number = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (text.trim() !== '') entries.push(entryOf(text, `${file} line ${number}`));
    }
  } catch (error) {
    if (error instanceof ApiRefusal) throw error;
    throw new ApiRefusal(null, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return entries;
}

export async function journalOfApi(api: ApiClient): Promise<ChainEntry[]> {
  const entries: ChainEntry[] = [];
  for await (const text of journalLines(api, {})) entries.push(entryOf(text, `the journal, entry ${entries.length + 1}`));
  return entries;
}

/** The lines of the journal that match the filter of GET /journal, read page by page. */
export async function* journalLines(api: ApiClient, filter: Record<string, string | undefined>): AsyncGenerator<string> {
  const given = Object.entries(filter).filter((one): one is [string, string] => one[1] !== undefined);
  const readPage = async (from: string) => {
    const query = new URLSearchParams([...given, ...(from === '' ? [] : [['cursor', from]])]);
    const { lines, next } = await api.lines(query.size === 0 ? '/journal' : `/journal?${query}`);
    return { lines, cursor: next };
  };
  for await (const page of pagesOf(readPage)) yield* page.lines;
}

function entryOf(text: string, where: string): ChainEntry {
  try {
    return chainEntry.parse(JSON.parse(text));
  } catch {
    throw new ApiRefusal(null, `${where}: this is no entry of a journal, as \`journal export\` writes them.`);
  }
}
