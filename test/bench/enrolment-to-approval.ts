/**
 * Rows 7 and 8: from an enrolment put on the bus to the approval read back from the server, on the whole local stack in separate
 * processes. Row 7 one at a time on an idle system, alternating with the bare hops; row 8 while 200 other enrolments a second
 * come in and the source is gathered again and again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { eventually, type Stack, startStack, temporaryFolder } from '#test/fixtures/stack';
import { enrolmentEvent, latencies } from './approvals.ts';
import { bareHops, type Hops, sumOf } from './bare-hops.ts';
import { percentile } from './gather-world.ts';
import { type Load, load } from './portal-load.ts';
import type { Row } from './row.ts';
import { type SimulatedRecord, simulatorControl } from './simulator-control.ts';
import { forkSimulator } from './simulator-process.ts';

const fleet = 700;
/** How often the portal reports each of its enrolments under load, each time with a higher version. */
const versions = 3;
/** All of them fit on one page of the ledger. */
const probes = { warmUp: 5, idle: 40, loaded: 25 };
const betweenProbesMs = 300;
const marks = { idle: 2, loaded: 3 };
const settings = { requireApproval: 'on', devicesPerUser: 0, autoApproveEnrolled: true };

export async function enrolmentRows(): Promise<Row[]> {
  const folder = temporaryFolder();
  const simulator = await forkSimulator(fleet);
  const { url, credentials } = simulator;
  const config = { sources: [{ id: 'cloud', kind: 'smartcloud', url, credentials }], settings };
  let stack: Stack | undefined;
  try {
    stack = await startStack({ config, dataDir: `${folder.path}/data`, args: ['--no-demo'] });
    const control = simulatorControl(simulator.url);
    const present = await control.devices(fleet);
    const held = await holdSome(stack, control);
    const hops = await bareHops(stack, simulator);
    const idle = await oneAtATime(stack, { held: held.splice(0, probes.warmUp + probes.idle), hops, present, control });
    await hops.stop();
    await simulator.send({ faults: [{ kind: 'delay', ms: 200, on: 'list' }] });
    const loaded = await underLoad(stack, { held, present });
    return [idleRow(idle), loadedRow(loaded, idle.ours)];
  } finally {
    await stack?.stop();
    await simulator.stop();
    folder.remove();
  }
}

type Control = ReturnType<typeof simulatorControl>;

/** Phones that turned up after Auto-Quarantine was in force, and wait for their enrolment. */
async function holdSome(stack: Stack, control: Control): Promise<SimulatedRecord[]> {
  const waiting = { within: 120_000, every: 200 };
  const inForce = async () => ((await stack.api('/status')).body.sources[0].aq.inForce ? true : null);
  await eventually(inForce, { ...waiting, what: 'Auto-Quarantine in force' });
  // Until the portal has reported an enrolment, a new device is undetermined.
  await stack.putEvents([enrolmentEvent({ user: 'Somebody Else/Acme', deviceId: 'ApplELSEWHERE', href: '' }, 'elsewhere')]);
  const count = probes.warmUp + probes.idle + probes.loaded;
  const held: SimulatedRecord[] = [];
  for (let nth = 0; nth < count; nth++) held.push(await control.arrive(`Probe ${nth}/Acme`));
  await stack.gather('cloud');
  const allHeld = async () => ((await stack.devices({ verdict: 'hold' })).length === count ? true : null);
  await eventually(allHeld, { ...waiting, what: `${count} held devices` });
  const isIdle = () => stack.untilIdle().then(() => true);
  await eventually(isIdle, { within: 300_000, what: 'A settled stack' });
  return held;
}

type Idle = { ours: number[]; floor: Hops[] };
type Hopper = Awaited<ReturnType<typeof bareHops>>;
type Probing = { held: SimulatedRecord[]; hops: Hopper; present: readonly SimulatedRecord[]; control: Control };

async function oneAtATime(stack: Stack, { held, hops, present, control }: Probing): Promise<Idle> {
  const floor: Hops[] = [];
  const sentAt = new Map<string, number>();
  for (const [nth, device] of held.entries()) {
    sentAt.set(device.deviceId, Date.now());
    await stack.putEvents([enrolmentEvent(device, `probe-${device.deviceId}`)]);
    await eventually(async () => ((await control.writes()).some(isOn(device)) ? true : null), {
      every: 20,
      what: `The approval of ${device.deviceId}`,
    });
    // What follows the approval (its publication, the second check of the queue) is over.
    await pause(betweenProbesMs);
    const other = present[nth];
    if (other) floor.push(await hops.measure(other));
  }
  const ours = await latencies(stack, sentAt);
  return { ours: ours.slice(probes.warmUp), floor: floor.slice(probes.warmUp) };
}

const isOn = (device: SimulatedRecord) => (write: { device: { deviceId: string } | null; applied: boolean }) =>
  write.applied && write.device?.deviceId === device.deviceId;

type Loaded = { ours: number[]; load: Load; gathers: number; drainedMs: number };

async function underLoad(
  stack: Stack,
  { held, present }: { held: readonly SimulatedRecord[]; present: readonly SimulatedRecord[] },
): Promise<Loaded> {
  const events = Array.from({ length: versions }, (_, before) =>
    present.map((device, nth) => enrolmentEvent(device, `load-${nth}`, before + 1)),
  ).flat();
  const sending = load(stack, events);
  const gathering = gatherUntil(stack, sending.ended);
  const sentAt = new Map<string, number>();
  const sent: Promise<void>[] = [];
  for (const device of held) {
    sentAt.set(device.deviceId, Date.now());
    sent.push(stack.putEvents([enrolmentEvent(device, `probe-${device.deviceId}`)]));
    await pause(sending.forMs / held.length);
  }
  await Promise.all(sent);
  const result = await sending.ended;
  const from = Date.now();
  const stored = async () => ((await loadStored(stack)) === present.length ? true : null);
  await eventually(stored, { within: 400_000, every: 500, what: `The last version of ${present.length} enrolments` });
  const ours = await latencies(stack, sentAt);
  const drainedMs = Date.now() - from;
  const { queues } = deadLetterQueues.parse((await stack.api('/dlq')).body);
  const failed = queues.reduce((sum, { messages }) => sum + messages, 0);
  if (failed > 0) throw new Error(`${failed} messages were given up`);
  return { ours, load: result, gathers: await gathering, drainedMs };
}

/** The source is gathered again as soon as a gather ends. How often. */
async function gatherUntil(stack: Stack, end: Promise<unknown>): Promise<number> {
  let over = false;
  void end.finally(() => {
    over = true;
  });
  let gathers = 0;
  for (; !over; gathers++) {
    const { state, problem } = await stack.gather('cloud');
    if (state !== 'completed') throw new Error(`A gather under load failed: ${JSON.stringify(problem)}`);
  }
  return gathers;
}

const deadLetterQueues = z.object({ queues: z.array(z.object({ messages: z.number() })) });
const enrolmentPage = z.object({
  enrolments: z.array(z.object({ id: z.string(), version: z.number() })),
  cursor: z.string().nullable(),
});

async function loadStored(stack: Stack): Promise<number> {
  const ids = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = new URLSearchParams({ limit: '500', ...(cursor === '' ? {} : { cursor }) }).toString();
    const page = enrolmentPage.parse((await stack.api(`/enrolments?${query}`)).body);
    for (const { id, version } of page.enrolments) if (id.startsWith('load-') && version === versions) ids.add(id);
    cursor = page.cursor;
  }
  return ids.size;
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
const halfAndMost = (times: readonly number[]) => `p50 ${ms(percentile(times, 50))}, p95 ${ms(percentile(times, 95))}`;

function idleRow({ ours, floor }: Idle): Row {
  const sums = floor.map(sumOf);
  const value = percentile(ours, 95) / percentile(sums, 95);
  const hop = (name: keyof Hops) =>
    percentile(
      floor.map((hops) => hops[name]),
      50,
    ).toFixed(1);
  return {
    row: 7,
    measure: `enrolment event to approval confirmed on the server, idle: ${halfAndMost(ours)}`,
    value,
    unit: 'x at p95',
    against: `the bare hops, one after the other: ${halfAndMost(sums)}`,
    mark: `at most ${marks.idle} x`,
    met: value <= marks.idle,
    note: `${ours.length} events, one at a time, in turn with the hops. Bare, p50: bus ${hop('bus')} ms, queue ${hop('queue')}, Query ${hop('query')}, conditional write ${hop('write')}, second queue ${hop('secondQueue')}, write to the server and reading back ${hop('server')}. The way itself has three queues and three functions (events, evaluation, action), and writes enrolment, verdict, ledger and journal on it; local queues and functions are processes of this machine`,
  };
}

function loadedRow({ ours, load, gathers, drainedMs }: Loaded, idle: readonly number[]): Row {
  const value = percentile(ours, 95) / percentile(idle, 95);
  const rate = (load.events / load.ms) * 1000;
  return {
    row: 8,
    measure: `the same under ${rate.toFixed(0)} events a second with a gather running: ${halfAndMost(ours)}`,
    value,
    unit: 'x at p95',
    against: `the same, idle: ${halfAndMost(idle)}`,
    mark: `at most ${marks.loaded} x, nothing lost`,
    met: value <= marks.loaded && rate >= load.wantedRate * 0.95,
    note: `${ours.length} events among ${load.events.toLocaleString('en')} others within ${(load.ms / 1000).toFixed(1)} s (${load.wantedRate} a second wanted), ${gathers} gathers of ${fleet.toLocaleString('en')} devices one after the other. Nothing lost: the last version of each enrolment is stored, each approval confirmed, no dead letter; all was done ${(drainedMs / 1000).toFixed(1)} s after the last event. Bus, queues, database, every function and the server share this machine's processors`,
  };
}
