/**
 * Row 17: an ordinary burst on the whole local stack. A fleet doubles by new devices, and the portal reports half of those as
 * enrolled: how long until each is approved, and how many service calls and how much processor time that takes.
 */
import { z } from 'zod';
import type { CallCount } from '#infra/emulator/services/call-counts';
import { eventually, type Stack, startStack, temporaryFolder } from '#test/fixtures/stack';
import { enrolmentEvent, latencies } from './approvals.ts';
import { percentile } from './gather-world.ts';
import { processorMs } from './processor-time.ts';
import { type SimulatedRecord, simulatorControl } from './simulator-control.ts';
import { forkSimulator } from './simulator-process.ts';

export type BurstSize = { existing: number; arriving: number; events: number };
/** Calls and processor time (ms) of one phase. */
export type Effort = { calls: CallCount[]; processorMs: number; wallMs: number };
export type Burst = { size: BurstSize; arrival: Effort; events: Effort; approvalMs: number[] };

const settings = { requireApproval: 'on', devicesPerUser: 0, autoApproveEnrolled: true };
const calls = z.array(z.object({ caller: z.string(), service: z.string(), operation: z.string(), calls: z.number() }));

export async function burst(size: BurstSize): Promise<Burst> {
  const folder = temporaryFolder();
  const simulator = await forkSimulator(size.existing);
  const { url, credentials } = simulator;
  const config = { sources: [{ id: 'cloud', kind: 'smartcloud', url, credentials }], settings };
  let stack: Stack | undefined;
  try {
    stack = await startStack({ config, dataDir: `${folder.path}/data`, args: ['--no-demo'] });
    const control = simulatorControl(simulator.url);
    await inForce(stack);
    const arrived: SimulatedRecord[] = [];
    for (let nth = 0; nth < size.arriving; nth++) arrived.push(await control.arrive(`Newcomer ${nth}/Acme`));
    const arrival = await measured(stack, (running) => running.gather('cloud', { within: 600_000 }));
    const enrolled = arrived.slice(0, size.events);
    const sentAt = new Map<string, number>();
    const events = await measured(stack, async (running) => {
      for (const { deviceId } of enrolled) sentAt.set(deviceId, Date.now());
      await running.putEvents(enrolled.map((device) => enrolmentEvent(device, `burst-${device.deviceId}`)));
      await latencies(running, sentAt);
    });
    return { size, arrival, events, approvalMs: await latencies(stack, sentAt) };
  } finally {
    await stack?.stop();
    await simulator.stop();
    folder.remove();
  }
}

async function inForce(stack: Stack): Promise<void> {
  const isInForce = async () => ((await stack.api('/status')).body.sources[0].aq.inForce ? true : null);
  await eventually(isInForce, { within: 120_000, every: 200, what: 'Auto-Quarantine in force' });
  await stack.untilIdle({ within: 300_000 });
}

/** The cost of `work`, and of everything that follows from it until the stack is idle. */
async function measured(stack: Stack, work: (stack: Stack) => Promise<unknown>): Promise<Effort> {
  const before = { calls: await callsSoFar(stack), processor: processorMs(stack.pid), at: performance.now() };
  await work(stack);
  await stack.untilIdle({ within: 600_000 });
  return {
    calls: difference(await callsSoFar(stack), before.calls),
    processorMs: processorMs(stack.pid) - before.processor,
    wallMs: performance.now() - before.at,
  };
}

async function callsSoFar({ endpoints }: Stack): Promise<CallCount[]> {
  const answer = await fetch(`${endpoints.dynamodb}/_emulator/calls`);
  return calls.parse(await answer.json()) as CallCount[];
}

/** The functions' own calls; what Lambda's pollers do under the same name does not count as theirs. */
function difference(after: readonly CallCount[], before: readonly CallCount[]): CallCount[] {
  const known = new Map(before.map((one) => [`${one.caller} ${one.service} ${one.operation}`, one.calls]));
  return after
    .map((one) => ({ ...one, calls: one.calls - (known.get(`${one.caller} ${one.service} ${one.operation}`) ?? 0) }))
    .filter(({ calls: count, operation }) => count > 0 && !['ReceiveMessage', 'DeleteMessageBatch'].includes(operation));
}

export const callTotal = ({ calls: all }: Effort): number => all.reduce((sum, one) => sum + one.calls, 0);

if (process.argv[1]?.endsWith('burst.ts')) {
  const [existing = 300, arriving = 300, events = 150] = process.argv.slice(2).map(Number);
  const result = await burst({ existing, arriving, events });
  for (const phase of ['arrival', 'events'] as const) {
    const effort = result[phase];
    const per = phase === 'arrival' ? arriving : events;
    console.log(
      `${phase}: ${callTotal(effort)} calls (${(callTotal(effort) / per).toFixed(1)} each), processor ${effort.processorMs} ms (${(effort.processorMs / per).toFixed(1)} each), wall ${effort.wallMs.toFixed(0)} ms`,
    );
    for (const { caller, service, operation, calls: count } of effort.calls.sort((a, b) => b.calls - a.calls).slice(0, 25))
      console.log(`  ${count}\t${caller.replace(/^.*?-/, '')} ${service} ${operation}`);
  }
  console.log(
    `approval p50 ${percentile(result.approvalMs, 50)} p99 ${percentile(result.approvalMs, 99)} max ${Math.max(...result.approvalMs)}`,
  );
}
