/**
 * `npm run pictures [-- NAME …]`: starts the demo in a separate data folder, waits until a few phones wait for a decision, and takes the
 * pictures of the console that the documentation shows: every page wide and light, some also dark or narrow.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import chromium from '@sparticuz/chromium';
import { type Page, chromium as playwright } from 'playwright-core';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'extender-pictures-'));
const readyFile = join(folder, 'ready.json');
const heldAtLeast = 3;
const wide = { width: 1440, height: 1000 };
const narrow = { width: 390, height: 844 };
const pages = ['overview', 'devices', 'device', 'waiting', 'settings', 'relays', 'journal', 'capacity'] as const;
type Shot = { page: (typeof pages)[number]; name: string; size: typeof wide; colorScheme: 'light' | 'dark' };
const shots: Shot[] = [
  ...pages.map((page): Shot => ({ page, name: page, size: wide, colorScheme: 'light' })),
  { page: 'overview', name: 'overview-dark', size: wide, colorScheme: 'dark' },
  { page: 'overview', name: 'overview-narrow', size: narrow, colorScheme: 'light' },
  { page: 'devices', name: 'devices-narrow', size: narrow, colorScheme: 'light' },
  { page: 'waiting', name: 'waiting-narrow', size: narrow, colorScheme: 'dark' },
  { page: 'relays', name: 'relays-dark', size: wide, colorScheme: 'dark' },
];
const readyFacts = z.object({ consoleUrl: z.string(), apiUrl: z.string(), apiToken: z.string() });
type Facts = z.infer<typeof readyFacts>;
const heldPage = z.object({ devices: z.array(z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string() })) });

async function whenReady(): Promise<Facts> {
  while (!existsSync(readyFile)) await pause(200);
  return readyFacts.parse(JSON.parse(readFileSync(readyFile, 'utf8')));
}

/** The first waiting device, once there are enough. */
async function whenHeld({ apiUrl, apiToken }: Facts) {
  for (;;) {
    const response = await fetch(`${apiUrl}/devices?verdict=hold`, { headers: { authorization: `Bearer ${apiToken}` } });
    const { devices } = heldPage.parse(await response.json());
    const [device] = devices;
    if (device !== undefined && devices.length >= heldAtLeast) return device;
    await pause(1000);
  }
}

/** One browser per picture: this Chromium is a single process that ends when its first page closes. */
async function take(shot: Shot, { facts, address }: { facts: Facts; address: string }): Promise<void> {
  const executablePath = await chromium.executablePath();
  const browser = await playwright.launch({ executablePath, args: chromium.args, headless: true });
  try {
    const page = await browser.newPage({ viewport: shot.size, colorScheme: shot.colorScheme });
    await page.goto(facts.consoleUrl);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.goto(new URL(address, facts.consoleUrl).href);
    await waitUntilLoaded(page);
    await page.screenshot({ path: `docs/pictures/${shot.name}.png` });
  } finally {
    await browser.close();
  }
}

async function waitUntilLoaded(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByText('Asking the extender…').first().waitFor({ state: 'detached' });
  await pause(1500);
}

const stack = spawn(
  process.execPath,
  ['infra/local/main.ts', '--data', join(folder, 'data'), '--port', '0', '--ready-file', readyFile],
  { stdio: 'inherit' },
);
try {
  const facts = await whenReady();
  const { sourceId, user, deviceId } = await whenHeld(facts);
  const addressOf = (page: Shot['page']): string => {
    if (page === 'overview') return '/';
    return page === 'device' ? `/device?${new URLSearchParams({ source: sourceId, user, id: deviceId })}` : `/${page}`;
  };
  const named = process.argv.slice(2);
  for (const shot of shots.filter(({ name }) => named.length === 0 || named.includes(name)))
    await take(shot, { facts, address: addressOf(shot.page) });
} finally {
  const ended = new Promise((resolve) => stack.once('exit', resolve));
  stack.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
