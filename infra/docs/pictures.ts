/**
 * `npm run pictures`: starts the demo in a data folder of its own, waits until phones wait for a decision, and takes the
 * pictures of the console that the documentation shows: wide and narrow, light and dark.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';
import { z } from 'zod';

const folder = mkdtempSync(join(tmpdir(), 'extender-pictures-'));
const readyFile = join(folder, 'ready.json');
const shots = [
  { name: 'overview', width: 1440, height: 1000, colorScheme: 'light', device: false },
  { name: 'overview-dark', width: 1440, height: 1000, colorScheme: 'dark', device: false },
  { name: 'device', width: 1440, height: 1000, colorScheme: 'light', device: true },
  { name: 'overview-narrow', width: 390, height: 844, colorScheme: 'light', device: false },
] as const;

async function consoleUrl(): Promise<string> {
  while (!existsSync(readyFile)) await pause(200);
  return z.object({ consoleUrl: z.string() }).parse(JSON.parse(readFileSync(readyFile, 'utf8'))).consoleUrl;
}

async function take(browser: Browser, url: string, shot: (typeof shots)[number]) {
  const page = await browser.newPage({ viewport: { width: shot.width, height: shot.height }, colorScheme: shot.colorScheme });
  await page.goto(url);
  const held = page.getByText('held', { exact: true }).first();
  await held.waitFor({ timeout: 120_000 });
  if (shot.device) {
    await held.click();
    await page.getByText(/What would change this/).waitFor();
  }
  await pause(1500);
  await page.screenshot({ path: `docs/pictures/${shot.name}.png` });
  await page.close();
}

const stack = spawn(
  process.execPath,
  ['infra/local/main.ts', '--data', join(folder, 'data'), '--port', '0', '--ready-file', readyFile],
  { stdio: 'inherit' },
);
try {
  const url = await consoleUrl();
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  });
  for (const shot of shots) await take(browser, url, shot);
  await browser.close();
} finally {
  const ended = new Promise((resolve) => stack.once('exit', resolve));
  stack.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
