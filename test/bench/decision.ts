/**
 * Row 9: deciding for 1,000,000 devices, against `JSON.parse` of the same input. About 1.3 devices a user; four users in five
 * have enrolments; clients, approvals and access as a fleet shows them. What belongs to the source (settings, server) is written
 * once a chunk, not once a user, so that the text to parse is not padded. In chunks, because one string cannot hold it.
 */
import { pathToFileURL } from 'node:url';
import type { DeviceFacts } from '#domain/devices/device-facts';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { decide } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { defaultSettings } from '#domain/quarantine/settings';
import type { Row } from '#test/bench/row';

type Shared = Pick<DecideInput, 'now' | 'settings' | 'server' | 'enforcement' | 'baseline' | 'enrolmentFeed'>;
type User = Omit<DecideInput, keyof Shared>;
type Chunk = Shared & { users: User[] };

const now = Date.UTC(2026, 2, 1);
const usersPerChunk = 200;
/**
 * Small, so that the garbage collector does not move what was parsed while decisions are timed. Enough rounds for the compiler to
 * warm up.
 */
const warmUpRounds = 500;
const mark = 0.5;

/** Mulberry32: the same fleet on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(random: () => number, weighted: readonly (readonly [weight: number, value: T])[]): T {
  let left = random();
  for (const [weight, value] of weighted) {
    left -= weight;
    if (left < 0) return value;
  }
  return (weighted[weighted.length - 1] as readonly [number, T])[1];
}

const hex = (random: () => number, digits: number) =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16))
    .join('')
    .toUpperCase();

function aDevice(random: () => number): DeviceFacts {
  const [prefix, type] = pick(random, [
    [0.45, ['Appl', 'Apple-iPhone14C2/1903.92']],
    [0.3, ['Android_', 'Android 14']],
    [0.15, ['HCL_IOS_', 'iOS 19.3']],
    [0.05, ['MDMXX', 'Secure Mail']],
    [0.05, ['SEC', 'SAMSUNG-SM-G991B/101.12']],
  ] as const);
  const [approval, access] = pick(random, [
    [0.5, ['not-required', 'allow']],
    [0.3, ['approved', 'allow']],
    [0.15, ['pending', 'allow']],
    [0.05, ['denied', 'deny']],
  ] as const);
  return {
    deviceId: `${prefix}${hex(random, 24)}`,
    type,
    registeredAt: now - Math.floor(random() * 1e10),
    denial: null,
    openAction: null,
    existing: random() < 0.5,
    detail: { approval, access, wipe: 'none' },
  };
}

function anEnrolment(
  random: () => number,
  { at, email, name, device }: { at: number; email: string; name: string; device: DeviceFacts },
): Enrolment {
  const matched = random() < 0.8;
  return {
    id: `enrolment-${at}`,
    user: { email, name },
    platform: device.deviceId.startsWith('Android_') ? 'Android' : 'iOS',
    status: random() < 0.9 ? 'Enrolled' : 'Control Removed',
    serial: hex(random, 12),
    mailDeviceIds: [matched ? device.deviceId.toUpperCase() : hex(random, 28)],
    mailConfiguration: pick(random, [
      [0.8, 'pushed'],
      [0.1, 'manual'],
      [0.1, 'unknown'],
    ] as const),
    changedAt: now - Math.floor(random() * 1e10),
    version: 1,
  };
}

function aUser(random: () => number, at: number): User {
  const name = `First${at % 977} Last${at}`;
  const email = `first${at}.last@acme.example`;
  const devices = Array.from(
    {
      length: pick(random, [
        [0.76, 1],
        [0.19, 2],
        [0.05, 3],
      ] as const),
    },
    () => aDevice(random),
  );
  const enrolments = devices.flatMap((device, index) =>
    random() < 0.8 ? [anEnrolment(random, { at: at * 10 + index, email, name, device })] : [],
  );
  const user = `${name}/Sales/Acme`;
  return { user, devices, enrolments, links: [], sameName: { portalUsers: [email], travelerUsers: [user] }, decisions: [] };
}

function aChunk(random: () => number, start: number): Chunk {
  return {
    now,
    settings: { ...defaultSettings, requireApproval: 'on', devicesPerUser: 1, autoApproveEnrolled: true, autoApproveVerse: true },
    server: { requiresApproval: true, aqSupport: 'supported' },
    enforcement: 'server',
    baseline: 'recorded',
    enrolmentFeed: 'fresh',
    users: Array.from({ length: usersPerChunk }, (_, index) => aUser(random, start + index)),
  };
}

function inputOf(shared: Shared, user: User): DecideInput {
  const { now, settings, server, enforcement, baseline, enrolmentFeed } = shared;
  const { user: name, devices, enrolments, links, sameName, decisions } = user;
  return {
    now,
    user: name,
    settings,
    server,
    enforcement,
    baseline,
    enrolmentFeed,
    devices,
    enrolments,
    links,
    sameName,
    decisions,
  };
}

/** Decides for everyone in a chunk; the sum of places uses the verdicts, so that nothing is optimised away. */
function decideChunk({ users, ...shared }: Chunk): { devices: number; used: number } {
  let devices = 0;
  let used = 0;
  for (const user of users) {
    for (const verdict of decide(inputOf(shared, user))) {
      devices += 1;
      used += verdict.place + verdict.evidence.length;
    }
  }
  return { devices, used };
}

/** Parses and decides chunk by chunk, alternately, so that a noisy machine affects both equally. Times in ms. */
export function measureDecisions(devicesWanted: number): { devices: number; parse: number; decide: number } {
  const random = seeded(9);
  const total = { devices: 0, parse: 0, decide: 0, used: 0 };
  const warmUp = JSON.stringify(aChunk(random, 0));
  for (let round = 0; round < warmUpRounds; round += 1) decideChunk(JSON.parse(warmUp));
  for (let start = 0; total.devices < devicesWanted; start += usersPerChunk) {
    const text = JSON.stringify(aChunk(random, start));
    const begun = performance.now();
    const chunk: Chunk = JSON.parse(text);
    const parsed = performance.now();
    const { devices, used } = decideChunk(chunk);
    total.decide += performance.now() - parsed;
    total.parse += parsed - begun;
    total.devices += devices;
    total.used += used;
  }
  if (total.used === 0) throw new Error('No verdict was used: nothing was measured.');
  return { devices: total.devices, parse: total.parse, decide: total.decide };
}

export async function decisionRow(devicesWanted = 1_000_000): Promise<Row> {
  const { devices, parse, decide: deciding } = measureDecisions(devicesWanted);
  const value = deciding / parse;
  return {
    row: 9,
    measure: `decision engine, ${devices.toLocaleString('en')} devices`,
    value,
    unit: 'x',
    against: 'JSON.parse of the same input',
    mark: `at most ${mark} x`,
    met: value <= mark,
    note: `${Math.round(deciding)} ms against ${Math.round(parse)} ms`,
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) console.log(await decisionRow());
