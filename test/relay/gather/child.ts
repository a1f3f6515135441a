/** Starts relay-process.ts and connects it to a cloud under test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import type { TravelerSimulator } from '#infra/simulators/traveler-simulator';
import type { OutgoingMessage } from '../../../relay/ports.ts';
import type { Cloud } from './cloud.ts';

type ChildMessage = { ready?: true; told?: OutgoingMessage; id?: number; done?: string };

export type RelayChild = {
  /** Resolves when the gather has ended, or the process was killed. */
  gather(command: GatherCommand): Promise<'done' | 'killed'>;
  kill(): Promise<void>;
};

const relayProcess = join(import.meta.dirname, 'relay-process.ts');

export async function relayChild(
  directory: string,
  { url, credentials }: Pick<TravelerSimulator, 'url' | 'credentials'>,
  side: Pick<Cloud, 'link'>,
): Promise<RelayChild> {
  const given = [directory, url, credentials.user, credentials.password];
  const child = fork(relayProcess, given, { execArgv: [], stdio: 'inherit' });
  const exited = once(child, 'exit');
  child.on('message', ({ told, id }: ChildMessage) => {
    if (told === undefined) return;
    void side.link.deliver(told).then(() => child.connected && child.send({ do: 'acknowledge', id }, () => undefined));
  });
  await until(child, ({ ready }) => ready);

  return {
    async gather(command) {
      const done = until(child, (said) => (said.done === command.runId ? true : undefined));
      child.send({ do: 'gather', command });
      return Promise.race([done.then(() => 'done' as const), exited.then(() => 'killed' as const)]);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function until<T>(child: ChildProcess, found: (said: ChildMessage) => T | undefined | 0): Promise<T> {
  return new Promise((resolve) => {
    const listen = (said: ChildMessage) => {
      const value = found(said);
      if (!value) return;
      child.off('message', listen);
      resolve(value as T);
    };
    child.on('message', listen);
  });
}
