/**
 * Row 14: from the moment the cloud puts an approval on the socket to the moment it is on the Traveler server. The relay is its
 * own program in a separate process and acts over a console program. The floor, alternating with it: a message there and back
 * over a bare socket to another process, and the same console program started by hand for another device.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type FakeCloud, fakeCloud } from '#test/relay/fake-cloud';
import { dataFolder, relay, startProcess, writeConfiguration } from '#test/relay/relay-process';
import { until } from '#test/relay/until';
import { echoProgram } from './echo-process.ts';
import { percentile } from './gather-world.ts';
import type { Row } from './row.ts';
import { type SimulatedRecord, simulatorControl } from './simulator-control.ts';
import { forkSimulator, type SimulatorProcess } from './simulator-process.ts';

const rounds = 60;
/** The first ones warm up the compiler. */
const warmUp = 5;
const mark = 2;
const pending = 1;
/** Production timing, not the short timing of tests. */
const usualTiming = { RELAY_TIMING: '{}' };

export async function relayActionRow(): Promise<Row> {
  const simulator = await forkSimulator(2 * (rounds + warmUp));
  const cloud = await fakeCloud({ leaseMs: 600_000 });
  const dataDir = dataFolder();
  const { url, credentials, command } = simulator;
  writeConfiguration(dataDir, { traveler: { url, credentials }, console: { by: 'command', command }, health: { port: 0 } });
  await relay(['enrol', cloud.url, cloud.token('acme')], { dataDir });
  const process_ = startProcess(['run'], { dataDir, environment: usualTiming });
  const echo = await echoSocket();
  try {
    await until('the lease of the relay', () => cloud.lease.holder !== null, { ms: 30_000 });
    return await measured(simulator, { cloud, echo });
  } finally {
    await Promise.all([process_.kill('SIGKILL'), simulator.stop(), cloud.close(), echo.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function measured(simulator: SimulatorProcess, { cloud, echo }: { cloud: FakeCloud; echo: Echo }): Promise<Row> {
  const control = simulatorControl(simulator.url);
  const devices = await control.devices(2 * (rounds + warmUp));
  for (const { user, deviceId } of devices) await control.change({ user, deviceId, approval: pending });
  const [ours, theirs] = [devices.slice(0, rounds + warmUp), devices.slice(rounds + warmUp)];
  const asked: { relayed: number; socketMs: number; called: number }[] = [];
  for (const [nth, device] of ours.entries()) {
    const relayed = Date.now();
    await throughRelay(cloud, device);
    const socketMs = await echo.thereAndBack();
    const called = Date.now();
    await throughConsole(simulator.command, theirs[nth]);
    asked.push({ relayed, socketMs, called });
  }
  const effects = await control.consoleEffects();
  const times = asked.map(({ relayed, socketMs, called }, nth) => ({
    ours: effectOf(effects, ours[nth]) - relayed,
    floor: socketMs + effectOf(effects, theirs[nth]) - called,
    socketMs,
  }));
  return rowOf(times.slice(warmUp));
}

function rowOf(times: readonly { ours: number; floor: number; socketMs: number }[]): Row {
  const ours = times.map((time) => time.ours);
  const floor = times.map((time) => time.floor);
  const socket = times.map((time) => time.socketMs);
  const value = percentile(ours, 95) / percentile(floor, 95);
  return {
    row: 14,
    measure: `relay: action to effect, p95: ${percentile(ours, 95).toFixed(0)} ms`,
    value,
    unit: 'x',
    against: `bare socket there and back, and the console program started by hand, p95: ${percentile(floor, 95).toFixed(0)} ms`,
    mark: `at most ${mark} x`,
    met: value <= mark,
    note: `p50 ${percentile(ours, 50).toFixed(0)} ms against ${percentile(floor, 50).toFixed(0)} ms, of which the bare socket takes ${percentile(socket, 50).toFixed(1)} ms; ${times.length} approvals, one at a time, in turn with the floor. From the message that the cloud posts to the socket until the simulated server notes the effect; beyond the floor the relay syncs its journal to the disk before it acts and reads the device first. The cloud's end of the socket is a plain one, without API Gateway`,
  };
}

async function throughRelay(cloud: FakeCloud, { user, deviceId, href }: SimulatedRecord): Promise<void> {
  const actionId = `approve ${deviceId}`;
  cloud.command({
    type: 'action',
    ...{ actionId, attempt: 1, step: 'carry-out', what: 'approve', href },
    target: { sourceId: 'acme', user, deviceId },
    ...{ requestedAt: Date.now(), expiresAt: Date.now() + 3_600_000 },
    ...{ sent: false, liftDenial: false, lockBelongs: false },
  });
  const results = () => [...cloud.taken.values()].filter((message) => message.type === 'actionResult');
  await until(`the result of ${actionId}`, () => results().some((result) => result.actionId === actionId), { ms: 60_000 });
  const how = results().find((result) => result.actionId === actionId)?.outcome.how;
  if (how !== 'written') throw new Error(`${actionId} ended as ${how}`);
}

const lineFor = ({ user, deviceId }: SimulatedRecord) => `tell traveler security approval approve ${deviceId} ${user}`;

async function throughConsole(command: readonly string[], device: SimulatedRecord | undefined): Promise<void> {
  if (!device) throw new Error('No device is left');
  const [program = '', ...args] = command.map((part) => part.replace('{line}', lineFor(device)));
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`The console program ended with code ${code}`);
}

/** When it was there, epoch ms. Throws where the line did not reach the console, or did nothing. */
function effectOf(
  effects: readonly { at: number; line: string; applied: boolean }[],
  device: SimulatedRecord | undefined,
): number {
  const found = device && effects.find(({ line, applied }) => applied && line === lineFor(device));
  if (!found) throw new Error(`No effect on ${device?.deviceId} was noted`);
  return found.at;
}

type Echo = Awaited<ReturnType<typeof echoSocket>>;

/** A socket whose other end, in a separate process, echoes what it receives. */
async function echoSocket() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const child = spawn(process.execPath, [echoProgram, `ws://127.0.0.1:${(server.address() as AddressInfo).port}`], {
    stdio: 'inherit',
  });
  const [socket]: [WebSocket] = (await once(server, 'connection')) as [WebSocket];
  return {
    async thereAndBack(): Promise<number> {
      const from = performance.now();
      const back = once(socket, 'message');
      socket.send(JSON.stringify({ type: 'action', at: from, filler: 'x'.repeat(400) }));
      await back;
      return performance.now() - from;
    },
    async stop() {
      child.kill('SIGKILL');
      socket.terminate();
      server.close();
    },
  };
}
