/** A relay in this process, with workers that only record their commands; everything else is real. */

import { join } from 'node:path';
import { Writable } from 'node:stream';
import { loadConfiguration } from '../../relay/configuration/load.ts';
import { egressOf } from '../../relay/connection/egress.ts';
import { relayStatus } from '../../relay/health/status.ts';
import { enrol } from '../../relay/identity/enrol.ts';
import { createLog } from '../../relay/log/log.ts';
import type { Link, Workers } from '../../relay/ports.ts';
import { startRelay } from '../../relay/run/relay.ts';
import { readRunning } from '../../relay/run/running-file.ts';
import type { Timing } from '../../relay/timing.ts';
import type { FakeCloud } from './fake-cloud.ts';
import { aConfiguration, dataFolder, type LogLine, quick, writeConfiguration } from './relay-process.ts';

export type Asked = { what: keyof Workers; id: string };

/** Records each command; acts and gathers do nothing unless overridden. */
export function notingWorkers(own: Partial<Workers> = {}) {
  const asked: Asked[] = [];
  let link: Link | null = null;
  const note = (what: keyof Workers, id: string, given: Link) => {
    asked.push({ what, id });
    link = given;
  };
  const workers: Workers = {
    gather: async ({ runId }, given) => note('gather', runId, given),
    act: async ({ actionId }, given) => note('act', actionId, given),
    settings: async ({ wishId }, given) => note('settings', wishId, given),
    resend: async (runId, _, given) => note('resend', runId, given),
    resume: async (given) => note('resume', '', given),
    digest: async () => null,
    problems: () => [],
    stop: async () => {},
    ...own,
  };
  return {
    workers,
    asked,
    /** Resolves once the first lease is held. */
    get link(): Link {
      if (!link) throw new Error('the workers were not asked for anything yet');
      return link;
    },
  };
}

type Options = {
  timing?: Partial<Timing>;
  configuration?: object;
  dataDir?: string;
  workers?: Partial<Workers>;
  /** Dispatcher for enrolment, if it is not the usual one. */
  enrolWith?: Parameters<typeof egressOf>[0];
};

export async function aRelay(cloud: FakeCloud, { timing = {}, configuration = {}, workers = {}, ...options }: Options = {}) {
  const dataDir = options.dataDir ?? dataFolder();
  writeConfiguration(dataDir, { ...aConfiguration, ...configuration });
  const loaded = loadConfiguration(join(dataDir, 'relay.json'));
  if (options.dataDir === undefined) {
    const dispatcher = egressOf(options.enrolWith ?? {});
    await enrol({ cloudUrl: cloud.url, token: cloud.token(), dataDir, dispatcher, again: false });
    await dispatcher.destroy();
  }
  const lines: LogLine[] = [];
  const to = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const noting = notingWorkers(workers);
  const relay = await startRelay({
    configuration: loaded,
    dataDir,
    workers: noting.workers,
    timing: { ...quick, ...timing },
    log: createLog({ ...loaded.log, level: 'debug' }, to),
  });
  const token = () => readRunning(dataDir)?.token ?? '';
  return {
    ...relay,
    dataDir,
    lines,
    asked: noting.asked,
    get link() {
      return noting.link;
    },
    said: (message: string) => lines.filter(({ msg }) => msg.includes(message)),
    status: async () => {
      const answer = await fetch(`${relay.healthUrl}/status`, { headers: { authorization: `Bearer ${token()}` } });
      return relayStatus.parse(await answer.json());
    },
    /** Value from /metrics, summed over labels. */
    metric: async (name: string) => {
      const text = await (await fetch(`${relay.healthUrl}/metrics`)).text();
      const values = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
  };
}
export type ARelay = Awaited<ReturnType<typeof aRelay>>;
