/**
 * The demo's mail server: a simulator whose deviations from its seed (phones that turned up, what was written) are kept in the
 * data folder, so that after a restart it is the server that the product remembers. A crash may lose the last seconds of it;
 * the product then sees the difference and puts it right, as it would with any server.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readStored, replaceStored } from '#infra/emulator/stored-file';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';

const phoneKind = z.enum(['ios-mail', 'verse-ios', 'verse-android', 'secure-mail', 'windows-phone', 'blackberry', 'other']);
const change = z.object({ approval: z.number(), access: z.number() });
const kept = z.object({
  arrivals: z.array(z.object({ user: z.string(), kind: phoneKind, deviceId: z.string() })),
  /** By index. */
  changes: z.array(z.tuple([z.number(), change])),
  settings: z.object({
    require_approval: z.boolean(),
    devices_before_approval: z.number(),
    approval_notify: z.array(z.string()),
  }),
  /** Indexes of the arrivals that the portal enrolled. */
  enrolled: z.array(z.number()),
});
type Kept = z.infer<typeof kept>;
const storedState = {
  schema: kept,
  holds: 'the state of the simulated mail server',
  remedy: 'the demo starts with the devices of its first day.',
};

export type DemoServer = {
  simulator: TravelerSimulator;
  /** How many devices it had from the start. */
  initial: number;
  /** Indexes of phones that turned up and were enrolled since. */
  enrolled: Set<number>;
  stop(): Promise<void>;
};

const saveEveryMs = 2000;

/** SmartCloud, and a server on premises: with security records that outlast a removal, and a Domino console. */
const fleets = {
  cloud: { file: 'demo-server.json', devices: 700, options: { seed: 11, deniedShare: 0.01 } },
  hq: { file: 'demo-server-hq.json', devices: 240, options: { seed: 29, deniedShare: 0.01, keepsSecurityRecords: true } },
} as const;

export async function startDemoServer(dataDir: string, fleet: keyof typeof fleets = 'cloud'): Promise<DemoServer> {
  const { devices, options } = fleets[fleet];
  const file = join(dataDir, fleets[fleet].file);
  // Read before anything is started that would have to be stopped again.
  const before = readStored(file, storedState);
  const simulator = await startTravelerSimulator({ ...options, devices });
  if (before) replay(simulator, before);
  const enrolled = new Set(before?.enrolled ?? []);
  let saving = Promise.resolve();
  /** One write after another; the next one is tried although the last one failed. */
  const save = () => {
    const write = () => replaceStored(file, JSON.stringify(snapshot(simulator, { devices, enrolled })));
    saving = saving.then(write, write);
    return saving;
  };
  // A write that fails is repeated by the next; the last one, at the stop, says why it failed.
  const timer = setInterval(() => save().catch(() => undefined), saveEveryMs).unref();
  return {
    simulator,
    initial: devices,
    enrolled,
    async stop() {
      clearInterval(timer);
      await save().finally(simulator.stop);
    },
  };
}

function replay(simulator: TravelerSimulator, { arrivals, changes, settings }: Kept): void {
  for (const { user, kind, deviceId } of arrivals) simulator.arrive(user, { kind, deviceId });
  for (const [index, state] of changes) simulator.adminChange(simulator.deviceAt(index), state);
  simulator.settings = settings;
}

function snapshot(simulator: TravelerSimulator, { devices, enrolled }: { devices: number; enrolled: ReadonlySet<number> }): Kept {
  const arrivals = Array.from({ length: simulator.deviceCount - devices }, (_, nth) => simulator.deviceAt(devices + nth));
  const written = simulator.effects.flatMap(({ device, applied }) => {
    const found = applied && device ? simulator.find(device.user, device.deviceId) : undefined;
    return found ? [found] : [];
  });
  const changed = new Map([...arrivals, ...written].map((device) => [device.index, device]));
  return {
    arrivals: arrivals.map(({ user, kind, deviceId }) => ({ user, kind, deviceId })),
    changes: [...changed].map(([index, { approval, access }]) => [index, { approval, access }]),
    settings: simulator.settings,
    enrolled: [...enrolled],
  };
}
