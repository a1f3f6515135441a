/**
 * Enrols a relay with the single-use token that an administrator made, and later changes its key. Both requests are authenticated
 * here; the routes have no other sign-in.
 */
import type { RelayStore } from '#adapters/dynamodb/relays/relays';
import { checkRotation, claimedRelay, keyId } from '#adapters/relay-identity';
import { tokenHash } from '#adapters/relay-token';
import {
  type EnrolmentAnswer,
  enrolmentRequest,
  oldKeyMs,
  type PublicKey,
  type RelayRecord,
  rotationRequest,
  statementLifeSeconds,
} from '#domain/relay/relay-identity';
import { fieldFaults } from '#domain/runtime/field-faults';

export type EnrolDependencies = {
  relays: Pick<RelayStore, 'invited' | 'read' | 'enrol' | 'update' | 'spendNonce'>;
  socketUrl: string;
  cloudUrl: string;
  cloudKey(): Promise<PublicKey>;
  /** Epoch ms. */
  now(): number;
  log(level: 'info' | 'warn', says: string, fields: Record<string, unknown>): void;
};
/** `body`: sent as JSON; the `detail` of an error says what to do. */
export type Answer = { status: 201 | 200 | 400 | 401 | 404 | 409; body: object };

const problem = (status: Exclude<Answer['status'], 200 | 201>, detail: string, errors: object[] = []): Answer => ({
  status,
  body: { type: 'about:blank', status, detail, errors },
});

/** POST /relay/enrolments */
export function enrol({ relays, socketUrl, cloudUrl, cloudKey, now, log }: EnrolDependencies) {
  return async (authorization: string | undefined, body: unknown): Promise<Answer> => {
    const token = /^Bearer ([\w-]{20,200})$/.exec(authorization ?? '')?.[1];
    if (token === undefined)
      return problem(401, 'No enrolment token came with the request. Make one in the console, under Relays.');
    const request = enrolmentRequest.safeParse(body);
    if (!request.success) return problem(400, 'The request was not understood; nothing was done.', fieldFaults(request.error));
    const hash = tokenHash(token);
    const relay = await relays.invited(hash);
    if (relay === null || relay.revokedAt !== null) return problem(401, unknownToken);
    if (relay.tokenHash === null) return problem(401, usedToken);
    const at = now();
    if (at >= relay.tokenUntil) return problem(401, lateToken);
    const { key, hostname, version, platform } = request.data;
    const keys = [{ kid: await keyId(key), key, addedAt: at, until: null }];
    const change = { tokenHash: null, keys, enrolledAt: at, hostname, version, platform };
    if (!(await relays.enrol(relay.relayId, hash, change))) return problem(401, usedToken);
    const { relayId, sourceId } = relay;
    log('info', 'A relay was enrolled', { relayId, sourceId });
    const answer: EnrolmentAnswer = { relayId, sourceId, socketUrl, cloudUrl, cloudKey: await cloudKey() };
    return { status: 201, body: answer };
  };
}

/** POST /relay/keys: the current key vouches for the next one. For a while both are valid, so that no connection is lost. */
export function changeKey({ relays, socketUrl, now, log }: EnrolDependencies) {
  return async (body: unknown): Promise<Answer> => {
    const request = rotationRequest.safeParse(body);
    if (!request.success) return problem(400, 'The request was not understood; nothing was done.', fieldFaults(request.error));
    const relayId = claimedRelay(request.data.statement);
    const relay = relayId === null ? null : await relays.read(relayId);
    if (relay === null || relay.revokedAt !== null || relay.enrolledAt === null) return problem(401, notKnown);
    const at = now();
    const checked = await checkRotation(request.data, { relay, socketUrl, now: at });
    if (!checked.ok || !(await relays.spendNonce(relay.relayId, checked.claims.jti, at + 4 * statementLifeSeconds * 1000))) {
      log('warn', 'A change of a relay’s key was refused', { relayId, why: checked.ok ? 'used-before' : checked.why });
      return problem(401, notKnown);
    }
    const changed = await relays.update(relay.relayId, { keys: await withKey(relay, checked.claims.key, at) });
    if (changed === null) return problem(401, notKnown);
    log('info', 'A relay has a new key', { relayId });
    return { status: 200, body: { relayId, oldKeyUntil: at + oldKeyMs } };
  };
}

/** The new key is last and has no end; the keys before it expire soon; expired keys are removed. */
async function withKey({ keys }: RelayRecord, key: PublicKey, at: number): Promise<RelayRecord['keys']> {
  const kid = await keyId(key);
  const others = keys
    .filter((one) => one.kid !== kid && (one.until === null || one.until > at))
    .map((one) => ({ ...one, until: Math.min(one.until ?? Number.POSITIVE_INFINITY, at + oldKeyMs) }));
  return [...others, { kid, key, addedAt: at, until: null }];
}

const unknownToken = 'This enrolment token is not known here. Make a new one in the console, under Relays.';
const usedToken =
  'This enrolment token was used before; each is good for one relay. Make a new one in the console, under Relays.';
const lateToken = 'This enrolment token is too old. Make a new one in the console, under Relays, and use it within the hour.';
const notKnown =
  'The relay could not prove who it is. If its clock is right and it was not revoked, enrol it again with a new token from the console.';
