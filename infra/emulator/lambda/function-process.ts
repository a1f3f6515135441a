/**
 * One execution environment: a child process that runs the function's real bundle, and the Runtime API that feeds it.
 *
 * States: *starting* until the bundle fetches its first invocation; *idle*; *busy* with exactly one invocation; *ended* (final)
 * after a time-out, a crash or `kill`. The child has only the environment given here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { FunctionResource } from '#infra/emulator/model';
import { FunctionError } from './function-error.ts';
import { startRuntimeApi } from './runtime-api.ts';

export type ProcessOptions = {
  /** The compiled bootstrap. */
  bootstrap: string;
  logFile: string;
  /** The variables that AWS sets for every function, and the endpoints of its services: AWS_REGION, AWS_ENDPOINT_URL_*, … */
  platform: Record<string, string>;
};

export type FunctionProcess = {
  pid: number | undefined;
  ready: Promise<void>;
  invoke(requestId: string, event: string): Promise<string>;
  /** False as soon as its end is certain, which is before the process has ended. */
  usable(): boolean;
  /** Resolves when the process has ended; never rejects. */
  exited: Promise<void>;
  kill(): void;
};

export async function startFunctionProcess(
  resource: FunctionResource,
  { bootstrap, logFile, platform }: ProcessOptions,
): Promise<FunctionProcess> {
  const api = await startRuntimeApi(resource.name);
  const child = spawnChild(resource, { bootstrap, logFile, env: environmentOf(resource, platform, api.address) });
  let usable = true;
  const exited = watchExit(resource, {
    child,
    logFile,
    onExit(error) {
      usable = false;
      api.abort(error);
      api.close();
    },
  });
  function kill() {
    usable = false;
    child.kill('SIGKILL');
  }

  return {
    pid: child.pid,
    ready: api.ready,
    exited,
    kill,
    usable: () => usable,
    async invoke(requestId, event) {
      const limit = resource.timeoutSeconds * 1000;
      const timer = setTimeout(() => {
        const message = `${new Date().toISOString()} ${requestId} Task timed out after ${resource.timeoutSeconds.toFixed(2)} seconds`;
        appendFileSync(logFile, `${message}\n`);
        api.abort(new FunctionError('time-out', 'Sandbox.Timedout', `${resource.name}: ${message}`));
        kill();
      }, limit);
      try {
        return await api.hand({ requestId, event, deadline: Date.now() + limit, functionArn: resource.arn });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Memory for the heap: the function's memory minus what Node itself needs. */
function heapMb(memoryMb: number): number {
  return Math.max(48, memoryMb - 48);
}

function environmentOf(resource: FunctionResource, platform: Record<string, string>, api: string): Record<string, string> {
  return {
    ...platform,
    AWS_LAMBDA_RUNTIME_API: api,
    _HANDLER: resource.handler,
    LAMBDA_TASK_ROOT: resource.codeDir,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: resource.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(resource.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${resource.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_ACCESS_KEY_ID: resource.name,
    AWS_SECRET_ACCESS_KEY: 'local',
    // A developer's AWS profile must never reach a function.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    TZ: 'UTC',
    ...resource.environment,
  };
}

function spawnChild(
  { codeDir, memoryMb }: FunctionResource,
  { bootstrap, logFile, env }: { bootstrap: string; logFile: string; env: Record<string, string> },
): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const flags = [`--max-old-space-size=${heapMb(memoryMb)}`, '--enable-source-maps'];
    // In its own process group: Ctrl+C in the terminal reaches only the stack, which then stops it in order.
    const detached = process.platform !== 'win32';
    return spawn(process.execPath, [...flags, bootstrap], {
      cwd: codeDir,
      env,
      stdio: ['pipe', log, log],
      detached,
      windowsHide: true,
    });
  } finally {
    closeSync(log);
  }
}

function watchExit(
  { name }: FunctionResource,
  { child, onExit, logFile }: { child: ChildProcess; onExit: (error: FunctionError) => void; logFile: string },
): Promise<void> {
  return new Promise((resolve) => {
    function ended(how: string) {
      appendFileSync(logFile, `${new Date().toISOString()} process ended: ${how}\n`);
      onExit(new FunctionError('exit', 'Runtime.ExitError', `${name}: Runtime exited: ${how}`));
      resolve();
    }
    child.stdin?.on('error', () => undefined);
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal ? `signal: ${signal}` : `exit status ${code}`));
  });
}
