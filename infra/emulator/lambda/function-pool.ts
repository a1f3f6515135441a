/**
 * The processes of one function: as many as there are invocations at once, up to its reserved concurrency, else up to what
 * this machine should carry. With reserved concurrency a further invocation is throttled, as on AWS; without it waits for
 * a free process, because the limit is then the machine's and not AWS's. Idle processes end after a while, all but one.
 */
import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { FunctionResource } from '#infra/emulator/model';
import { FunctionError } from './function-error.ts';
import { type FunctionProcess, type ProcessOptions, startFunctionProcess } from './function-process.ts';

export type PoolOptions = ProcessOptions & {
  /** Processes at most where the function reserves no concurrency. */
  machineConcurrency: number;
  idleMs: number;
  initMs: number;
};
export type FunctionPool = {
  /** The handler's result as JSON text; rejects with FunctionError. */
  invoke(event: string): Promise<string>;
  /** Starts one process if none is there; rejects when the bundle cannot be loaded. */
  warm(): Promise<void>;
  pids(): number[];
  stop(): Promise<void>;
};

export function functionPool(resource: FunctionResource, options: PoolOptions): FunctionPool {
  const reserved = resource.reservedConcurrency;
  const slots = reserved === 0 ? null : pLimit(reserved ?? options.machineConcurrency);
  const all = new Set<FunctionProcess>();
  /** The longest idle first. */
  const idle: { process: FunctionProcess; since: number }[] = [];
  let stopped = false;
  const reaper = setInterval(reap, Math.max(50, options.idleMs / 4)).unref();

  function reap() {
    const old = idle.filter(({ since }) => Date.now() - since > options.idleMs);
    for (const { process } of old.slice(0, Math.max(0, idle.length - 1))) process.kill();
  }

  function takeIdle(): FunctionProcess | undefined {
    const taken = idle.pop()?.process;
    return taken && !taken.usable() ? takeIdle() : taken;
  }

  async function start(): Promise<FunctionProcess> {
    const process = await startFunctionProcess(resource, options);
    all.add(process);
    process.exited.then(() => {
      all.delete(process);
      const index = idle.findIndex((entry) => entry.process === process);
      if (index >= 0) idle.splice(index, 1);
    });
    if (stopped) process.kill();
    const timer = setTimeout(() => process.kill(), options.initMs);
    try {
      await process.ready;
      return process;
    } catch (error) {
      process.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function run(event: string): Promise<string> {
    if (stopped) throw new FunctionError('exit', 'Stopped', `${resource.name}: the local stack is stopping`);
    const process = takeIdle() ?? (await start());
    try {
      return await process.invoke(randomUUID(), event);
    } finally {
      if (process.usable()) idle.push({ process, since: Date.now() });
    }
  }

  return {
    async invoke(event) {
      if (slots && (reserved === null || slots.activeCount < reserved)) return slots(() => run(event));
      throw new FunctionError('throttle', 'TooManyRequestsException', `${resource.name}: Rate Exceeded.`);
    },
    async warm() {
      if (all.size > 0) return;
      const process = await start();
      idle.push({ process, since: Date.now() });
    },
    pids: () => [...all].flatMap(({ pid }) => pid ?? []),
    async stop() {
      stopped = true;
      clearInterval(reaper);
      for (const process of all) process.kill();
      await Promise.all([...all].map(({ exited }) => exited));
    },
  };
}
