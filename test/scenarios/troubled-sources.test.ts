/** A source with an error says so and changes nothing; the others continue. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { userName } from './fleet.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

const folder = temporaryFolder();
const servers: Record<string, ForeignTraveler> = {};
let stack: Stack;

/** A port that nothing listens on. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  for (const id of ['well', 'denied', 'login', 'emptied']) {
    const server = await startForeignTraveler({ requireApproval: true, freeDevices: 1 });
    for (let index = 0; index < 30; index++) server.register(userName(index), `Appl${id.toUpperCase()}${index}`);
    servers[id] = server;
  }
  servers.denied?.failWith('wrong-password');
  servers.login?.failWith('login-page');
  const sources = Object.entries(servers).map(([id, server]) => ({
    id,
    kind: 'smartcloud',
    url: server.url,
    credentials: server.credentials,
  }));
  stack = await startStack({
    config: {
      sources: [
        ...sources,
        {
          id: 'unreachable',
          kind: 'smartcloud',
          url: `http://127.0.0.1:${await deadPort()}`,
          credentials: { user: 'a', password: 'b' },
        },
      ],
    },
    dataDir: `${folder.path}/data`,
  });
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  for (const server of Object.values(servers)) await server.stop();
  folder.remove();
});

const source = async (id: string) =>
  (await stack.api('/status')).body.sources.find((one: { sourceId: string }) => one.sourceId === id);
const failed = (id: string) =>
  eventually(
    async () => {
      const status = await source(id);
      return status.state === 'failed' ? status : null;
    },
    { within: 60_000, what: `The trouble of ${id}` },
  );

test('wrong credentials: reported with a remedy, tried once', async () => {
  const { problem } = await failed('denied');
  expect(problem).toMatchObject({ kind: 'denied' });
  expect(problem.remedy).toMatch(/password|credentials|secret/i);
  expect(JSON.stringify(problem)).not.toContain('pässword');
  expect(servers.denied?.requests).toBeLessThanOrEqual(3);
});

test('a login page instead of JSON: reported with the web rule that fixes it', async () => {
  const { problem } = await failed('login');
  expect(problem.remedy).toMatch(/\/api/);
});

test('an unreachable host: reported plainly', async () => {
  const { problem } = await failed('unreachable');
  expect(problem.what).not.toBe('');
  expect(problem.remedy).not.toBe('');
});

test('a list that is suddenly empty changes nothing', async () => {
  await eventually(async () => ((await source('emptied')).lastGather?.state === 'completed' ? true : null), {
    what: 'The first gather',
  });
  await stack.untilIdle();
  const before = await stack.devices({ source: 'emptied' });
  expect(before).toHaveLength(30);
  servers.emptied?.failWith('empty-list');
  const run = await stack.gather('emptied');
  expect(run).toMatchObject({ state: 'failed' });
  expect(run.problem.what).toMatch(/no device at all/);
  await stack.untilIdle();
  expect(await stack.devices({ source: 'emptied' })).toEqual(before);
  servers.emptied?.failWith('none');
  expect(await stack.gather('emptied')).toMatchObject({ state: 'completed' });
});

test('the healthy source is gathered and decided normally', async () => {
  await eventually(async () => ((await source('well')).state === 'ok' ? true : null), { what: 'The well source' });
  await stack.untilIdle();
  const rows = await stack.devices({ source: 'well' });
  expect(rows).toHaveLength(30);
  expect(rows.filter((row) => row.verdict === null)).toEqual([]);
});
