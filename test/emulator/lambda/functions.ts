/** Small bundles on disk and the functions that run them, for tests of the local Lambda. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LambdaOptions, type Lambdas, startLambdas } from '#infra/emulator/lambda/lambdas';
import type { FunctionResource } from '#infra/emulator/model';

export const arnOf = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

/** A bundle whose `index.mjs` is this code. */
export async function aFunction(
  dir: string,
  code: string,
  given: Partial<FunctionResource> & { name: string },
): Promise<FunctionResource> {
  const codeDir = await mkdtemp(join(dir, `${given.name}-`));
  await writeFile(join(codeDir, 'index.mjs'), code);
  return {
    id: given.name,
    arn: arnOf(given.name),
    codeDir,
    handler: 'index.handler',
    environment: {},
    timeoutSeconds: 10,
    memoryMb: 128,
    reservedConcurrency: null,
    policy: [],
    ...given,
  };
}

export async function aDirectory(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'extender-lambda-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

export function run(functions: FunctionResource[], dataDir: string, options: Partial<LambdaOptions> = {}): Promise<Lambdas> {
  const nowhere = 'http://127.0.0.1:9';
  const endpoints = { dynamodb: nowhere, sqs: nowhere, events: nowhere, secretsmanager: nowhere, ses: nowhere };
  return startLambdas(functions, { dataDir, region: 'us-east-1', endpoints, ...options });
}
