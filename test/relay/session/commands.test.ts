/** Commands are passed on once, acknowledged when safe, and their failures are handled wherever they are thrown. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import { createMetrics } from '../../../relay/health/metrics.ts';
import type { Link, Workers } from '../../../relay/ports.ts';
import { createAcknowledgements } from '../../../relay/session/acknowledgements.ts';
import { createCommands } from '../../../relay/session/commands.ts';
import { createFailures } from '../../../relay/session/failures.ts';
import { notingWorkers } from '../a-relay.ts';
import { logLines } from '../log-lines.ts';

const link: Link = {
  deliver: async () => undefined,
  mention: () => undefined,
  held: () => ({ fence: 1 }),
  cloudNow: () => 0,
};

function commandsOf(own: Partial<Workers>) {
  const { log, lines } = logLines();
  const failures = createFailures(log);
  const acknowledged: number[] = [];
  const acknowledge = (n: number) => void acknowledged.push(n);
  const { workers } = notingWorkers(own);
  const commands = createCommands({ workers, link, acknowledge, failures, metrics: createMetrics() });
  return { commands, acknowledged, lines, problems: failures.sentences };
}

const aGather = (n: number, fence = 1): GatherCommand => ({
  ...{ type: 'gather', n, fence, runId: `run ${n}`, startedAt: 0, base: null, since: null },
  ...{ details: 'rotation', detailRefreshHours: 24, lastSyncEveryHours: 6, attention: [] },
});

test('a worker that throws synchronously counts as failed like any other', async () => {
  const thrown = () => {
    throw new RangeError('before any promise');
  };
  const { commands, acknowledged, lines, problems } = commandsOf({ resume: thrown, resend: thrown });
  commands.resume();
  commands.resend({ type: 'resend', n: 1, runId: 'run', parts: [] });
  await wait(1);
  expect(lines).toMatchObject([{ error: 'RangeError' }, { error: 'RangeError' }]);
  expect(problems()).toHaveLength(2);
  expect(acknowledged).toEqual([]);
});

test('a failure is a problem until the same work succeeds', async () => {
  const disk = { isFull: true };
  const { commands, acknowledged, problems } = commandsOf({
    resend: async () => {
      if (disk.isFull) throw new RangeError('full');
    },
  });
  const command = { type: 'resend' as const, n: 1, runId: 'run', parts: [] };
  commands.resend(command);
  await wait(1);
  expect(problems()).toEqual([expect.stringContaining('resend: RangeError')]);
  disk.isFull = false;
  commands.resend(command);
  await wait(1);
  expect(problems()).toEqual([]);
  expect(acknowledged).toEqual([1]);
});

test('an acknowledgement that throws is logged, and leaves nothing unhandled', async () => {
  const { log, lines } = logLines();
  const { workers } = notingWorkers();
  const failures = createFailures(log);
  const acknowledge = () => {
    throw new RangeError('no number');
  };
  createCommands({ workers, link, acknowledge, failures, metrics: createMetrics() }).resend({
    ...{ type: 'resend', n: 1, runId: 'run', parts: [] },
  });
  await wait(1);
  expect(lines).toMatchObject([{ error: 'RangeError' }]);
});

test('acknowledgements that cannot be sent wait for the next connection', async () => {
  const sent: number[][] = [];
  const line = { isUp: false };
  const acknowledgements = createAcknowledgements({ ackMs: 1, send: (acks) => line.isUp && sent.push(acks) > 0 });
  acknowledgements.add(1);
  await wait(5);
  line.isUp = true;
  acknowledgements.add(2);
  await wait(5);
  expect(sent).toEqual([[1, 2]]);
});

test('a newer gather, a newer lease and a stop abort the gather', async () => {
  const ended: string[] = [];
  const { commands, lines } = commandsOf({
    gather: ({ runId }, _, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          ended.push(runId);
          reject(signal.reason);
        });
      }),
  });
  commands.gather(aGather(1));
  await wait(1);
  commands.gather(aGather(2));
  await wait(1);
  expect(ended).toEqual(['run 1']);
  commands.leaseIs(1);
  commands.leaseIs(2);
  await wait(1);
  expect(ended).toEqual(['run 1', 'run 2']);
  commands.gather(aGather(3));
  await wait(1);
  commands.stop();
  await wait(1);
  expect(ended).toEqual(['run 1', 'run 2', 'run 3']);
  expect(lines).toEqual([]);
});
