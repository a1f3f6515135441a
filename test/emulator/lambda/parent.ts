/** A separate program for the test that kills it: one function, one invocation in progress, its process ids on stdout. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionResource } from '#infra/emulator/model';
import { run } from './functions.ts';

const [dir = ''] = process.argv.slice(2);
const fn: FunctionResource = JSON.parse(await readFile(join(dir, 'function.json'), 'utf8'));
const lambdas = await run([fn], dir);
await lambdas.warm();
lambdas.invoke(fn.arn, {}).catch(() => undefined);
process.stdout.write(`${JSON.stringify(lambdas.processes()[fn.name])}\n`);
