import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connectStatement, generateKey, keyId, publicPart, rotationStatement } from '#adapters/relay-identity';
import { newToken } from '#adapters/relay-token';
import { enrolmentAnswer, type RelayRecord, tokenLifeMs } from '#domain/relay/relay-identity';
import { authorise } from '#functions/relay-authorise/authorise';
import { changeKey, type EnrolDependencies, enrol } from '#functions/relay-enrol/enrol';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { relaySide } from '#test/fixtures/relay-side';

let db: TestDatabase;
let side: ReturnType<typeof relaySide>;
let deps: EnrolDependencies;
const clock = { now: Date.parse('2026-03-02T12:00:00Z') };
const socketUrl = 'wss://socket.example.com/relay';
const logged: Record<string, unknown>[] = [];
let count = 0;

beforeAll(async () => {
  db = await startDynamoDb();
  side = relaySide(db.client, db.tables.control, () => clock.now);
  const cloudKey = publicPart(await generateKey());
  deps = {
    relays: side.relays,
    ...{ socketUrl, cloudUrl: 'https://extender.example.com' },
    cloudKey: async () => cloudKey,
    now: () => clock.now,
    log: (level, says, fields) => logged.push({ level, says, ...fields }),
  };
});
afterAll(() => db.stop());

const never = { enrolledAt: null, revokedAt: null, revokedBy: null, connectionId: null, connectedAt: null, lastHeardAt: null };
const unknownFacts = { hostname: null, platform: null, version: null, protocol: null, reads: null, acts: null };
const introduction = { hostname: 'domino1', version: '1.0.0', platform: 'linux x64' };

async function invite(deviation: Partial<RelayRecord> = {}) {
  const { token, hash } = newToken();
  const relayId = `relay-${++count}`;
  const base = { relayId, sourceId: 'hq', createdAt: clock.now, createdBy: 'ann', keys: [], problems: [] };
  await side.relays.invite({
    ...base,
    ...never,
    ...unknownFacts,
    ...deviation,
    tokenHash: hash,
    tokenUntil: clock.now + tokenLifeMs,
  });
  return { token, relayId };
}
async function enrolled() {
  const { token, relayId } = await invite();
  const key = await generateKey();
  const answer = await enrol(deps)(`Bearer ${token}`, { key: publicPart(key), ...introduction });
  expect(answer.status).toBe(201);
  return { token, relayId, key };
}
let nonces = 0;
const saying = (relayId: string) => ({
  relayId,
  socketUrl,
  now: clock.now,
  nonce: `nonce-number-${String(++nonces).padStart(8, '0')}`,
});
const admit = (statement: string | undefined) => authorise(deps)(statement);

beforeEach(() => {
  logged.length = 0;
});

test('a token enrols one relay for its source, which is then admitted', async () => {
  const { token, relayId } = await invite();
  const key = await generateKey();
  const answer = await enrol(deps)(`Bearer ${token}`, { key: publicPart(key), ...introduction });
  expect(enrolmentAnswer.parse(answer.body)).toMatchObject({ relayId, sourceId: 'hq', socketUrl });
  expect(await side.relays.read(relayId)).toMatchObject({ tokenHash: null, enrolledAt: clock.now, hostname: 'domino1' });
  expect(await admit(`Bearer ${await connectStatement(key, saying(relayId))}`)).toEqual({ relayId, sourceId: 'hq' });
});

test('a token is single-use, valid for an hour, unless revoked', async () => {
  const key = publicPart(await generateKey());
  const { token } = await enrolled();
  const late = await invite();
  const revoked = await invite();
  await side.relays.update(revoked.relayId, { revokedAt: clock.now, revokedBy: 'ann' });
  clock.now += tokenLifeMs;
  for (const [given, expected] of [
    [`Bearer ${token}`, 'used before'],
    [`Bearer ${late.token}`, 'too old'],
    [`Bearer ${revoked.token}`, 'not known'],
    [`Bearer ${newToken().token}`, 'not known'],
    ['Basic abc', 'No enrolment token'],
    [undefined, 'No enrolment token'],
  ] as const) {
    const answer = await enrol(deps)(given, { key, ...introduction });
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([401, expect.stringContaining(expected)]);
    expect(JSON.stringify(answer.body)).toContain('in the console');
  }
});

test('of two concurrent uses of one token, one is enrolled', async () => {
  const { token } = await invite();
  const bodies = await Promise.all([1, 2, 3].map(async () => ({ key: publicPart(await generateKey()), ...introduction })));
  const results = await Promise.all(bodies.map((body) => enrol(deps)(`Bearer ${token}`, body)));
  expect(results.map(({ status }) => status).toSorted()).toEqual([201, 401, 401]);
});

test('a malformed enrolment request names its fields and does not use up the token', async () => {
  const { token } = await invite();
  const answer = await enrol(deps)(`Bearer ${token}`, { key: { kty: 'RSA' }, hostname: 'x', version: 1, platform: 'linux' });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toMatch(/key\.kty.*version/);
  const key = publicPart(await generateKey());
  expect((await enrol(deps)(`Bearer ${token}`, { key, ...introduction })).status).toBe(201);
});

test('a statement is accepted once: replayed, it is rejected', async () => {
  const { relayId, key } = await enrolled();
  const statement = `Bearer ${await connectStatement(key, saying(relayId))}`;
  expect(await admit(statement)).not.toBeNull();
  expect(await admit(statement)).toBeNull();
  expect(logged.at(-1)).toMatchObject({ relayId, why: 'used-before' });
});

test.each([
  ['none at all', 'missing', async () => undefined],
  ['another scheme', 'missing', async () => 'Basic dXNlcjpwYXNz'],
  ['nonsense', 'malformed', async () => 'Bearer nonsense'],
  ['one that is too old', 'expired', async (key: Key, id: string) => signed(key, { ...saying(id), now: clock.now - 61_000 })],
  ['one from the future', 'early', async (key: Key, id: string) => signed(key, { ...saying(id), now: clock.now + 62_000 })],
  [
    'one for another socket',
    'audience',
    async (key: Key, id: string) => signed(key, { ...saying(id), socketUrl: 'wss://evil.example' }),
  ],
  ['one with a key of nobody', 'unknown-key', async (_: Key, id: string) => signed(await generateKey(), saying(id))],
  ['one of a relay that is not known', 'unknown-relay', async (key: Key) => signed(key, saying('relay-nobody'))],
  [
    'an altered one',
    'signature',
    async (key: Key, id: string) => {
      const [head, claims, signature = ''] = (await signed(key, saying(id))).split('.');
      return [head, claims, `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`].join('.');
    },
  ],
] as const)('%s is rejected', async (_, why, statement) => {
  const { relayId, key } = await enrolled();
  expect(await admit(await statement(key, relayId))).toBeNull();
  expect(logged.at(-1)).toMatchObject({ why });
  expect(JSON.stringify(logged)).not.toContain('eyJ');
});

test("a relay that uses another's id with its own key is rejected", async () => {
  const [one, other] = [await enrolled(), await enrolled()];
  expect(await admit(`Bearer ${await connectStatement(one.key, saying(other.relayId))}`)).toBeNull();
});

test('a relay that is only invited, or revoked, is rejected', async () => {
  const { relayId } = await invite();
  const key = await generateKey();
  expect(await admit(`Bearer ${await connectStatement(key, saying(relayId))}`)).toBeNull();
  expect(logged.at(-1)).toMatchObject({ why: 'not-enrolled' });
  const gone = await enrolled();
  await side.relays.update(gone.relayId, { revokedAt: clock.now, revokedBy: 'ann' });
  expect(await admit(`Bearer ${await connectStatement(gone.key, saying(gone.relayId))}`)).toBeNull();
  expect(logged.at(-1)).toMatchObject({ why: 'revoked' });
});

test('a key changes without an outage: the old one is valid ten more minutes', async () => {
  const { relayId, key: current } = await enrolled();
  const next = await generateKey();
  const answer = await changeKey(deps)(await rotationStatement({ current, next }, saying(relayId)));
  expect(answer.status).toBe(200);
  for (const key of [current, next]) expect(await admit(`Bearer ${await connectStatement(key, saying(relayId))}`)).not.toBeNull();
  clock.now += 10 * 60_000;
  expect(await admit(`Bearer ${await connectStatement(current, saying(relayId))}`)).toBeNull();
  expect(await admit(`Bearer ${await connectStatement(next, saying(relayId))}`)).not.toBeNull();
  expect((await side.relays.read(relayId))?.keys.at(-1)?.kid).toBe(await keyId(publicPart(next)));
});

test('a key change is rejected when replayed, unsigned, or for a connect statement', async () => {
  const { relayId, key: current } = await enrolled();
  const [next, foreign] = [await generateKey(), await generateKey()];
  const good = await rotationStatement({ current, next }, saying(relayId));
  expect((await changeKey(deps)(good)).status).toBe(200);
  expect((await changeKey(deps)(good)).status).toBe(401);
  const stolen = await rotationStatement({ current: next, next: foreign }, saying(relayId));
  expect((await changeKey(deps)({ ...stolen, proofOfNew: stolen.statement })).status).toBe(401);
  const connect = await connectStatement(next, saying(relayId));
  expect((await changeKey(deps)({ statement: connect, proofOfNew: connect })).status).toBe(401);
  expect((await changeKey(deps)({ statement: 5 })).status).toBe(400);
});

type Key = Awaited<ReturnType<typeof generateKey>>;
const signed = async (key: Key, said: Parameters<typeof connectStatement>[1]) => `Bearer ${await connectStatement(key, said)}`;
