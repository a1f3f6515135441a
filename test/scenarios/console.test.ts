/** The page an administrator looks at, in a real browser, on the running stack. */
import chromium from '@sparticuz/chromium';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { userName } from './fleet.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

const hostile = '<script>alert(1)</script> & Söhne/Acme';
const folder = temporaryFolder();
let server: ForeignTraveler;
let stack: Stack;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  server = await startForeignTraveler({ requireApproval: true });
  for (let index = 0; index < 40; index++)
    server.register(userName(index), `ApplOLD${index}`, { approval_policy: 2, access_status: 0 });
  server.register(hostile, 'ApplHELD');
  stack = await startStack({
    config: { sources: [{ id: 'cloud', kind: 'smartcloud', url: server.url, credentials: server.credentials }] },
    dataDir: `${folder.path}/data`,
  });
  await stack.settled();
  browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args, '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    headless: true,
  });
  page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(stack.consoleUrl).origin) && !request.url().startsWith('data:'))
      faults.push(`foreign request ${request.url()}`);
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await server?.stop();
  folder.remove();
});

test('the access link opens the overview: the source is well, its gather took a time', async () => {
  await page.goto(stack.consoleUrl);
  await page.getByText('well', { exact: true }).waitFor();
  expect(page.url()).not.toContain('token');
  await page
    .getByText(/\d+ requests/)
    .first()
    .waitFor();
});

test('a held device is shown with its reason, its name as text', async () => {
  await page.getByText(hostile).first().click();
  await page.getByText(/What would change this/).waitFor();
  await page.getByText('over-allowance', { exact: true }).waitFor();
});

test('approving it in the page reaches the server, and it no longer waits', async () => {
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText(/Approval requested/).waitFor();
  await page.getByText('manual-decision', { exact: true }).waitFor();
  await expect.poll(() => server.device(hostile, 'ApplHELD')?.approval_policy, { timeout: 10_000 }).toBe(2);
  await page.getByText('Nobody is waiting').waitFor();
});

test('nothing on the page failed, and nothing was asked of another host', () => {
  expect(faults).toEqual([]);
});

test('without the link the page says what it needs', async () => {
  const stranger = await browser.newPage();
  await stranger.goto(new URL('/', stack.consoleUrl).href);
  await stranger.getByText(/needs the access link/).waitFor();
  await stranger.close();
});
