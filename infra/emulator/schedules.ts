/**
 * EventBridge Scheduler: `rate(…)` and `cron(…)` in UTC. Unlike the real one, each schedule also runs once at the start, so
 * that a local stack has data at once. A failed run is retried twice; after that the schedule waits for its next run.
 */
import cron from 'aws-cron-parser';
import type { Invoke, Schedule } from './model.ts';

export type ScheduleOptions = {
  invoke: Invoke;
  onProblem: (message: string) => void;
  now?: () => Date;
  /** Waits before the second and third attempt, ms: a fixed list, because the second must outlast a function's cold start. */
  retryAfterMs?: readonly number[];
};
export type RunningSchedules = { stop(): void };

const unitMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** The longest delay that a timer supports, ms. */
const longestTimer = 2 ** 31 - 1;

/** When the schedule runs next after `from`; null: never. Throws for any other kind of expression. */
export function nextRun(expression: string, from: Date): Date | null {
  const [, amount, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const ms = unitMs[unit];
  if (amount !== undefined && ms !== undefined) return new Date(from.getTime() + Number(amount) * ms);
  const [, fields] = /^cron\((.+)\)$/.exec(expression) ?? [];
  if (fields === undefined)
    throw new Error(`The schedule "${expression}" is neither rate(…) nor cron(…): the local stack runs only those`);
  return cron.next(cron.parse(fields), from);
}

export function startSchedules(schedules: readonly Schedule[], options: ScheduleOptions): RunningSchedules {
  const { invoke, onProblem, now = () => new Date(), retryAfterMs = [1000, 5000] } = options;
  const timers = new Map<string, NodeJS.Timeout>();

  function after(id: string, ms: number, act: () => void): void {
    const wait = Math.min(ms, longestTimer);
    timers.set(
      id,
      setTimeout(() => (ms > longestTimer ? after(id, ms - longestTimer, act) : act()), wait),
    );
  }

  /** Never rejects. `waits`: before the remaining attempts, ms. */
  async function run(schedule: Schedule, waits: readonly number[]): Promise<void> {
    try {
      await invoke(schedule.targetArn, JSON.parse(schedule.input ?? '{}'));
    } catch (error) {
      const [wait, ...rest] = waits;
      if (!timers.has(schedule.id)) return;
      if (wait !== undefined) return after(`${schedule.id} again`, wait, () => void run(schedule, rest));
      onProblem(`schedule ${schedule.id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function plan(schedule: Schedule): void {
    const next = nextRun(schedule.expression, now());
    if (!next) return;
    after(schedule.id, Math.max(0, next.getTime() - now().getTime()), () => {
      plan(schedule);
      void run(schedule, retryAfterMs);
    });
  }

  for (const schedule of schedules.filter(({ enabled }) => enabled)) {
    plan(schedule);
    void run(schedule, retryAfterMs);
  }
  return {
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
