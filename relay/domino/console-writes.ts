/**
 * Writes as lines to the Domino console: a few programs in parallel, the lines of one device in sequence. A line that cannot be
 * built safely is rejected before any program is started.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { ActionType } from '#domain/actions/action';
import type { DeviceKey } from '#domain/devices/device';
import { keyedQueue } from '../keyed-queue.ts';
import type { RelaySource } from '../ports.ts';
import type { DominoConsole } from './console.ts';
import { consoleLines, type LineRequest } from './console-lines.ts';
import type { DeviceWrites } from './device-writes.ts';
import { readBackDelays } from './read-back-delays.ts';

export type ConsoleWriteOptions = {
  /** Lines in progress at once. */
  atOnce?: number;
  /** How long to wait for an effect, ms. */
  timeoutMs?: number;
  /** Name of the console in messages. */
  where?: string;
  /** Writes the approval settings, for which the console has no line; without it they are unavailable. */
  rest?: Pick<RelaySource, 'writeSettings'> | null;
};

export function consoleWrites(
  console: DominoConsole,
  { atOnce = 4, timeoutMs, where = 'Domino console', rest = null }: ConsoleWriteOptions = {},
): DeviceWrites {
  const order = keyedQueue(atOnce);
  let lines = 0;

  function write(
    { sourceId, user, deviceId }: DeviceKey,
    type: ActionType,
    options: Omit<LineRequest, 'user' | 'deviceId'> = {},
  ) {
    const built = consoleLines(type, { user, deviceId, ...options });
    if ('refused' in built) return Promise.reject(new TravelerFailure('invalid', { ...built.refused, where }));
    return order(JSON.stringify([sourceId, user, deviceId]), async () => {
      for (const [index, line] of built.lines.entries()) {
        lines += 1;
        await console.send(line).catch((error: unknown) => {
          throw index === 0 ? error : partlyDone(error);
        });
      }
      return 'accepted' as const;
    });
  }

  return {
    writeSettings: async (wanted) => (rest ? rest.writeSettings(wanted) : 'unavailable'),
    approve: (target, { liftDenial, wipe }) => {
      // Removing all flags would cancel a pending wipe, too.
      const unlock = liftDenial && (wipe === 'none' || wipe === 'wiped');
      return write(target, 'approve', { unlock });
    },
    block: (target) => write(target, 'block'),
    remove: (target) => write(target, 'remove'),
    wipe: (target, targets) => write(target, 'wipe', { targets }),
    // A waiting device is locked as part of waiting; only the denial shows that it is blocked.
    cancelWipe: (target, { lock, approval }) => write(target, 'cancel-wipe', { lock, deny: lock && approval === 'pending' }),
    readBack: readBackDelays('console', timeoutMs),
    get requests() {
      return lines;
    },
  };
}

/** An earlier line was accepted, so `busy` (nothing was started) is no longer true. */
function partlyDone(error: unknown): unknown {
  if (!(error instanceof TravelerFailure) || error.kind !== 'busy') return error;
  return new TravelerFailure('unknown', error.problem, { cause: error, unreachable: error.unreachable });
}
