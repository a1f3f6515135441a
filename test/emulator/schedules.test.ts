import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Schedule } from '#infra/emulator/model';
import { nextRun, startSchedules } from '#infra/emulator/schedules';

const start = new Date('2026-03-02T10:00:00Z');
beforeEach(() => void vi.useFakeTimers({ now: start }));
afterEach(() => void vi.useRealTimers());

const aSchedule = (expression: string, given: Partial<Schedule> = {}): Schedule => ({
  id: 's',
  expression,
  enabled: true,
  targetArn: 'arn:f',
  input: null,
  ...given,
});

function run(schedules: Schedule[], fails: () => boolean = () => false) {
  const calls: { at: string; event: unknown }[] = [];
  const problems: string[] = [];
  const running = startSchedules(schedules, {
    invoke: async (_arn, event) => {
      calls.push({ at: new Date().toISOString().slice(11, 19), event });
      if (fails()) throw new Error('no table');
    },
    onProblem: (says) => problems.push(says),
  });
  return { calls, problems, running };
}
const times = (calls: { at: string }[]) => calls.map(({ at }) => at);

test.each([
  ['rate(1 minute)', '2026-03-02T10:01:00.000Z'],
  ['rate(15 minutes)', '2026-03-02T10:15:00.000Z'],
  ['rate(2 hours)', '2026-03-02T12:00:00.000Z'],
  ['rate(1 day)', '2026-03-03T10:00:00.000Z'],
  ['cron(30 3 * * ? *)', '2026-03-03T03:30:00.000Z'],
  ['cron(0 12 ? * MON *)', '2026-03-02T12:00:00.000Z'],
])('%s runs next at %s', (expression, next) => {
  expect(nextRun(expression, start)?.toISOString()).toBe(next);
});

test.each(['at(2026-03-02T10:00:00)', 'rate(5 weeks)', 'every day'])('"%s" is rejected by its text', (expression) => {
  expect(() => nextRun(expression, start)).toThrow(expression);
});

test('a schedule runs at the start and then at its interval, with its input', async () => {
  const { calls, running } = run([aSchedule('rate(15 minutes)', { input: '{"all":true}' })]);
  await vi.advanceTimersByTimeAsync(31 * 60_000);
  running.stop();
  expect(times(calls)).toEqual(['10:00:00', '10:15:00', '10:30:00']);
  expect(calls[0]?.event).toEqual({ all: true });
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(calls).toHaveLength(3);
});

test('a schedule that is disabled never runs', async () => {
  const { calls, running } = run([aSchedule('rate(1 minute)', { enabled: false })]);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  running.stop();
  expect(calls).toEqual([]);
});

test('an interval longer than any timer is honoured', async () => {
  const { calls, running } = run([aSchedule('rate(40 days)')]);
  await vi.advanceTimersByTimeAsync(39 * 86_400_000);
  expect(calls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(86_400_000);
  running.stop();
  expect(calls).toHaveLength(2);
});

test('a failed run is retried twice, then reported; the next is punctual', async () => {
  const { calls, problems, running } = run([aSchedule('rate(1 minute)')], () => calls.length < 4);
  await vi.advanceTimersByTimeAsync(61_000);
  running.stop();
  expect(times(calls)).toEqual(['10:00:00', '10:00:01', '10:00:06', '10:01:00']);
  expect(problems).toEqual(['schedule s: no table']);
});
