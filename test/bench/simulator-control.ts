/** What a person or a bench does to a simulated server from outside, over its own controls. */
import { z } from 'zod';

const device = z.object({ user: z.string(), deviceId: z.string(), href: z.string() });
export type SimulatedRecord = z.infer<typeof device>;
const consoleLog = z.object({ effects: z.array(z.object({ at: z.number(), line: z.string(), applied: z.boolean() })) });
const writeLog = z.object({
  effects: z.array(
    z.object({ at: z.number(), method: z.string(), device: device.omit({ href: true }).nullable(), applied: z.boolean() }),
  ),
});

export function simulatorControl(url: string) {
  async function ask(path: string, body?: unknown): Promise<unknown> {
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${url}/simulator/${path}`, sent);
    if (!response.ok) throw new Error(`The simulator answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
  return {
    /** At most 1,000. */
    devices: async (count: number): Promise<SimulatedRecord[]> =>
      z.object({ devices: z.array(device) }).parse(await ask(`devices?from=0&count=${count}`)).devices,
    change: (codes: { user: string; deviceId: string; approval: number }) => ask('changes', codes),
    arrive: async (user: string): Promise<SimulatedRecord> => device.parse(await ask('arrivals', { user, kind: 'ios-mail' })),
    consoleEffects: async () => consoleLog.parse(await ask('console')).effects,
    writes: async () => writeLog.parse(await ask('effects')).effects,
  };
}
