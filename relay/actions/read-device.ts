/** Reads what the server shows of the device: before acting, and after a write with the delays that the source needs. */
import type { DeviceDetail } from '#domain/devices/device';
import type { ActionCommand, RelayProblem } from '#domain/relay/relay-protocol';
import type { RelaySource } from '../ports.ts';
import type { DeviceReading } from './relay-next-step.ts';
import { targetOf } from './writes.ts';

export type ReadSource = Pick<RelaySource, 'read'>;
/** `report`: describes the error as a problem, and logs an unexpected one. */
export type DeviceReader = { source: ReadSource; report(error: unknown): RelayProblem };

export async function readDevice({ source, report }: DeviceReader, command: ActionCommand): Promise<DeviceReading> {
  try {
    const found = await source.read(targetOf(command));
    if (found === 'gone') return 'gone';
    const { user, deviceId } = command.target;
    return found.user === user && found.deviceId === deviceId ? { seen: found.detail } : { problem: anotherDevice };
  } catch (error) {
    return { problem: report(error) };
  }
}

const anotherDevice: RelayProblem = {
  kind: 'invalid',
  what: 'The address of the device leads to another one',
  where: 'device record',
  remedy: 'The next gather reads it anew.',
  unreachable: false,
};

/** Reads until `isShown` or the record is gone, at most once after each of `waits` (ms). */
export async function readDeviceUntil(
  reader: DeviceReader,
  command: ActionCommand,
  { waits, isShown, pause }: { waits: readonly number[]; isShown(seen: DeviceDetail): boolean; pause(ms: number): Promise<void> },
): Promise<DeviceReading> {
  let reading = await readDevice(reader, command);
  for (const ms of waits) {
    if (reading === 'gone' || ('seen' in reading && isShown(reading.seen))) break;
    await pause(ms);
    reading = await readDevice(reader, command);
  }
  return reading;
}
