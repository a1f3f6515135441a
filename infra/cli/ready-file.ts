/** What other programs need to reach the running stack: written atomically, readable by its owner only, removed when it stops. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { ApiRefusal } from './api-client.ts';

export const readyFacts = z.object({
  consoleUrl: z.string(),
  apiUrl: z.string(),
  apiToken: z.string(),
  busName: z.string(),
  endpoints: z.object({
    dynamodb: z.string(),
    sqs: z.string(),
    events: z.string(),
    secretsmanager: z.string(),
    /** Where relays connect; missing where the template has no WebSocket API. */
    socket: z.string().optional(),
  }),
  pid: z.number(),
});
export type ReadyFacts = z.infer<typeof readyFacts>;

export async function writeReadyFile(file: string, facts: ReadyFacts): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

/** Null if there is none, or none that this version understands. Throws ApiRefusal if it exists and cannot be read. */
export async function readReadyFile(file: string): Promise<ReadyFacts | null> {
  try {
    return readyFacts.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError || codeOf(error) === 'ENOENT') return null;
    throw new ApiRefusal(
      null,
      `${file} cannot be read (${codeOf(error)}). Run as the account that started the stack, or set EXTENDER_API and EXTENDER_TOKEN.`,
    );
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

export async function removeReadyFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
