/**
 * Random faults, from seeds, between the real local stack and real relay processes: a lane per seed, each with its own source, relay,
 * bad line and simulated Traveler with a Domino console. While actions are requested, lines are cut and stalled, and relays and the
 * cloud's function processes are killed. Afterwards everything runs undisturbed: every action must end correctly, and the server's
 * log must contain each effect once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { type Random, randomOf } from '#test/histories/random';
import { type EnrolledRelay, enrolRelay } from '../fixtures/enrolled-relay.ts';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { type BadLine, calm, startBadLine } from './bad-line.ts';

type Lane = { sourceId: string; simulator: TravelerSimulator; line: BadLine; relay: EnrolledRelay; random: Random };
type Requested = { actionId: string; type: string; user: string; deviceId: string };
/** Results of one seed: how much was requested, how often what was disturbed, and what is wrong in the end (empty: nothing). */
export type SeedResult = { seed: number; actions: number; kills: number; cuts: number; stalls: number; wrong: string[] };
export type Chaos = Awaited<ReturnType<typeof startChaos>>;

const timing = { heartbeatMs: 1_000, silenceMs: 5_000, openMs: 20_000, ackMs: 20, resendMs: 1_500, settledMs: 5_000 };
const devicesPerSeed = 32;
const faultsMs = 12_000;
const endWithinMs = 240_000;

/** Starts the stack with this many lanes, each gathered once before any faults. */
export async function startChaos({ lanes: count = 2 }: { lanes?: number } = {}) {
  const folder = temporaryFolder();
  const ids = Array.from({ length: count }, (_, lane) => `hq${lane + 1}`);
  const stack = await startStack({
    config: {
      sources: ids.map((id) => ({ id, kind: 'traveler' })),
      settings: { requireApproval: 'off' },
      guard: { maxWipesPerHour: 1_000_000 },
    },
    dataDir: `${folder.path}/data`,
  });
  const lanes = await Promise.all(ids.map((id, index) => startLane(stack, id, index)));
  await Promise.all(lanes.map(({ relay }) => relay.until(({ holdsLease }) => holdsLease)));
  return {
    stack,
    /** One seed per lane, in parallel. */
    live: (seeds: readonly number[]) =>
      Promise.all(seeds.flatMap((seed, index) => (lanes[index] ? [live(stack, lanes[index], seed)] : []))),
    async stop() {
      await Promise.all(lanes.map(({ relay }) => relay.kill('SIGKILL')));
      await stack.stop();
      await Promise.all(lanes.flatMap(({ line, simulator }) => [line.stop(), simulator.stop()]));
      folder.remove();
    },
  };
}

async function startLane(stack: Stack, sourceId: string, index: number): Promise<Lane> {
  const simulator = await startTravelerSimulator({ devices: 20, seed: index + 1, keepsSecurityRecords: true });
  const random = randomOf(index);
  const line = await startBadLine(random);
  const { url, credentials, console: domino } = simulator;
  const configuration = {
    traveler: { url, credentials },
    console: { by: 'command', command: domino.command },
    proxy: { url: line.url },
  };
  const relay = await enrolRelay(stack, { sourceId, configuration, timing });
  return { sourceId, simulator, line, relay, random };
}

async function live(stack: Stack, lane: Lane, seed: number): Promise<SeedResult> {
  const random = randomOf(seed);
  const { sourceId, simulator, line } = lane;
  const phones = Array.from({ length: devicesPerSeed }, (_, at) => ({
    user: `Seed ${seed} ${at % 5 === 0 ? 'Ünal' : 'Doe'}/Acme`,
    deviceId: `ApplS${seed}N${at}`,
  }));
  for (const { user, deviceId } of phones) simulator.arrive(user, { kind: 'ios-mail', deviceId });
  const { state } = await stack.gather(sourceId, { within: endWithinMs });
  if (state !== 'completed') return { seed, actions: 0, kills: 0, cuts: 0, stalls: 0, wrong: [`the first gather ${state}`] };
  const before = { effects: simulator.console.effects.length, ...line.counts };

  line.become({ cut: 0.01, stall: 0.005, delay: 0.2, longestDelayMs: 400 });
  simulator.setConsoleFaults([{ kind: 'silence' }, { kind: 'noise', lines: 20 }]);
  const faults = injectFaults(stack, lane, random);
  const asked = await requestAll(stack, { sourceId, phones, seed, random });
  const kills = await faults;
  line.become(calm);
  simulator.setConsoleFaults([]);

  const ends = await Promise.all(asked.map((one) => endOf(stack, one)));
  const gathered = await stack.gather(sourceId, { within: endWithinMs });
  const log = simulator.console.effects.slice(before.effects);
  const wrong = [
    ...ends.filter((end) => end !== null),
    ...(gathered.state === 'completed' ? [] : [`the last gather ${gathered.state}`]),
    ...phones.flatMap((phone) => judge(phone, { asked, simulator, log })),
    ...(await drift(stack, { sourceId, phones, simulator })),
  ];
  if (wrong.length > 0) wrong.push(...lane.relay.process.lines.slice(-30).map((one) => `relay's log: ${JSON.stringify(one)}`));
  const { cuts, stalls } = line.counts;
  return { seed, actions: asked.length, kills, cuts: cuts - before.cuts, stalls: stalls - before.stalls, wrong };
}

/** Until the faults end: kills of the relay and of function processes, and cuts of all connections. */
async function injectFaults(stack: Stack, { relay, line }: Lane, random: Random): Promise<number> {
  const end = Date.now() + faultsMs;
  let kills = 0;
  while (Date.now() < end) {
    await pause(random.between(200, 1_200));
    const fault = random.pick(['relay', 'function', 'function', 'line', 'nothing']);
    if (fault === 'relay') {
      await relay.kill('SIGKILL');
      kills += 1;
      await pause(random.between(0, 800));
      relay.start();
    }
    if (fault === 'function') kills += killOneFunction(stack, random);
    if (fault === 'line') line.cutAll();
  }
  return kills;
}

/** Kills one of the processes in which the local stack runs functions; it restarts them, as Lambda does. */
function killOneFunction({ pid }: Pick<Stack, 'pid'>, random: Random): number {
  const running = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isFunctionOf(pid, name));
  const victim = running[random.between(0, Math.max(0, running.length - 1))];
  if (victim === undefined) return 0;
  try {
    process.kill(Number(victim), 'SIGKILL');
    return 1;
  } catch {
    return 0;
  }
}

function isFunctionOf(parent: number, pid: string): boolean {
  try {
    const [, state = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    return state.split(' ')[1] === String(parent) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('bootstrap');
  } catch {
    return false;
  }
}

type RequestPlan = { sourceId: string; phones: { user: string; deviceId: string }[]; seed: number; random: Random };

/** One for each phone, and for some blocks an approval after a while. */
async function requestAll(stack: Stack, { sourceId, phones, seed, random }: RequestPlan): Promise<Requested[]> {
  const asked: Requested[] = [];
  const ask = async (type: string, { user, deviceId }: RequestPlan['phones'][number]) => {
    const actionId = `seed-${seed}-${asked.length}`;
    asked.push({ actionId, type, user, deviceId });
    const target = { sourceId, user, deviceId };
    const body = { actionId, type, target, ...(type === 'wipe' ? { wipe: ['device'] } : {}) };
    // Like a caller that lost the response: repeat the same request under the same id.
    await eventually(
      async () => {
        const { status } = await stack.api('/actions', { method: 'POST', body });
        if (status < 300) return true;
        if (status < 500) throw new Error(`POST /actions answered ${status}`);
        return null;
      },
      { every: 200, what: `The taking of ${actionId}` },
    );
  };
  const blocked: RequestPlan['phones'] = [];
  for (const phone of phones) {
    const type = random.pick(['block', 'block', 'block', 'remove', 'wipe']);
    await ask(type, phone);
    if (type === 'block' && random.chance(0.7)) blocked.push(phone);
    await pause(random.between(0, 300));
  }
  for (const phone of blocked) await ask('approve', phone);
  return asked;
}

/**
 * An approval is superseded if a function was killed between it and the current decision: an evaluation in between, by the older
 * decision, repeats the block, and Auto-Quarantine then approves by the newer one. The server still ends as requested.
 */
const ended: Record<string, readonly string[]> = {
  block: ['confirmed', 'superseded'],
  approve: ['confirmed', 'superseded'],
  remove: ['confirmed'],
  wipe: ['applied'],
};

/** Null if it ended as it should; else what it came to. */
async function endOf(stack: Stack, { actionId, type }: Requested): Promise<string | null> {
  let last = 'nothing';
  try {
    await eventually(
      async () => {
        const { body } = await stack.api(`/actions/${actionId}`);
        last = `${body.state}: ${JSON.stringify(body.history?.at(-1) ?? body)}`;
        return ended[type]?.includes(body.state) || null;
      },
      { within: endWithinMs, every: 500, what: actionId },
    );
    return null;
  } catch {
    return `${actionId}, a ${type}, came to ${last}`;
  }
}

/** The line of each type that causes its effect; further lines repeat what is already so. */
const effective: Record<string, RegExp> = {
  block: /flagsAdd lock/,
  approve: /approval approve/,
  remove: /^tell traveler delete/,
  wipe: /flagsAdd wipe/,
};

type Judged = { asked: readonly Requested[]; simulator: TravelerSimulator; log: TravelerSimulator['console']['effects'] };

/** What the server shows, and how often each effect was caused. */
function judge({ user, deviceId }: RequestPlan['phones'][number], { asked, simulator, log }: Judged): string[] {
  const types = asked.filter((one) => one.deviceId === deviceId).map(({ type }) => type);
  const own = log.filter(({ devices }) => devices.some((device) => device.deviceId === deviceId));
  const repeated = types.flatMap((type) => {
    const lines = own.filter(({ line }) => effective[type]?.test(line));
    return lines.length > 1 ? [`${type} of ${deviceId} was brought about ${lines.length} times`] : [];
  });
  const last = types.at(-1);
  const shown = simulator.find(user, deviceId);
  const right = {
    block: shown?.access === 1,
    approve: shown?.access === 0,
    remove: shown === undefined,
    wipe: shown?.wipeOptions === 'wipeDevice',
  }[last as 'block'];
  return right ? repeated : [...repeated, `${last} of ${deviceId} ended with ${JSON.stringify(shown)}`];
}

/** Compares the cloud's list with the server. */
async function drift(
  stack: Stack,
  { sourceId, phones, simulator }: Pick<RequestPlan, 'sourceId' | 'phones'> & Pick<Judged, 'simulator'>,
) {
  const rows = await stack.devices({ source: sourceId });
  const accesses = ['allow', 'deny', 'prohibit'];
  return phones.flatMap(({ user, deviceId }) => {
    const row = rows.find((one) => one.user === user && one.deviceId === deviceId);
    const shown = simulator.find(user, deviceId);
    if (shown === undefined) return row?.state === 'present' ? [`${deviceId} is gone and listed as present`] : [];
    return row?.access === accesses[shown.access] ? [] : [`${deviceId} is listed with ${row?.access}, and is ${shown.access}`];
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
