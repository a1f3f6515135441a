/** The Traveler simulator in a separate process, so that its work is not timed as ours. Driven by its parent's messages. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startTravelerSimulator } from '#infra/simulators/traveler-simulator';
import { answerOf, ended, forked } from './child.ts';

const order = z.object({
  /** Faults as the simulator takes them; they replace the current list. */
  faults: z.custom<Parameters<Awaited<ReturnType<typeof startTravelerSimulator>>['setFaults']>[0]>(Array.isArray).optional(),
  /** That many devices get a newer mail client. */
  upgrade: z.number().int().optional(),
  /** Milliseconds that the simulated server's clock is ahead. */
  ahead: z.number().optional(),
});
export type Order = z.infer<typeof order>;
const started = z.object({
  url: z.string(),
  credentials: z.object({ user: z.string(), password: z.string() }),
  /** How a line is passed to the Domino console. */
  command: z.array(z.string()),
});

export type SimulatorProcess = z.infer<typeof started> & { send(order: Order): Promise<void>; stop(): Promise<void> };

export async function forkSimulator(devices: number): Promise<SimulatorProcess> {
  const { child, first } = await forked(fileURLToPath(import.meta.url), String(devices));
  return {
    ...started.parse(first),
    async send(given) {
      const done = answerOf(child);
      child.send(given);
      await done;
    },
    stop: () => ended(child),
  };
}

async function serve(devices: number): Promise<void> {
  // It changes only on request, so that no phone syncs by itself.
  const begun = Date.now();
  let ahead = 0;
  const simulator = await startTravelerSimulator({ devices, deniedShare: 0, now: () => begun + ahead });
  process.on('message', (message) => {
    const given = order.parse(message);
    if (given.faults !== undefined) simulator.setFaults(given.faults);
    if (given.upgrade !== undefined) simulator.upgradeSome(given.upgrade);
    ahead = given.ahead ?? ahead;
    process.send?.('done');
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ url: simulator.url, credentials: simulator.credentials, command: simulator.console.command });
}

if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) await serve(Number(process.argv[2]));
