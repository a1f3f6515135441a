import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { settingsStore } from '#adapters/dynamodb/settings/settings-store';
import { defaultSettings, type Settings } from '#domain/quarantine/settings';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';

let database: TestDatabase;
let scope = 0;
beforeAll(async () => {
  database = await startDynamoDb();
});
afterAll(() => database.stop());

const sources = [{ id: 'cloud' }, { id: 'hq' }];
const linesOf = async ({ client, tables }: TestDatabase, sourceId: string) =>
  (await timelineStore(client, tables.journal).readSource(sourceId)).map(({ says }) => says).reverse();

/** Scope `*` is shared within a table: each test that writes to it uses a separate database. */
async function withFreshDatabase<T>(use: (fresh: TestDatabase) => Promise<T>): Promise<T> {
  const fresh = await startDynamoDb();
  return use(fresh).finally(() => fresh.stop());
}
const storeOf = ({ client, tables }: TestDatabase, configured: Settings = defaultSettings) =>
  settingsStore(client, tables, { settings: configured, sources });
const allowing = (devicesPerUser: number): Settings => ({ ...defaultSettings, devicesPerUser });
const publication = (settings: Settings, replaces: number, where = '*') => ({
  settings,
  scope: where,
  replaces,
  publishedBy: 'jane@acme.com',
  at: 1000,
});

let source = '';
beforeEach(() => {
  scope += 1;
  source = `source-${scope}`;
});

test('while nothing is published the configuration is version 1', async () => {
  const store = storeOf(database, allowing(3));
  const current = await store.current(source);
  expect(current).toMatchObject({ scope: '*', version: 1, settings: { devicesPerUser: 3 }, publishedBy: 'configuration' });
  expect((await store.versions('*')).versions).toEqual([current]);
});

test('a publication becomes the next version, and earlier ones stay readable', () =>
  withFreshDatabase(async (fresh) => {
    const store = storeOf(fresh);
    expect(await store.publish(publication(allowing(1), 1))).toMatchObject({ outcome: 'published', version: { version: 2 } });
    expect(await store.publish(publication(allowing(2), 2))).toMatchObject({ outcome: 'published', version: { version: 3 } });
    expect((await store.current(source)).settings.devicesPerUser).toBe(2);
    const { versions } = await store.versions('*');
    expect(versions.map(({ version, settings }) => [version, settings.devicesPerUser])).toEqual([
      [3, 2],
      [2, 1],
      [1, 0],
    ]);
  }));

test('the history of settings is listed page by page until the first version', () =>
  withFreshDatabase(async (fresh) => {
    const store = storeOf(fresh);
    for (let version = 1; version <= 7; version++) await store.publish(publication(allowing(version), version));
    const seen: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof store.versions>> = await store.versions('*', { cursor, limit: 3 });
      seen.push(...page.versions.map(({ version }) => version));
      cursor = page.cursor;
    }
    expect(seen).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    await expect(store.versions('*', { cursor: 'nonsense' })).rejects.toThrow('cursor');
  }));

test('of two concurrent publications one succeeds; the other gets the current version', () =>
  withFreshDatabase(async (fresh) => {
    const store = storeOf(fresh);
    const results = await Promise.all([1, 2, 3, 4].map((n) => store.publish(publication(allowing(n), 1))));
    expect(results.filter(({ outcome }) => outcome === 'published')).toHaveLength(1);
    expect(results.filter((answer) => answer.outcome === 'conflict' && answer.current.version === 2)).toHaveLength(3);
    expect((await store.versions('*')).versions).toHaveLength(2);
  }));

test("a source's own settings win over those for all", () =>
  withFreshDatabase(async (fresh) => {
    const store = storeOf(fresh);
    await store.publish(publication(allowing(1), 1));
    expect(await store.publish(publication(allowing(9), 1, 'hq'))).toMatchObject({
      outcome: 'conflict',
      current: { version: 2 },
    });
    expect(await store.publish(publication(allowing(9), 2, 'hq'))).toMatchObject({
      outcome: 'published',
      version: { version: 1 },
    });
    expect((await store.current('hq')).settings.devicesPerUser).toBe(9);
    expect((await store.current('cloud')).settings.devicesPerUser).toBe(1);
    expect(await store.own('cloud')).toBeNull();
  }));

test("portal publications follow the portal's numbers: newer wins, older and repeated are ignored", () =>
  withFreshDatabase(async (fresh) => {
    const store = storeOf(fresh);
    const portal = (portalVersion: number) => ({ ...publication(allowing(portalVersion), 0), portalVersion });
    expect(await store.publishFromPortal(portal(1))).toMatchObject({ outcome: 'published', version: { version: 2 } });
    expect(await store.publishFromPortal(portal(7))).toMatchObject({ outcome: 'published', version: { version: 7 } });
    expect(await store.publishFromPortal(portal(7))).toMatchObject({ outcome: 'same', version: { version: 7 } });
    expect(await store.publishFromPortal(portal(6))).toMatchObject({ outcome: 'older' });
    expect((await store.current(source)).settings.devicesPerUser).toBe(7);
    expect(await store.publish(publication(allowing(0), 7))).toMatchObject({ version: { version: 8 } });
    expect(await store.publishFromPortal(portal(7))).toMatchObject({ outcome: 'same', version: { version: 8 } });
  }));

test('a changed configuration file is applied once and never undoes a later publication', () =>
  withFreshDatabase(async (fresh) => {
    expect(await storeOf(fresh).seed(1)).toMatchObject({ outcome: 'unchanged', version: { version: 1 } });
    const changed = storeOf(fresh, allowing(4));
    expect(await changed.seed(2)).toMatchObject({ outcome: 'published', version: { version: 2, publishedBy: 'configuration' } });
    expect(await changed.seed(3)).toMatchObject({ outcome: 'unchanged', version: { version: 2 } });
    await changed.publish(publication(allowing(5), 2));
    expect(await changed.seed(4)).toMatchObject({ outcome: 'drift', version: { version: 3 } });
    expect(await changed.drift()).toMatchObject({ fields: ['devicesPerUser'], current: { version: 3 } });
    expect((await changed.current(source)).settings.devicesPerUser).toBe(5);
  }));

test('each publication is once in the journal of every affected source, transactionally', () =>
  withFreshDatabase(async (fresh) => {
    const store = storeOf(fresh);
    await store.seed(10);
    expect(await store.publish(publication(allowing(1), 1, 'hq'))).toMatchObject({ outcome: 'published' });
    await Promise.all([1, 2, 3].map((n) => store.publish(publication(allowing(n), 1))));
    await store.publishFromPortal({ settings: allowing(9), scope: '*', publishedBy: 'portal', at: 2000, portalVersion: 9 });
    await store.publishFromPortal({ settings: allowing(8), scope: '*', publishedBy: 'portal', at: 3000, portalVersion: 8 });
    expect(await linesOf(fresh, 'cloud')).toEqual([
      'configuration published settings version 1.',
      'jane@acme.com published settings version 2.',
      'portal published settings version 9.',
    ]);
    expect(await linesOf(fresh, 'hq')).toEqual([
      'configuration published settings version 1.',
      'jane@acme.com published settings version 1 for this source.',
    ]);
  }));
