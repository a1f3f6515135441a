/** All functions of the model, run from their real bundles in child processes that use the real Lambda Runtime API. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import pMap from 'p-map';
import type { FunctionResource, Invoke } from '#infra/emulator/model';
import { orIfAbsent } from '../stored-file.ts';
import { FunctionError } from './function-error.ts';
import { type FunctionPool, functionPool } from './function-pool.ts';

export type LambdaOptions = {
  dataDir: string;
  region: string;
  /** `http://127.0.0.1:port` by service, as the SDK's AWS_ENDPOINT_URL_* variables name them. */
  endpoints: Endpoints;
  machineConcurrency?: number;
  idleMs?: number;
  initMs?: number;
};
export type Endpoints = { dynamodb: string; sqs: string; events: string; secretsmanager: string; ses: string };
export type Lambdas = {
  invoke: Invoke;
  /** Starts one process of each function; rejects with an error that names the function whose bundle cannot be loaded. */
  warm(): Promise<void>;
  /** Process ids by function name. */
  processes(): Record<string, number[]>;
  stop(): Promise<void>;
};

const eventLimit = 6 * 1024 * 1024;
const logLimit = 20 * 1024 * 1024;
const bootstrapSource = new URL('bootstrap.ts', import.meta.url);

export async function startLambdas(functions: readonly FunctionResource[], options: LambdaOptions): Promise<Lambdas> {
  const { dataDir, region, endpoints } = options;
  const logs = join(dataDir, 'logs');
  await mkdir(logs, { recursive: true });
  const bootstrap = await compileBootstrap(dataDir);
  const platform = {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.events,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsmanager,
    AWS_ENDPOINT_URL_SESV2: endpoints.ses,
    NODE_COMPILE_CACHE: join(dataDir, 'compiled'),
  };
  const pools = new Map<string, { name: string; pool: FunctionPool }>();
  for (const resource of functions) {
    const logFile = join(logs, `${resource.name}.log`);
    await rotate(logFile);
    const { machineConcurrency = 8, idleMs = 300_000, initMs = 30_000 } = options;
    const pool = functionPool(resource, { bootstrap, logFile, platform, machineConcurrency, idleMs, initMs });
    pools.set(resource.arn, { name: resource.name, pool });
  }
  const each = [...pools.values()];

  return {
    async invoke(functionArn, event) {
      const found = pools.get(functionArn);
      if (!found) throw new FunctionError('function', 'ResourceNotFoundException', `Function not found: ${functionArn}`);
      const text = JSON.stringify(event ?? {});
      if (Buffer.byteLength(text) > eventLimit)
        throw new FunctionError('function', 'RequestTooLargeException', `${found.name}: the event is larger than 6 MB`);
      return JSON.parse((await found.pool.invoke(text)) || 'null');
    },
    async warm() {
      await pMap(each, ({ pool }) => pool.warm(), { concurrency: 3 });
    },
    processes: () => Object.fromEntries(each.map(({ name, pool }) => [name, pool.pids()])),
    async stop() {
      await Promise.all(each.map(({ pool }) => pool.stop()));
    },
  };
}

/** Compiled once per start: Node's type stripping would add about 35 ms to each cold start, which AWS does not have. */
async function compileBootstrap(dataDir: string): Promise<string> {
  const file = join(dataDir, 'bootstrap.mjs');
  const { code } = await transform(await readFile(bootstrapSource, 'utf8'), { loader: 'ts', format: 'esm' });
  await writeFile(`${file}.${process.pid}`, code);
  await rename(`${file}.${process.pid}`, file);
  return file;
}

/** Keeps one older log, so that logs do not grow without limit over restarts. */
async function rotate(file: string): Promise<void> {
  const size = await stat(file).then((found) => found.size, orIfAbsent(0));
  if (size > logLimit) await rename(file, `${file}.1`);
}
