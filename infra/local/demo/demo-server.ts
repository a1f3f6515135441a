/**
 * The demo's mail server: a simulator whose deviations from its seed (new phones, writes) are stored in the data folder, so that
 * after a restart it matches what the product has stored. A crash may lose the last seconds of them; the product then detects
 * the difference and reconciles it, as with any server.
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
  /** Number of devices at the first start. */
  initial: number;
  /** Indexes of new phones that were enrolled since. */
  enrolled: Set<number>;
  stop(): Promise<void>;
};

const saveEveryMs = 2000;

/** SmartCloud, and a server on premises: the latter keeps security records after a removal, and has a Domino console. */
const fleets = {
  cloud: { file: 'demo-server.json', devices: 700, options: { seed: 11, deniedShare: 0.01 } },
  hq: { file: 'demo-server-hq.json', devices: 240, options: { seed: 29, deniedShare: 0.01, keepsSecurityRecords: true } },
} as const;

export async function startDemoServer(dataDir: string, fleet: keyof typeof fleets = 'cloud'): Promise<DemoServer> {
  const { devices, options } = fleets[fleet];
  const file = join(dataDir, fleets[fleet].file);
  // Read first: an error here must leave nothing running.
  const before = readStored(file, storedState);
  const simulator = await startTravelerSimulator({ ...options, devices });
  if (before) replay(simulator, before);
  const enrolled = new Set(before?.enrolled ?? []);
  let saving = Promise.resolve();
  /** Serialises writes; a failed write does not prevent the next one. */
  const save = () => {
    const write = () => replaceStored(file, JSON.stringify(snapshot(simulator, { devices, enrolled })));
    saving = saving.then(write, write);
    return saving;
  };
  // The next write makes up for a failed one; the last one, at the stop, rejects if it fails.
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
