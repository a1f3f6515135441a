/** The demo as somebody who types `npm start` sees it. */
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startDemoServer } from '#infra/local/demo/demo-server';
import { eventually, type Stack, startStack, temporaryFolder } from '#test/fixtures/stack';

const folder = temporaryFolder();
let stack: Stack | undefined;
afterAll(async () => {
  await stack?.stop();
  folder.remove();
});

test('phones turn up, are held, and are approved when the portal enrols them', async () => {
  const begun = Date.now();
  stack = await startStack({ dataDir: join(folder.path, 'data') });
  const output = stack.output;
  const seen = (text: RegExp) => eventually(async () => text.exec(output()), { within: 60_000, every: 200, what: String(text) });
  await seen(/demo: gather completed: 700 devices/);
  expect(Date.now() - begun).toBeLessThan(60_000);
  await seen(/phone: .+ turns up with/);
  await seen(/held: .+ allowed/);
  await seen(/portal: .+ is enrolled/);
  await seen(/approved: .+ enrolled|approved: .+ Verse/);
}, 150_000);

test('after a restart the mail server is as the product left it', async () => {
  const dataDir = folder.path;
  const first = await startDemoServer(dataDir);
  const phone = first.simulator.arrive(first.simulator.deviceAt(5).user);
  first.simulator.adminDeny(phone);
  first.simulator.settings = { require_approval: true, devices_before_approval: 2, approval_notify: [] };
  first.enrolled.add(phone.index);
  await first.stop();
  const second = await startDemoServer(dataDir);
  const again = second.simulator.find(phone.user, phone.deviceId);
  expect(again).toMatchObject({ index: phone.index, href: phone.href, approval: 8, access: 1, provider: phone.provider });
  expect(second.simulator.settings).toMatchObject({ require_approval: true, devices_before_approval: 2 });
  expect(second.enrolled).toEqual(new Set([phone.index]));
  await second.stop();
});
