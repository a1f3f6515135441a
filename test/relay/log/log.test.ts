import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLog, type Level } from '../../../relay/log/log.ts';

function logging(options: { level: Level; userNames: boolean }) {
  const lines: Record<string, unknown>[] = [];
  const to = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { log: createLog(options, to), lines };
}

test('writes one JSON object per line, with level, time and message', () => {
  const { log, lines } = logging({ level: 'info', userNames: false });
  log.info('connected', { fence: 3 });
  log.debug('not at this level');
  expect(lines).toEqual([{ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), msg: 'connected', fence: 3 }]);
});

test('never writes secrets, at any depth or level', () => {
  const { log, lines } = logging({ level: 'debug', userNames: true });
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    log[level]('x', { password: 'p4ss', headers: { authorization: 'p4ss' }, identity: { key: { d: 'p4ss' } }, token: 'p4ss' });
  expect(lines).toHaveLength(4);
  expect(JSON.stringify(lines)).not.toContain('p4ss');
});

test('writes names of users only if configured, or at debug', () => {
  const nameless = logging({ level: 'debug', userNames: false });
  nameless.log.info('acted', { target: { user: 'Jane Doe/Acme', deviceId: 'A1' } });
  nameless.log.debug('acted', { target: { user: 'Jane Doe/Acme' } });
  expect(JSON.stringify(nameless.lines[0])).not.toContain('Jane');
  expect(nameless.lines[0]).toMatchObject({ target: { deviceId: 'A1' } });
  expect(nameless.lines[1]).toMatchObject({ target: { user: 'Jane Doe/Acme' } });
  const named = logging({ level: 'info', userNames: true });
  named.log.info('acted', { user: 'Jane Doe/Acme' });
  expect(named.lines[0]).toMatchObject({ user: 'Jane Doe/Acme' });
});

test('changes its level while it runs', () => {
  const { log, lines } = logging({ level: 'warn', userNames: false });
  log.info('unheard');
  log.level = 'debug';
  log.debug('heard');
  log.info('heard');
  expect(log.level).toBe('debug');
  expect(lines).toHaveLength(2);
});
