/** `relay status`: asks the relay running on this data folder. Exit code 0 when it is ready, 1 when it is not or none runs. */
import { request } from 'undici';
import { errorCode } from '../error-code.ts';
import { type RelayStatus, relayStatus } from '../health/status.ts';
import { identityFile, isEnrolled } from '../identity/identity.ts';
import { RelayRefusal } from '../refusal.ts';
import { type Running, readRunning } from '../run/running-file.ts';
import type { AddCommands, PlaceOptions } from './command-line.ts';
import { showStatus } from './show-status.ts';

export const addStatus: AddCommands = ({ command, places, print }) => {
  command('status', 'how the relay that runs here is doing')
    .option('--json', 'as JSON')
    .action(async (options: PlaceOptions & { json?: boolean }) => {
      const status = await askStatus(places(options).data);
      print(options.json ? JSON.stringify(status, null, 2) : showStatus(status));
      if (!status.ready) process.exitCode = 1;
    });
};

/** Throws RelayRefusal if none runs, or if the running one cannot be asked. */
export async function askStatus(dataDir: string): Promise<RelayStatus> {
  const running = readRunning(dataDir);
  if (running === null) throw notRunning(dataDir);
  try {
    const { body } = await request(`${running.healthUrl}/status`, {
      headers: { authorization: `Bearer ${running.token}` },
      signal: AbortSignal.timeout(5_000),
    });
    return relayStatus.parse(await body.json());
  } catch (cause) {
    // A killed relay leaves its file behind.
    throw errorCode(cause) === 'ECONNREFUSED' ? notRunning(dataDir, cause) : noStatus(running, cause);
  }
}

function notRunning(dataDir: string, cause?: unknown): RelayRefusal {
  const enrolled = isEnrolled(dataDir);
  return new RelayRefusal(
    `No relay runs on ${dataDir}${enrolled ? '' : `, and none is enrolled there (no ${identityFile(dataDir)})`}.`,
    enrolled
      ? 'Start it: relay run, or the service (systemctl start traveler-relay). Why it stopped is in its log.'
      : 'Enrol it: relay enrol <url> <token>',
    { cause },
  );
}

const noStatus = ({ pid, healthUrl }: Running, cause: unknown): RelayRefusal =>
  new RelayRefusal(
    `The relay (process ${pid}) gives no usable answer at ${healthUrl}.`,
    'See its log. If no such process runs, or another program uses this port, start the relay again.',
    { cause },
  );
