/** The floors: what any program must do at least. A bare undici client that makes the same requests and keeps nothing. */
import { Pool } from 'undici';
import { z } from 'zod';
import type { SimulatorProcess } from './simulator-process.ts';

const envelope = z.object({ next: z.string().nullish() });

export type BareClient = ReturnType<typeof bareClient>;

export function bareClient({ url, credentials }: SimulatorProcess, connections: number) {
  const pool = new Pool(url, { connections });
  const authorization = `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;

  async function get(path: string): Promise<string> {
    const { body, statusCode } = await pool.request({ path, method: 'GET', headers: { authorization } });
    if (statusCode !== 200) throw new Error(`The simulator answered ${statusCode}`);
    return body.text();
  }
  /** Every page, its JSON parsed. */
  async function list(): Promise<unknown[]> {
    const pages: unknown[] = [];
    for (let path: string | null = '/api/traveler/devices?pm=100'; path !== null; ) {
      const page: unknown = JSON.parse(await get(path));
      pages.push(page);
      path = envelope.parse(page).next || null;
    }
    return pages;
  }
  return { get, list, close: () => pool.close() };
}

const page = z.object({ data: z.array(z.object({ href: z.string() })) });
export const hrefsOf = (pages: readonly unknown[]): string[] =>
  pages.flatMap((one) => page.parse(one).data.map(({ href }) => href));
