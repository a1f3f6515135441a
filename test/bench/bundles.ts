/**
 * Row 11: size of each function's bundle, and how long a fresh process takes to load it, against an empty handler that imports
 * the same SDK clients. Loaded in a separate Node each time, alternately; the clock is that process's own.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { type FunctionName, functionVariables } from '#domain/runtime/environment';
import { bundleFunctions, bundleOptions } from '#infra/cloud/bundle';
import { lowerQuartile } from './gather-world.ts';
import type { Row } from './row.ts';

const run = promisify(execFile);
const rounds = 9;
const megabyte = 1024 * 1024;
const timeMark = 1.3;
/** Service clients as a bundle names them, and what an empty handler imports to have the same. */
const clients = {
  DynamoDBDocumentClient: ['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb'],
  SQSClient: ['@aws-sdk/client-sqs'],
  SecretsManagerClient: ['@aws-sdk/client-secrets-manager'],
  EventBridgeClient: ['@aws-sdk/client-eventbridge'],
} as const;
type Client = keyof typeof clients;

type Unmeasured = { name: FunctionName; because: string };
type Measured = { name: FunctionName; uses: readonly Client[]; bytes: number; ms: number; floorMs: number };

export async function bundleRow(): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-bundles-'));
  try {
    const configuration = runtimeConfiguration.parse({
      sources: [{ id: 'cloud', kind: 'smartcloud', url: 'https://traveler.example', credentials: { secretName: 'none' } }],
      portal: { url: 'https://portal.example', secretName: 'none' },
      mail: { from: 'extender@acme.example' },
      maas360: { billingId: '1', url: 'https://maas360.example', credentials: { secretName: 'none' } },
    });
    const bundles = await bundleFunctions(configuration, { directory });
    const measured: (Measured | Unmeasured)[] = [];
    for (const [name, folder] of Object.entries(bundles) as [FunctionName, string][])
      measured.push(await measure(name, { folder, directory }).catch((error: unknown) => unmeasured(name, error)));
    return rowOf(
      measured.filter((one) => 'ms' in one),
      measured.filter((one) => 'because' in one),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A function that does not start with these made-up values is reported, and the others are still measured. */
function unmeasured(name: FunctionName, error: unknown): Unmeasured {
  const because = error instanceof Error ? (/Error: .*/.exec(error.message)?.[0] ?? error.message) : String(error);
  return { name, because: because.slice(0, 200) };
}

async function measure(name: FunctionName, { folder, directory }: { folder: string; directory: string }): Promise<Measured> {
  const file = join(folder, 'index.mjs');
  const uses = await usedBy(name);
  const floorFile = await emptyHandler(name, { uses, directory });
  const ours: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await loadTime(floorFile, name));
    ours.push(await loadTime(file, name));
  }
  return { name, uses, bytes: (await stat(file)).size, ms: lowerQuartile(ours), floorMs: lowerQuartile(floors) };
}

/** The clients that end up in a function's bundle, as reported by the bundler itself. */
async function usedBy(name: FunctionName): Promise<Client[]> {
  const handler = join(bundleOptions.absWorkingDir, 'lambdas/functions', name, 'handler.ts');
  const { metafile } = await build({ ...bundleOptions, entryPoints: [handler], metafile: true, write: false, outdir: '.' });
  const inputs = Object.keys(metafile.inputs);
  return (Object.keys(clients) as Client[]).filter((client) => inputs.some((input) => input.includes(`${clients[client][0]}/`)));
}

/** Same bundler, same clients constructed, nothing else. */
async function emptyHandler(
  name: FunctionName,
  { uses, directory }: { uses: readonly Client[]; directory: string },
): Promise<string> {
  const source = join(directory, `${name}-empty.ts`);
  const outfile = join(directory, `${name}-empty.mjs`);
  const lines = uses.flatMap((client) =>
    client === 'DynamoDBDocumentClient'
      ? [
          `import { DynamoDBClient } from '${clients[client][0]}';`,
          `import { DynamoDBDocumentClient, GetCommand, QueryCommand, UpdateCommand } from '${clients[client][1]}';`,
          'export const documents = [DynamoDBDocumentClient.from(new DynamoDBClient({})), GetCommand, QueryCommand, UpdateCommand];',
        ]
      : [`import { ${client} } from '${clients[client][0]}';`, `export const a${client} = new ${client}({});`],
  );
  await writeFile(source, `${lines.join('\n')}\nexport async function handler() {}\n`);
  const nodePaths = [join(bundleOptions.absWorkingDir, 'node_modules')];
  await build({ ...bundleOptions, nodePaths, entryPoints: [source], outfile });
  return outfile;
}

/** Variables that are parsed as more than text or an address. */
const samples: Partial<Record<string, string>> = { DEAD_LETTERS: '{}' };

const loader = `
const from = performance.now();
await import(process.argv[1]);
process.stdout.write(String(performance.now() - from));
process.exit();`;

async function loadTime(file: string, name: FunctionName): Promise<number> {
  const environment = Object.fromEntries(functionVariables[name].map((key) => [key, samples[key] ?? 'http://127.0.0.1:1/bench']));
  const env = { ...environment, PATH: process.env.PATH, AWS_REGION: 'us-east-1', POWERTOOLS_DEV: 'true' };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', loader, pathToFileURL(file).href], { env });
  return Number(stdout);
}

function rowOf(measured: readonly Measured[], not: readonly Unmeasured[]): Row {
  const times = measured.filter(({ uses }) => uses.length > 0);
  const worst = times.reduce((a, b) => (b.ms / b.floorMs > a.ms / a.floorMs ? b : a));
  const largest = measured.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const value = worst.ms / worst.floorMs;
  return {
    row: 11,
    measure: `Lambda bundles: largest ${(largest.bytes / 1024).toFixed(0)} KB (${largest.name}); slowest start ${worst.ms.toFixed(0)} ms (${worst.name})`,
    value,
    unit: 'x start',
    against: `empty handler with the same SDK clients: ${worst.floorMs.toFixed(0)} ms`,
    mark: `each under 1 MB; at most ${timeMark} x`,
    met: value <= timeMark && largest.bytes < megabyte && not.length === 0,
    note: [
      ...measured.map(({ name, bytes, ms, floorMs }) => `${name} ${(bytes / 1024).toFixed(0)} KB ${(ms / floorMs).toFixed(2)} x`),
      ...not.map(({ name, because }) => `${name} not measured: ${because}`),
    ].join(' · '),
  };
}
