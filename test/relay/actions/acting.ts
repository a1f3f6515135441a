/** A simulated server, a relay's action half that writes to its console, and a cloud that accepts whatever it is sent. */
import { onTestFinished } from 'vitest';
import { type TravelerSource, travelerSource } from '#adapters/traveler/source';
import type { ActionCommand, ActionOutcome } from '#domain/relay/relay-protocol';
import {
  type SimulatedDevice,
  type SimulatorOptions,
  startTravelerSimulator,
  type TravelerSimulator,
} from '#infra/simulators/traveler-simulator';
import { type RelayActionOptions, relayActions } from '../../../relay/actions/relay-actions.ts';
import { consoleWrites } from '../../../relay/domino/console-writes.ts';
import { type DeviceWrites, sourceOf } from '../../../relay/domino/device-writes.ts';
import type { ActionJournal } from '../../../relay/journal/action-journal.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import type { Link, OutgoingMessage, RelaySource } from '../../../relay/ports.ts';
import { quietLog } from '../quiet-log.ts';
import { aCommand } from './commands.ts';
import { directConsole, readBack, readsOf } from './parts.ts';

export type Result = Extract<OutgoingMessage, { type: 'actionResult' }>;

/** The cloud's end of the link: what it received; tests set `held`, `now` and `online`. */
export function cloud() {
  const received: OutgoingMessage[] = [];
  const waiting = new Set<() => void>();
  const state = { held: { fence: 1 } as { fence: number } | null, now: Date.now(), online: true };
  const link: Link = {
    async deliver(message, { signal } = {}) {
      while (!state.online) {
        signal?.throwIfAborted();
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        waiting.add(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        await promise;
      }
      received.push(message);
    },
    mention: (message) => received.push(message),
    held: () => state.held,
    cloudNow: () => state.now,
  };
  const results = () => received.filter((message): message is Result => message.type === 'actionResult');
  return {
    link,
    state,
    received,
    results,
    connect() {
      state.online = true;
      for (const wake of waiting) wake();
      waiting.clear();
    },
    async resultOf({ actionId, attempt }: Pick<ActionCommand, 'actionId' | 'attempt'>): Promise<ActionOutcome> {
      for (let tries = 0; tries < 3_000; tries++) {
        const found = results().find((result) => result.actionId === actionId && result.attempt === attempt);
        if (found) return found.outcome;
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      throw new Error(`Nothing was told of ${actionId}, attempt ${attempt}`);
    },
  };
}

export function restOf(server: TravelerSimulator): TravelerSource {
  return travelerSource({
    baseUrl: server.url,
    credentials: async () => server.credentials,
    concurrency: 8,
    retry: { tries: 2, baseMs: 1, longestMs: 50 },
    timeouts: { total: 2_000 },
  });
}

export const quick = (writes: DeviceWrites): DeviceWrites => ({ ...writes, readBack });

type Options = Partial<Omit<RelayActionOptions, 'source' | 'journal'>> & {
  simulated?: SimulatorOptions;
  writes?: (server: TravelerSimulator, rest: TravelerSource) => DeviceWrites;
  source?: (source: RelaySource) => RelaySource;
  journal?: ActionJournal;
};

export async function acting({ simulated = {}, writes, source: adapt = (same) => same, ...options }: Options = {}) {
  const server = await startTravelerSimulator({
    devices: 0,
    requireApproval: true,
    deniedShare: 0,
    keepsSecurityRecords: true,
    ...simulated,
  });
  const rest = restOf(server);
  const written = writes ? writes(server, rest) : quick(consoleWrites(directConsole(server.port), { rest }));
  const source = adapt(sourceOf(readsOf(rest), written));
  const journal = options.journal ?? memoryJournal();
  const relay = relayActions({ log: quietLog, ...options, source, journal });
  const at = cloud();
  onTestFinished(async () => {
    await relay.stop(200);
    await rest.close();
    await server.stop();
  });
  let sequence = 0;
  return {
    server,
    source,
    journal,
    relay,
    cloud: at,
    arrive: (deviceId: string, user = 'Jane Doe/Acme') => server.arrive(user, { kind: 'ios-mail', deviceId }),
    commandFor: ({ user, deviceId, href }: SimulatedDevice, changes: Parameters<typeof aCommand>[0]) =>
      aCommand({ actionId: `action-${++sequence}`, target: { sourceId: 'hq', user, deviceId }, href, ...changes }),
    async carriedOut(command: ActionCommand): Promise<ActionOutcome> {
      await relay.act(command, at.link);
      return at.resultOf(command);
    },
    lines: () => server.console.effects.map(({ line }) => line.replace(/^tell traveler /, '')),
  };
}
