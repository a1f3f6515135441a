/** A fleet of 100,000 devices in the console: each view of them stays quick, in a real browser on the running stack. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device, VerdictName } from '#domain/devices/device';
import { startBrowser } from '../fixtures/browser.ts';
import { putFleet } from '../fixtures/fleet-in-database.ts';
import { type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';

const fleet = 100_000;
const heldEvery = 500;
const blockedEvery = 1000;
const missingAt = 77_777;
/** Times mean nothing on a machine that others use too: speed is measured against the same page with nothing in it. */
const atMost = 4;
const longTimeout = 120_000;
const folder = temporaryFolder();
const now = Date.now();
let stack: Stack;
let browser: Browser;
let page: Page;
/** How long the page of devices takes to show that there are none, ms. */
let empty: number;

const verdictAt = (index: number): VerdictName =>
  index % blockedEvery === 1 ? 'block' : index % heldEvery === 0 ? 'hold' : index % 3 === 0 ? 'approve' : 'leave';

function deviceAt(index: number): Device {
  const verdict = verdictAt(index);
  const held = verdict === 'hold' ? now - 60_000 - index : null;
  return {
    ...{ sourceId: 'big', user: `User ${index % 70_000} Name/Sales/Acme`, deviceId: `Android_${index.toString(16)}` },
    ...{ provider: 'Pixel 9', type: 'Android', level: '1', notification: '', lastSync: now - index * 1000, href: `/d/${index}` },
    detail: null,
    ...{ presence: index === missingAt ? 'missing' : 'present', missingSince: index === missingAt ? now : null },
    ...{ firstSeen: now - 1e9, registeredAt: now - 1e9, observedAt: now, observedSeq: 0, baselineRun: null },
    ...{ denial: null, openAction: null, match: null, heldSince: held },
    verdict: {
      ...{ verdict, rule: 'over-allowance', evidence: 'third of 2 allowed', wouldChange: 'Approving it by hand.' },
      ...{ settingsVersion: 1, decidedAt: now - index, inputsDigest: 'x' },
    },
  };
}

function* everyDevice(): Generator<Device> {
  for (let index = 0; index < fleet; index++) yield deviceAt(index);
}

beforeAll(async () => {
  stack = await startStack({ config: { sources: [{ id: 'big', kind: 'traveler' }] }, dataDir: `${folder.path}/data` });
  putFleet(`${folder.path}/data`, everyDevice());
  browser = await startBrowser();
  page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
  page.setDefaultTimeout(longTimeout);
  await page.goto(stack.consoleUrl);
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  const nothing = () => timed('/devices?user=nobody', () => page.getByText('No device matches.').waitFor());
  await nothing();
  empty = ((await nothing()) + (await nothing())) / 2;
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  folder.remove();
});

/** Goes to an address and waits for the expected content; returns the time it took, ms. */
async function timed(address: string, shows: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await page.goto(new URL(address, stack.consoleUrl).href);
  await shows();
  return performance.now() - began;
}
const rows = () => page.locator('tbody tr').filter({ has: page.locator('input[type=checkbox]') });
const sortBy = (column: string) => page.locator('th').filter({ hasText: column }).locator('[role=button]').first().click();
const firstRow = () => rows().first().waitFor();

test(
  'the first page of all devices, and the next ones, appear at once',
  async () => {
    expect(await timed('/devices', firstRow)).toBeLessThan(atMost * empty);
    const before = await rows().first().innerText();
    for (let turn = 0; turn < 3; turn++) {
      const began = performance.now();
      await page.getByRole('button', { name: 'Next page' }).click();
      await page
        .getByRole('button', { name: `Page ${turn + 2}`, exact: true })
        .and(page.locator('[aria-current="true"]'))
        .waitFor();
      await firstRow();
      expect(performance.now() - began).toBeLessThan(atMost * empty);
    }
    expect(await rows().first().innerText()).not.toBe(before);
  },
  longTimeout,
);

test.each(['hold', 'block', 'approve', 'leave'])(
  'devices by the verdict "%s" appear at once',
  async (verdict) => {
    expect(await timed(`/devices?verdict=${verdict}`, firstRow)).toBeLessThan(atMost * empty);
  },
  longTimeout,
);

test(
  'a part of an id finds one device among all',
  async () => {
    const wanted = deviceAt(98_765).deviceId;
    expect(await timed(`/devices?q=${wanted}`, () => page.getByText(wanted, { exact: true }).waitFor())).toBeLessThan(
      2 * atMost * empty,
    );
  },
  longTimeout,
);

test(
  'a long search shows its progress: the one device missing from the gather',
  async () => {
    await page.goto(new URL('/devices?state=missing', stack.consoleUrl).href);
    await page
      .getByText(/Looking… [\d,]+ devices so far/)
      .first()
      .waitFor();
  },
  longTimeout,
);

test(
  'a few hundred are sorted by any column; too many are not, visibly',
  async () => {
    await page.goto(new URL('/devices?verdict=hold', stack.consoleUrl).href);
    await firstRow();
    const began = performance.now();
    await sortBy('User');
    const firstUser = () => rows().first().getByRole('link').first().innerText();
    const expected = Array.from({ length: fleet }, (_, index) => index)
      .filter((index) => verdictAt(index) === 'hold')
      .map((index) => deviceAt(index).user)
      .sort((a, b) => a.localeCompare(b));
    await expect.poll(firstUser, { timeout: 60_000 }).toBe(expected[0]);
    expect(performance.now() - began).toBeLessThan(2 * atMost * empty);
    await page.goto(new URL('/devices?verdict=leave', stack.consoleUrl).href);
    await firstRow();
    await sortBy('User');
    await page.getByText(/Narrow the filter to sort them/).waitFor();
  },
  longTimeout,
);

test(
  'the approval queue begins with the device that waits longest',
  async () => {
    const longest = deviceAt(fleet - heldEvery);
    const took = await timed('/waiting', () => page.getByRole('heading', { name: longest.user }).first().waitFor());
    expect(took).toBeLessThan(2 * atMost * empty);
  },
  longTimeout,
);

test(
  'the overview shows what it knows at once and counts in the background',
  async () => {
    expect(await timed('/', () => page.getByText('Sources').or(page.getByText('big')).first().waitFor())).toBeLessThan(
      atMost * empty,
    );
  },
  longTimeout,
);
