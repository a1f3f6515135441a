/** The shell around the reducer: a failure in it ends the socket concerned, is logged, and stops nothing else. */
import { afterEach, expect, test, vi } from 'vitest';
import { type Connection, createConnection } from '../../../relay/connection/connection.ts';
import type { SocketEvents } from '../../../relay/connection/socket.ts';
import type { SocketId, StateName } from '../../../relay/connection/states.ts';
import { logLines } from '../log-lines.ts';

afterEach(() => vi.useRealTimers());

type Calls = 'hello' | 'ping' | 'goodbye' | 'route' | 'message' | 'forget' | 'changed' | 'open';

/** A connection whose session and sockets do nothing except fail where `fails` says so. */
function aConnection() {
  vi.useFakeTimers();
  const { log, lines, text } = logLines();
  const fails = new Map<Calls, Error>();
  const may = (call: Calls): void => {
    const error = fails.get(call);
    if (error) throw error;
  };
  const opened: SocketEvents[] = [];
  const dropped: number[] = [];
  /** Also the number of the newest socket. */
  let tries = 0;
  const connection: Connection = createConnection({
    speaker: {
      hello: async () => may('hello'),
      ping: () => may('ping'),
      goodbye: () => may('goodbye'),
      route: () => may('route'),
      drain: () => undefined,
      message: () => may('message'),
      forget: () => may('forget'),
    },
    open: async (events) => {
      const at = ++tries;
      may('open');
      opened.push(events);
      return {
        send: () => undefined,
        close: () => events.ended({ why: 'cut', pace: 'soon' }),
        drop: () => void dropped.push(at),
      };
    },
    clock: () => undefined,
    changed: () => may('changed'),
    timing: { openMs: 300, heartbeatMs: 100, silenceMs: 250, lifeMs: 60_000, settledMs: 600, drainMs: 150, leaveMs: 15 },
    log,
    random: () => 0.5,
  });
  const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  async function live(): Promise<SocketId> {
    connection.happened({ type: 'start' });
    await passes(0);
    const socket = tries;
    opened.at(-1)?.opened();
    await passes(0);
    connection.happened({ type: 'welcomed', socket });
    return socket;
  }
  /** Lets the next try reach `live`. */
  async function comesBack(): Promise<void> {
    fails.clear();
    const before = tries;
    while (tries === before) await passes(100);
    opened.at(-1)?.opened();
    await passes(0);
    connection.happened({ type: 'welcomed', socket: tries });
    expect(connection.state.name).toBe('live');
  }
  const errors = () => lines.filter(({ level }) => level === 'error');
  return { connection, fails, opened, dropped, passes, live, comesBack, errors, text };
}

test('a ping that throws ends its socket, and the connection is retried', async () => {
  const { connection, fails, dropped, passes, live, comesBack, errors } = aConnection();
  await live();
  fails.set('ping', new Error('no number could be reserved for Jane Doe', { cause: new TypeError('why') }));
  await passes(100);
  expect(connection.state.name).toBe('waiting');
  expect(dropped).toEqual([1]);
  expect(errors()).toMatchObject([
    { msg: 'connection: ping failed unexpectedly', error: 'Error', cause: { error: 'TypeError' } },
  ]);
  await comesBack();
});

test.each<[Calls, StateName]>([
  ['hello', 'waiting'],
  ['message', 'waiting'],
  ['route', 'waiting'],
])('a failing %s is logged without its message, and the connection retried', async (call, state) => {
  const { connection, fails, opened, passes, live, comesBack, errors, text } = aConnection();
  if (call === 'message') {
    await live();
    fails.set(call, new Error('Jane Doe'));
    opened.at(-1)?.message('{}');
  } else {
    fails.set(call, new Error('Jane Doe'));
    await live();
  }
  await passes(0);
  expect(connection.state).toMatchObject({ name: state, last: { why: 'failed', detail: 'Error' } });
  expect(errors().length).toBeGreaterThan(0);
  expect(text()).not.toContain('Jane');
  await comesBack();
});

test('a failing observer of the connection is logged and changes nothing', async () => {
  const { connection, fails, live, errors, opened } = aConnection();
  fails.set('changed', new Error('a watcher'));
  fails.set('forget', new Error('a forgetful session'));
  await live();
  expect(connection.state.name).toBe('live');
  opened.at(-1)?.ended({ why: 'cut', pace: 'soon' });
  expect(connection.state.name).toBe('waiting');
  expect(new Set(errors().map(({ msg }) => msg))).toEqual(
    new Set(['connection: a change of state failed unexpectedly', 'connection: the end of a socket failed unexpectedly']),
  );
});

test('a socket that cannot be opened is logged, and opening retried', async () => {
  const { connection, fails, passes, comesBack, errors } = aConnection();
  fails.set('open', Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
  connection.happened({ type: 'start' });
  await passes(0);
  expect(connection.state).toMatchObject({ name: 'waiting', last: { why: 'failed' } });
  expect(errors()).toMatchObject([{ code: 'EIO' }]);
  await comesBack();
});

test('a goodbye that throws still leads to stopped', async () => {
  const { connection, fails, live } = aConnection();
  await live();
  fails.set('goodbye', new Error('no number'));
  connection.happened({ type: 'stop' });
  await connection.stopped;
  expect(connection.state.name).toBe('stopped');
});
