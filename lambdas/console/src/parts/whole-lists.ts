/** Lists that the API returns page by page, read to their end. */
import { read } from '../api.ts';
import { type CurrentSettings, currentSettings, type Guard, guards } from '../schemas.ts';

/** `path` with its query, without a cursor. */
export async function readGuards(path: string, signal: AbortSignal): Promise<{ guards: Guard[] }> {
  const found: Guard[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { guards: Guard[]; cursor: string | null } = await read(withCursor(path, cursor), guards, signal);
    found.push(...page.guards);
    cursor = page.cursor;
  }
  return { guards: found };
}

/** The settings with all their earlier versions. */
export async function readSettings(path: string, signal: AbortSignal): Promise<CurrentSettings> {
  const first: CurrentSettings = await read(path, currentSettings, signal);
  const versions = [...first.versions];
  for (let cursor = first.cursor; cursor !== null; ) {
    const page: CurrentSettings = await read(withCursor(path, cursor), currentSettings, signal);
    versions.push(...page.versions);
    cursor = page.cursor;
  }
  return { ...first, versions, cursor: null };
}

function withCursor(path: string, cursor: string): string {
  if (cursor === '') return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ cursor })}`;
}
