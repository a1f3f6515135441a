/**
 * The processes of one function: one per concurrent invocation, up to its reserved concurrency, else up to a limit for this
 * machine. With reserved concurrency a further invocation is throttled, as on AWS; without it, the invocation waits for a free
 * process, because the limit is the machine's and not AWS's. Idle processes end after a while, except one.
 */
import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import type { FunctionResource } from '#infra/emulator/model';
import { FunctionError } from './function-error.ts';
import { type FunctionProcess, type ProcessOptions, startFunctionProcess } from './function-process.ts';

export type PoolOptions = ProcessOptions & {
  /** Maximum number of processes if the function reserves no concurrency. */
  machineConcurrency: number;
  idleMs: number;
  initMs: number;
};
export type FunctionPool = {
  /** The handler's result as JSON text; rejects with FunctionError. */
  invoke(event: string): Promise<string>;
  /** Starts one process if there is none; rejects if the bundle cannot be loaded. */
  warm(): Promise<void>;
  pids(): number[];
  stop(): Promise<void>;
};

type State = {
  resource: FunctionResource;
  options: PoolOptions;
  all: Set<FunctionProcess>;
  /** Longest idle first. */
  idle: { process: FunctionProcess; since: number }[];
  stopped: boolean;
};

export function functionPool(resource: FunctionResource, options: PoolOptions): FunctionPool {
  const reserved = resource.reservedConcurrency;
  const slots = reserved === 0 ? null : pLimit(reserved ?? options.machineConcurrency);
  const state: State = { resource, options, all: new Set(), idle: [], stopped: false };
  const reaper = setInterval(() => endIdle(state, Date.now()), Math.max(50, options.idleMs / 4)).unref();
  return {
    async invoke(event) {
      if (slots && (reserved === null || slots.activeCount < reserved)) return slots(() => run(state, event));
      throw new FunctionError('throttle', 'TooManyRequestsException', `${resource.name}: Rate Exceeded.`);
    },
    async warm() {
      if (state.all.size > 0) return;
      const process = await start(state);
      state.idle.push({ process, since: Date.now() });
    },
    pids: () => [...state.all].flatMap(({ pid }) => pid ?? []),
    async stop() {
      state.stopped = true;
      clearInterval(reaper);
      for (const process of state.all) process.kill();
      await Promise.all([...state.all].map(({ exited }) => exited));
    },
  };
}

/** Ends the processes that have been idle too long, except one. */
function endIdle({ idle, options }: State, now: number): void {
  const old = idle.filter(({ since }) => now - since > options.idleMs);
  for (const { process } of old.slice(0, Math.max(0, idle.length - 1))) process.kill();
}

async function run(state: State, event: string): Promise<string> {
  if (state.stopped) throw new FunctionError('exit', 'Stopped', `${state.resource.name}: the local stack is stopping`);
  const process = idleProcess(state) ?? (await start(state));
  try {
    return await process.invoke(randomUUID(), event);
  } finally {
    if (process.usable()) state.idle.push({ process, since: Date.now() });
  }
}

/** Takes the usable process that became idle last out of the idle ones. */
function idleProcess(state: State): FunctionProcess | undefined {
  const found = state.idle.pop()?.process;
  return found && !found.usable() ? idleProcess(state) : found;
}

/** Rejects if the process does not become ready in time. */
async function start(state: State): Promise<FunctionProcess> {
  const process = await startFunctionProcess(state.resource, state.options);
  state.all.add(process);
  removeAtExit(state, process);
  if (state.stopped) process.kill();
  const timer = setTimeout(() => process.kill(), state.options.initMs);
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

function removeAtExit({ all, idle }: State, process: FunctionProcess): void {
  // `exited` never rejects.
  void process.exited.then(() => {
    all.delete(process);
    const index = idle.findIndex((entry) => entry.process === process);
    if (index >= 0) idle.splice(index, 1);
  });
}
