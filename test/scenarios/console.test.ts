/** The pages that an administrator looks at, in a real browser, on the running stack. */
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startBrowser } from '../fixtures/browser.ts';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { relay, startProcess, writeConfiguration } from '../relay/relay-process.ts';
import { enrolmentOf, userName } from './fleet.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

// Whole journeys, on machines that others use too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const hostile = [
  '<script>alert(1)</script> & Söhne/Acme',
  '\u202eabc مرحبا/Acme',
  `${'Long '.repeat(49)}Name/Acme`.slice(0, 256),
] as const;
const settings = { requireApproval: 'server', devicesPerUser: 0, autoApproveEnrolled: true };
const byHand = ['By Hand 1/Acme', 'By Hand 2/Acme', 'By Hand 3/Acme'];
const folder = temporaryFolder();
let server: ForeignTraveler;
let stack: Stack;
let browser: Browser;
let page: Page;
const faults: string[] = [];

const to = (address: string) => page.goto(new URL(address, stack.consoleUrl).href);
const deviceAddress = (user: string, id: string) => `/device?${new URLSearchParams({ source: 'cloud', user, id })}`;
const button = (name: string | RegExp) => page.getByRole('button', { name }).first();

/** That many devices are known, and each has its verdict. */
const decided = (count: number) =>
  eventually(
    async () => {
      const devices = await stack.devices();
      return devices.length === count && devices.every(({ verdict }) => verdict !== null) ? true : null;
    },
    { within: 60_000, every: 250, what: `${count} decided devices` },
  );

beforeAll(async () => {
  server = await startForeignTraveler({ requireApproval: true });
  for (let index = 0; index < 60; index++)
    server.register(userName(index), `ApplOLD${index}`, { approval_policy: 2, access_status: 0 });
  stack = await startStack({
    config: {
      sources: [
        { id: 'cloud', kind: 'smartcloud', url: server.url, credentials: server.credentials },
        { id: 'hq', kind: 'traveler' },
      ],
      settings,
      guard: { maxDevices: 1, maxPercent: 1 },
    },
    dataDir: `${folder.path}/data`,
  });
  await decided(60);
  hostile.forEach((user, index) => void server.register(user, `ApplHELD${index}`));
  byHand.forEach((user, index) => void server.register(user, `ApplHAND${index}`));
  for (let index = 0; index < 3; index++) server.register(userName(index), `ApplBULK${index}`);
  const enrolments = byHand.map((user, index) =>
    enrolmentOf(user, { id: `hand${index}`, mailDeviceIds: [`ApplHAND${index}`], mail: 'manual' }),
  );
  await stack.api('/enrolments', { method: 'POST', body: enrolments });
  await stack.gather('cloud');
  await decided(69);
  browser = await startBrowser();
  page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(stack.consoleUrl).origin) && !/^(data|blob):/.test(request.url()))
      faults.push(`foreign request ${request.url()}`);
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await server?.stop();
  folder.remove();
});

test('the access link opens the overview within 500 KB: one healthy source', async () => {
  let bytes = 0;
  page.on('requestfinished', async (request) => {
    if (!request.url().includes('/api/')) bytes += (await request.sizes()).responseBodySize;
  });
  await page.goto(stack.consoleUrl);
  await page.getByText('well', { exact: true }).waitFor();
  await page.getByText('devices are held').waitFor();
  await page.getByText(/Duration of the last/).waitFor({ state: 'attached' });
  expect(page.url()).not.toContain('token');
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(500_000);
});

test('any content of a name is shown as text', async () => {
  await page.getByRole('link', { name: 'Waiting' }).click();
  for (const user of hostile) await page.getByRole('radio', { name: user, exact: false }).waitFor({ state: 'attached' });
  expect(await page.locator('script:not([src])').count()).toBe(0);
});

test('in the queue "a" approves the current device and "j" goes on', async () => {
  await page.getByRole('radio', { name: hostile[0] }).check({ force: true });
  await page.getByRole('heading', { name: hostile[0] }).waitFor();
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.down('a');
  await page.getByText(`Approve: ${hostile[0]}`).waitFor();
  // While it is held down, it decides nothing more.
  await page.keyboard.down('a');
  await page.keyboard.up('a');
  await expect.poll(() => server.device(hostile[0], 'ApplHELD0')?.approval_policy, { timeout: 30_000 }).toBe(2);
  expect(server.device(hostile[1], 'ApplHELD1')?.approval_policy).not.toBe(2);
  const current = page.locator('main h2').first();
  await page.getByRole('radio').first().check({ force: true });
  const before = await current.innerText();
  await page.keyboard.press('j');
  await expect.poll(() => current.innerText(), { timeout: 30_000 }).not.toBe(before);
});

test('a link opens a device with its explanation and history, and back again', async () => {
  await to(deviceAddress(hostile[1], 'ApplHELD1'));
  await page.getByText(/^held because:/i).waitFor();
  await page.getByText(/What would change this/).waitFor();
  await page.getByText('over-allowance', { exact: true }).waitFor();
  await button('Block').click();
  await page.getByText(/Block requested/).waitFor();
  await expect.poll(() => server.device(hostile[1], 'ApplHELD1')?.approval_policy, { timeout: 30_000 }).toBe(8);
  await page
    .getByText(/^Block by local/i)
    .or(page.getByText(/Withdraw: let the rules decide/))
    .first()
    .waitFor();
  await page.getByRole('link', { name: 'Devices' }).first().click();
  await page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor();
  await page.goBack();
  await page.getByText(/^blocked because:/i).waitFor();
});

test('several devices are approved at once, the confirmation names their number', async () => {
  await to('/devices?q=ApplBULK');
  await page.getByText('ApplBULK2').waitFor();
  await page.getByRole('checkbox', { name: 'Select all on this page' }).check({ force: true });
  await button('Actions').click();
  await page.getByText('Selected (3)').click();
  await page.getByRole('menuitem', { name: 'Approve' }).first().click();
  await page.getByText('Approve 3 devices?').waitFor();
  await button('Approve 3').click();
  await page.getByText('3 of 3 done', { exact: true }).waitFor();
  expect([0, 1, 2].map((index) => server.device(userName(index), `ApplBULK${index}`)?.approval_policy)).toEqual([2, 2, 2]);
});

test('a wipe is sent only after its number is typed', async () => {
  await to(deviceAddress(userName(5), 'ApplOLD5'));
  await button('Actions').click();
  await page.getByRole('menuitem', { name: 'Wipe…' }).click();
  await page.getByText('Wipe 1 device?').waitFor();
  await page.getByRole('checkbox', { name: 'The whole device' }).check({ force: true });
  expect(await button('Wipe 1').isDisabled()).toBe(true);
  await page.getByLabel('Type 1 to confirm').fill('1');
  const wipes = () =>
    server.writes.filter(
      ({ deviceId, body }) => deviceId === 'ApplOLD5' && JSON.stringify(body).includes('requested_wipe_options'),
    );
  expect(wipes()).toEqual([]);
  await button('Wipe 1').click();
  await expect.poll(() => wipes().length, { timeout: 30_000 }).toBe(1);
  expect(server.device(userName(5), 'ApplOLD5')?.requested_wipe_options).toContain('wipeDevice');
});

test('settings show their plan, stop at the guard, are confirmed and rolled back', async () => {
  await to('/settings');
  await page.getByRole('checkbox', { name: 'Approve by policy' }).check({ force: true });
  expect(await button('Save and publish').isDisabled()).toBe(true);
  await button('Show what would change').click();
  await page.getByText(/3 devices would change/).waitFor();
  await page.getByText(/The guard would stop this/).waitFor();
  // It appears below the form, and scrolls into view.
  await expect
    .poll(async () => (await page.getByRole('heading', { name: 'The plan' }).boundingBox())?.y ?? 9999)
    .toBeLessThan(400);
  await button('Save and publish').click();
  await page.getByText(/nothing was published/).waitFor();
  expect(server.device('By Hand 1/Acme', 'ApplHAND0')?.approval_policy).toBe(2);
  await button('Confirm and apply').click();
  await page.getByText('Current version: 2').waitFor();
  await expect.poll(() => server.device('By Hand 3/Acme', 'ApplHAND2')?.approval_policy, { timeout: 15_000 }).toBe(8);
  await page.reload();
  await page.getByText('Current version: 2').waitFor();
  await button('Take version 1 into the form').click();
  await button('Show what would change').click();
  await page.getByText(/3 would be approved, 0 blocked/).waitFor();
  await button('Save and publish').click();
  await page.getByText('Version 3 is published').waitFor();
});

test('the journal is searched on the server, and the search is in the address', async () => {
  await to('/journal');
  await page.getByRole('searchbox').fill('approval ASKED applheld0');
  await page
    .getByText(/Approval asked for by/)
    .first()
    .waitFor();
  await page.getByText(/^All [\d,]+ lines searched: [\d,]+ match/).waitFor();
  expect(new URL(page.url()).searchParams.get('q')).toBe('approval ASKED applheld0');
  expect(await page.getByText(userName(0), { exact: false }).count()).toBe(0);
  await page.getByRole('button', { name: /^Kind/ }).click();
  await page.getByRole('option', { name: 'stopped by the guard' }).click();
  await page.getByText('No line matches.').waitFor();
  await page.goBack();
  await page
    .getByText(/Approval asked for by/)
    .first()
    .waitFor();
  await to('/journal?kind=guard-decided&last=hour');
  await page.getByText(/^All of that time searched/).waitFor();
  await page.getByRole('button', { name: /^Time/ }).click();
  await page.getByRole('option', { name: 'From day to day…' }).click();
  await page.getByLabel('Last day', { exact: true }).fill('2020-01-31');
  await page.getByLabel('Last day', { exact: true }).press('Tab');
  await page.getByText('No line matches.').waitFor();
});

test('a device links to its journal lines, and new lines are announced', async () => {
  await to(deviceAddress(hostile[0], 'ApplHELD0'));
  await page.getByRole('link', { name: 'In the journal' }).click();
  await page.getByText(/^All [\d,]+ lines searched/).waitFor();
  const devices = await page.locator('tbody tr').allInnerTexts();
  expect(devices.length).toBeGreaterThan(3);
  expect(devices.every((row) => row.includes('ApplHELD0'))).toBe(true);
  await stack.api('/gathers', { method: 'POST', body: { sourceId: 'cloud' } });
  await page.getByRole('button', { name: /^Show [\d,]+ new lines?$/ }).click();
  await page.getByText(/^All [\d,]+ lines searched/).waitFor();
});

test('a long search shows its progress, is stopped, and resumes', async () => {
  const held: (() => void)[] = [];
  let asked = 0;
  // A slow extender with a long journal: its first answers find nothing and say that there is more.
  await page.route('**/api/journal?*', async (route) => {
    if (++asked > 3) return route.continue();
    if (asked > 1) await new Promise<void>((resolve) => held.push(resolve));
    const { searchParams } = new URL(route.request().url());
    expect(searchParams.get('order')).toBe('newest');
    await route
      .fulfill({ headers: { 'x-next-cursor': '1|cloud', 'x-lines-read': '4000' }, contentType: 'application/x-ndjson', body: '' })
      .catch(() => undefined);
  });
  await to('/journal?q=nothing-like-this');
  await page.getByText(/^Searched 4,000 of [\d,]+ lines? so far…/).waitFor();
  await button('Stop').click();
  await page.getByText(/^Searched 4,000 of [\d,]+ lines? so far, the newest first: none matches\./).waitFor();
  for (const answer of held) answer();
  await button('Search on').click();
  await expect.poll(() => held.length, { timeout: 15_000 }).toBe(2);
  for (const answer of held) answer();
  await page.getByText(/^All 8,001 lines searched: none matches/).waitFor();
  await page.unroute('**/api/journal?*');
});

test('the journal is verified in the browser; a line altered in transit is named', async () => {
  await to('/journal');
  await button('Verify').click();
  await page.getByText(/Verified: .* none altered, none missing/).waitFor();
  await page.route('**/api/journal?*', async (route) => {
    const response = await route.fetch();
    const [first = '', ...others] = (await response.text()).split('\n');
    const changed = JSON.parse(first);
    changed.line.says = 'Nothing happened.';
    await route.fulfill({ response, body: [JSON.stringify(changed), ...others].join('\n') });
  });
  await button('Verify').click();
  await page.getByText(/^Line 1 does not fit its seal: it was altered, or put in\. It is of /).waitFor();
  await page.unroute('**/api/journal?*');
});

test('a relay is enrolled, connects, is missed when killed, and is revoked', async () => {
  await to('/');
  await page.getByText('hq has no relay yet').waitFor();
  await page.getByRole('link', { name: 'Relays' }).first().click();
  await page.getByText('hq has no relay yet').waitFor();
  await button('Enrol a relay').click();
  await button('Make the command').click();
  await page.getByText('Waiting for the relay to connect…').waitFor();
  const shown = await page.locator('pre.command').innerText();
  expect(shown).toContain(new URL(stack.consoleUrl).origin);
  await page.getByRole('button', { name: 'Windows (PowerShell)' }).click();
  const [, cloud = '', token = ''] = /enrol (\S+) (\S+)$/.exec(shown) ?? [];
  const dataDir = temporaryFolder().path;
  const environment = { RELAY_TIMING: undefined };
  writeConfiguration(dataDir, {
    traveler: { url: server.url, credentials: server.credentials },
    console: { by: 'rest' },
    health: { port: 0 },
  });
  expect(await relay(['enrol', cloud, token], { dataDir, environment })).toMatchObject({ code: 0 });
  await page.getByText(/^Enrolled\. Now run/).waitFor();
  const process = startProcess(['run'], { dataDir, environment });
  await page.getByText(/is connected. The first gather begins by itself/).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Close' }).last().click();
  await page.getByText('holds the lease').waitFor();
  await process.kill('SIGKILL');
  await page.getByText('away', { exact: true }).first().waitFor({ timeout: 90_000 });
  await page.getByText(/relay doctor/).waitFor();
  await to('/');
  await page.getByText('The relay of hq is away').waitFor();
  await to('/relays');
  await button(/^Revoke…/).click();
  await page.getByText(/It is the only relay of its source/).waitFor();
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByText(/is revoked\./).waitFor();
  await page.getByText('hq has no relay yet').waitFor();
}, 240_000);

test('the scaling page calculates for the incumbent and for this product', async () => {
  await to('/capacity');
  await page.getByLabel('Devices', { exact: true }).fill('45000');
  await page.getByText('9 instances').waitFor();
});

test('no page has a serious accessibility problem, at any width or colour scheme', async () => {
  const pages = [
    '/',
    '/devices',
    deviceAddress(hostile[2], 'ApplHELD2'),
    '/waiting',
    '/settings',
    '/relays',
    '/journal',
    '/journal?q=nothing-like-this&from=2026-01-01',
    '/capacity',
  ];
  /** During a transition, colours are neither the old nor the new ones; endless animations are not waited for. */
  const still = 'document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)';
  const found: string[] = [];
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const address of pages) {
      await to(address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await expect.poll(() => page.getByText('Asking the extender…').count(), { timeout: 15_000 }).toBe(0);
      await page.evaluate(axe.source);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const shown = `document.body.matches('.awsui-dark-mode') === ${colorScheme === 'dark'} && ${still}`;
        await expect.poll(() => page.evaluate(shown), { timeout: 15_000 }).toBe(true);
        const results = await page.evaluate<axe.AxeResults>('axe.run({ resultTypes: ["violations"] })');
        for (const { id, impact, nodes } of results.violations)
          if (impact === 'serious' || impact === 'critical')
            found.push(`${address} ${width} ${colorScheme}: ${id} ${nodes[0]?.html}`);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth + 1'), `${address} at ${width}`).toBe(false);
    }
  }
  expect(found).toEqual([]);
}, 240_000);

test('the navigation is open where there is room, also when the window widens', async () => {
  const listed = () => page.getByRole('link', { name: 'Waiting' }).isVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  await to('/relays');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await expect.poll(listed, { timeout: 15_000 }).toBe(false);
  await button('Open the list of pages').click();
  await page.getByRole('link', { name: 'Capacity' }).click();
  await page.getByRole('heading', { name: 'Capacity', level: 1 }).waitFor();
  await expect.poll(listed, { timeout: 15_000 }).toBe(false);
  await page.setViewportSize({ width: 1440, height: 1000 });
  await expect.poll(listed, { timeout: 15_000 }).toBe(true);
});

test('while the extender is unreachable the page says so, and recovers automatically', async () => {
  await to('/');
  await page.getByText('well', { exact: true }).waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await page.getByText(/The extender does not answer/).waitFor();
  faults.splice(0, faults.length, ...faults.filter((fault) => !/ERR_FAILED/.test(fault)));
  await page.unroute('**/api/**');
  await page.getByText(/The extender does not answer/).waitFor({ state: 'detached' });
});

test('nothing on any page failed, and no other host was contacted', () => {
  expect(faults.filter((fault) => !/ERR_FAILED/.test(fault))).toEqual([]);
});

test('a link to a device opened signed out leads through signing in to it', async () => {
  await page.context().clearCookies();
  await to(deviceAddress(userName(7), 'ApplOLD7'));
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel(/Access link/).fill('not.a.token');
  await button('Sign in').click();
  await page.getByText(/That did not work/).waitFor();
  await page.getByLabel(/Access link/).fill(stack.consoleUrl);
  await button('Sign in').click();
  await page.getByRole('heading', { name: userName(7), level: 1 }).waitFor();
  expect(new URL(page.url()).pathname).toBe('/device');
});

test('no script can read the session', async () => {
  const readable = await page.evaluate('document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)');
  expect(readable).not.toMatch(/ey[A-Za-z0-9_-]{20,}/);
  const [session] = (await page.context().cookies(new URL('/sign-in/', stack.consoleUrl).href)).filter(({ name }) =>
    name.startsWith('extender-session'),
  );
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/sign-in' });
});

test('another tab of the browser is signed in until signing out', async () => {
  const tab = await page.context().newPage();
  await tab.goto(new URL('/capacity', stack.consoleUrl).href);
  await tab.getByRole('heading', { name: 'Capacity', level: 1 }).waitFor();
  await tab.getByRole('button', { name: /^Signed in/ }).click();
  await tab.getByRole('menuitem', { name: 'Sign out' }).click();
  await tab.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
  await to('/devices');
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
});

test("the console's requests are in the ledger, with the name of the user", async () => {
  const actions = await eventually(async () => {
    const { body } = await stack.api(`/actions?device=${encodeURIComponent(`cloud/${hostile[0]}/ApplHELD0`)}`);
    return body.actions.length > 0 ? body.actions : null;
  });
  expect(actions[0]).toMatchObject({ type: 'approve', requestedBy: { kind: 'person', name: 'local' } });
});
