import { importJWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  checkConnect,
  checkProof,
  checkRotation,
  claimedRelay,
  cloudIdentity,
  connectStatement,
  generateKey,
  keyId,
  type PrivateKey,
  privateKey,
  publicPart,
  rotationStatement,
} from '#adapters/relay-identity';

const now = Date.parse('2026-11-25T10:00:00Z');
const relayId = 'relay-1';
const socketUrl = 'wss://relay.example/live';
const nonce = 'a-nonce-of-16-or-more';
const said = { relayId, socketUrl, now, nonce };

const key = await generateKey();
const other = await generateKey();
const known = async (of: PrivateKey, until: number | null = null) => ({
  kid: await keyId(of),
  key: publicPart(of),
  addedAt: now - 1_000,
  until,
});
const relay = { relayId, keys: [await known(key)] };
const expected = { relay, socketUrl, now };

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { iss: relayId, aud: socketUrl, jti: nonce, iat: now / 1_000, exp: now / 1_000 + 60 };

describe('a connect statement', () => {
  test('of the relay itself is accepted, and its nonce is returned', async () => {
    const checked = await checkConnect(await connectStatement(key, said), expected);
    expect(checked).toEqual({ ok: true, claims });
  });

  test('names its claimed relay before anything is verified', async () => {
    expect(claimedRelay(await connectStatement(other, said))).toBe(relayId);
    expect(claimedRelay('nonsense')).toBeNull();
  });

  test('with any one character altered is rejected', async () => {
    const statement = await connectStatement(key, said);
    const [header = '', payload = '', signature = ''] = statement.split('.');
    const longer = encode({ ...claims, exp: claims.exp + 1 });
    expect(await checkConnect([header, longer, signature].join('.'), expected)).toEqual({ ok: false, why: 'signature' });
    for (let at = 0; at < payload.length; at += 7) {
      const changed = `${payload.slice(0, at)}${payload[at] === 'A' ? 'B' : 'A'}${payload.slice(at + 1)}`;
      expect(await checkConnect([header, changed, signature].join('.'), expected)).toMatchObject({ ok: false });
    }
  });

  test.each([
    ['more than 60 s old', -61_000, 'expired'],
    ['60 s old', -60_000, null],
    ['59 s ahead', 59_000, null],
    ['more than 60 s ahead', 61_000, 'early'],
  ])('%s', async (_, skew, why) => {
    const checked = await checkConnect(await connectStatement(key, { ...said, now: now + skew }), expected);
    expect(checked.ok ? null : checked.why).toBe(why);
  });

  test('that claims to be valid for longer than 60 s is rejected', async () => {
    const forLong = await jwt({ ...claims, exp: claims.iat + 61 });
    expect(await checkConnect(forLong, expected)).toEqual({ ok: false, why: 'expired' });
  });

  test('signed by a foreign key is rejected, even under the relay’s key id', async () => {
    expect(await checkConnect(await connectStatement(other, said), expected)).toEqual({ ok: false, why: 'unknown-key' });
    const named = await jwt(claims, { by: other, kid: await keyId(key) });
    expect(await checkConnect(named, expected)).toEqual({ ok: false, why: 'signature' });
  });

  test('of another relay, or meant for another cloud, is rejected', async () => {
    expect(await checkConnect(await connectStatement(key, { ...said, relayId: 'relay-2' }), expected)).toEqual({
      ok: false,
      why: 'relay',
    });
    expect(await checkConnect(await connectStatement(key, { ...said, socketUrl: 'wss://other.example/' }), expected)).toEqual({
      ok: false,
      why: 'audience',
    });
  });

  test('is not accepted as a rotation statement, nor the other way round', async () => {
    const { statement } = await rotationStatement({ current: key, next: other }, said);
    expect(await checkConnect(statement, expected)).toEqual({ ok: false, why: 'audience' });
    const connect = await connectStatement(key, said);
    expect(await checkRotation({ statement: connect, proofOfNew: connect }, expected)).toEqual({ ok: false, why: 'malformed' });
  });

  test('without signature, or with a shared secret, is rejected with any secret', async () => {
    const none = `${encode({ alg: 'none', kid: await keyId(key) })}.${encode(claims)}.`;
    expect(await checkConnect(none, expected)).toMatchObject({ ok: false });
    const secret = new TextEncoder().encode(key.x);
    const shared = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: await keyId(key) }).sign(secret);
    expect(await checkConnect(shared, expected)).toEqual({ ok: false, why: 'algorithm' });
  });

  test.each(['', 'a', 'a.b', 'a.b.c', '....', 'é.é.é'])('that is malformed (%j) is rejected', async (text) => {
    expect(await checkConnect(text, expected)).toEqual({ ok: false, why: 'malformed' });
  });

  test('with missing claims is rejected', async () => {
    for (const missing of ['iss', 'aud', 'jti', 'iat', 'exp'])
      expect(await checkConnect(await jwt({ ...claims, [missing]: undefined }), expected)).toEqual({
        ok: false,
        why: 'malformed',
      });
  });
});

describe('rotation of keys', () => {
  test('signed by the old key and the new one is accepted', async () => {
    const checked = await checkRotation(await rotationStatement({ current: key, next: other }, said), expected);
    expect(checked).toMatchObject({ ok: true, claims: { iss: relayId, jti: nonce, key: publicPart(other) } });
  });

  test('needs the new key’s own signature over the same content', async () => {
    const third = await generateKey();
    const { statement, proofOfNew } = await rotationStatement({ current: key, next: other }, said);
    const elsewhere = await rotationStatement({ current: key, next: other }, { ...said, nonce: 'another-nonce-of-16' });
    const stolen = await rotationStatement({ current: key, next: third }, said);
    for (const proof of [statement, elsewhere.proofOfNew, stolen.proofOfNew, 'nonsense'])
      expect(await checkRotation({ statement, proofOfNew: proof }, expected)).toEqual({ ok: false, why: 'new-key' });
    expect(await checkRotation({ statement: proofOfNew, proofOfNew }, expected)).toEqual({ ok: false, why: 'unknown-key' });
  });

  test('leaves the old key valid until its time, and not a moment longer', async () => {
    const both = { ...relay, keys: [await known(key, now + 1), await known(other)] };
    const statement = await connectStatement(key, said);
    expect(await checkConnect(statement, { ...expected, relay: both })).toMatchObject({ ok: true });
    expect(await checkConnect(statement, { ...expected, relay: both, now: now + 1 })).toEqual({ ok: false, why: 'unknown-key' });
    expect(await checkConnect(await connectStatement(other, said), { ...expected, relay: both })).toMatchObject({ ok: true });
  });
});

describe('the cloud’s proof', () => {
  const cloud = cloudIdentity('a secret text of thirty-two characters');
  const challenge = { relayId, socketUrl, challenge: 'challenge-of-this-connection' };
  const check = { ...challenge, cloudKey: cloud.publicKey };

  test('is the same from the same secret, and different from another', async () => {
    const again = cloudIdentity('a secret text of thirty-two characters');
    expect(again.publicKey).toEqual(cloud.publicKey);
    expect(await checkProof(await again.proofFor({ ...challenge, now }), check)).toBe(true);
    const foreign = cloudIdentity('a secret text of thirty-two characterz');
    expect(await checkProof(await foreign.proofFor({ ...challenge, now }), check)).toBe(false);
  });

  test('is not valid for another challenge, relay or socket', async () => {
    const proof = await cloud.proofFor({ ...challenge, now });
    expect(await checkProof(proof, { ...check, challenge: 'another-challenge' })).toBe(false);
    expect(await checkProof(proof, { ...check, relayId: 'relay-2' })).toBe(false);
    expect(await checkProof(proof, { ...check, socketUrl: 'wss://other.example/' })).toBe(false);
    expect(await checkProof(`${proof}x`, check)).toBe(false);
  });

  test('does not depend on the relay’s clock', async () => {
    expect(await checkProof(await cloud.proofFor({ ...challenge, now: 0 }), check)).toBe(true);
  });

  test('needs a sufficiently long secret', () => {
    expect(() => cloudIdentity('short')).toThrow('32 random characters');
  });
});

test('a relay’s key is Ed25519 with its private part, new each time', async () => {
  expect(privateKey.parse(key)).toEqual(key);
  expect(key.x).not.toBe(other.x);
  expect(publicPart(key)).not.toHaveProperty('d');
});

async function jwt(payload: Record<string, unknown>, { by = key, kid }: { by?: PrivateKey; kid?: string } = {}) {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', kid: kid ?? (await keyId(by)) })
    .sign(await importJWK(by, 'EdDSA'));
}
