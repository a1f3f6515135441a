/** An unexpected failure in a session ends the work it occurred in, is logged and visible, and leaves nothing unhandled. */
import { expect, test } from 'vitest';
import { createMetrics } from '../../../relay/health/metrics.ts';
import { createSession } from '../../../relay/session/session.ts';
import { timing } from '../../../relay/timing.ts';
import { notingWorkers } from '../a-relay.ts';
import { logLines } from '../log-lines.ts';

const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

function aSession(workers: Parameters<typeof notingWorkers>[0] = {}) {
  const { log, lines } = logLines();
  const disk = { isFull: false };
  const sent: string[] = [];
  let last = 0;
  const session = createSession({
    identity: () => ({
      relayId: 'relay-1',
      sourceId: 'acme',
      socketUrl: 'ws://cloud',
      cloudKey: { kty: 'OKP', crv: 'Ed25519', x: 'x' },
    }),
    facts: { version: '0.2.0', hostname: 'vm', platform: 'linux x64', reads: 'rest', acts: 'rest' },
    workers: notingWorkers(workers).workers,
    numbers: {
      next() {
        if (disk.isFull) throw full();
        return ++last;
      },
    },
    timing: timing.parse({ ackMs: 1 }),
    log,
    metrics: createMetrics(),
    now: () => ({ monotonic: performance.now(), wall: Date.now() }),
  });
  session.attach({ happened: () => undefined, send: (_, text) => void sent.push(text) });
  return { session, disk, sent, lines };
}

test('a hello without a number rejects to the connection', async () => {
  const { session, disk, sent } = aSession();
  disk.isFull = true;
  await expect(session.speaker.hello(1)).rejects.toThrow('ENOSPC');
  expect(sent).toEqual([]);
});

test('an unreadable digest is logged and a problem, and hello carries none', async () => {
  const { session, sent, lines } = aSession({ digest: () => Promise.reject(new RangeError('of a snapshot')) });
  await session.speaker.hello(1);
  expect(JSON.parse(sent[0] ?? '')).toMatchObject({ type: 'hello', gatherDigest: null });
  expect(lines).toMatchObject([{ level: 'error', error: 'RangeError' }]);
  expect(session.problems()).toEqual([expect.stringContaining('RangeError')]);
});

test('progress that cannot be sent is a problem, but its gather continues', async () => {
  const { session, disk, sent, lines } = aSession();
  const progress = { type: 'gatherProgress', runId: 'run', devices: 1, details: 0, detailsWanted: 0 } as const;
  session.speaker.route(1);
  disk.isFull = true;
  session.link.mention(progress);
  expect(session.problems()).toEqual([expect.stringContaining('progress')]);
  expect(lines).toMatchObject([{ level: 'error', code: 'ENOSPC' }]);
  disk.isFull = false;
  session.link.mention(progress);
  expect(session.problems()).toEqual([]);
  expect(sent).toHaveLength(1);
});
