/** Which area may import which, and what the domain may use: the boundaries that make the rest testable. */
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { comments, cyclesOf, fileGraph, folderGraph, importsOf, productFiles, resolve } from './architecture/import-graph.ts';

const areas = [
  'lambdas/domain',
  'lambdas/adapters',
  'lambdas/use-cases',
  'lambdas/functions',
  'lambdas/console',
  'infra/cloud',
  'infra/emulator',
  'infra/cli',
  'infra/local',
  'infra/simulators',
  'infra/docs',
  'infra',
  'relay',
] as const;
type Area = (typeof areas)[number];

/**
 * The areas that each may import besides itself. Of the adapters, the relay may use only the one for Traveler, and the cloud's
 * stacks only the two files that define tables and indexes.
 */
const allowed: Record<Area, readonly string[]> = {
  'lambdas/domain': [],
  'lambdas/adapters': ['lambdas/domain'],
  'lambdas/use-cases': ['lambdas/domain', 'lambdas/adapters'],
  'lambdas/functions': ['lambdas/domain', 'lambdas/adapters', 'lambdas/use-cases'],
  // The capacity page shows the measured figures of the bench page.
  'lambdas/console': ['lambdas/domain', 'docs/bench.md?raw'],
  relay: [
    'lambdas/domain',
    'lambdas/adapters/traveler',
    // Devices are hashed and statements signed in the same way on both ends.
    'lambdas/adapters/fingerprint',
    'lambdas/adapters/relay-identity',
    // For its version.
    'package.json',
  ],
  'infra/cloud': ['lambdas/domain', 'lambdas/adapters/dynamodb/table-definitions', 'lambdas/adapters/dynamodb/keys'],
  // They also listen on the loopback address, and say why they cannot.
  'infra/simulators': ['lambdas/domain', 'infra/emulator/listen', 'infra/emulator/start-error'],
  // The pages state the numbers of queues, functions and tables.
  'infra/docs': ['lambdas/domain', 'lambdas/adapters/dynamodb/keys', 'infra/cloud/function-specs', 'relay/configuration/schema'],
  // The emulator knows AWS, not the product: it runs what the template describes. Two facts about AWS are stated in the domain:
  // which characters SQS accepts, and how long API Gateway keeps a socket. Retries use the one backoff formula.
  'infra/emulator': [
    'lambdas/domain/messages/sqs-safe-json',
    'lambdas/domain/relay/relay-protocol',
    'lambdas/domain/time/backoff',
  ],
  'infra/cli': ['lambdas/domain'],
  'infra/local': ['lambdas/domain', 'infra/cloud', 'infra/emulator', 'infra/cli', 'infra/simulators'],
  // The package ships the unit file that `relay service install` writes elsewhere.
  infra: ['infra/cloud', 'infra/relay-bundle', 'relay/service', 'package.json'],
};

/** Which folders of the domain each may import. It is a hierarchy: a folder imports only those listed above it. */
const domainFolders: Record<string, readonly string[]> = {
  time: [],
  devices: [],
  journal: [],
  enrolment: [],
  actions: ['time', 'devices', 'journal'],
  gather: ['devices', 'journal', 'actions'],
  quarantine: ['time', 'devices', 'journal', 'enrolment', 'actions', 'gather'],
  relay: ['devices', 'journal', 'actions'],
  runtime: ['devices', 'enrolment', 'quarantine'],
  messages: ['devices', 'enrolment', 'actions', 'quarantine', 'relay', 'runtime'],
  outbound: ['devices', 'journal', 'actions'],
  replay: ['devices', 'journal', 'enrolment', 'actions', 'gather', 'quarantine'],
};

const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}.`);
const areaOf = (file: string): Area | undefined => areas.find((area) => isWithin(file, area));

/** One sentence per import that crosses a boundary the wrong way. */
function wrongImports(file: string, source: string): string[] {
  const area = areaOf(file);
  if (!area) return [];
  return importsOf(source).flatMap((specifier) => {
    const target = resolve(file, specifier);
    if (target === null)
      return area === 'lambdas/domain' && specifier !== 'zod'
        ? [`${file} imports ${specifier}: the domain imports only zod`]
        : [];
    return [area, ...allowed[area]].some((folder) => isWithin(target, folder)) ? [] : [`${file} imports ${target}`];
  });
}

/** The folder of a file that is organised by folders: `lambdas/functions/act/claim.ts` is in `act`. Null outside `base`. */
const folderIn = (base: string, path: string): string | null =>
  isWithin(path, base) ? (path.slice(base.length + 1).split('/')[0] ?? null) : null;

/** One sentence per import between two handler folders. What two handlers share is a use case. */
function handlersImported(file: string, source: string): string[] {
  const own = folderIn('lambdas/functions', file);
  if (own === null) return [];
  return targetsOf(file, source).flatMap((target) => {
    const other = folderIn('lambdas/functions', target);
    return other === null || other === own ? [] : [`${file} imports ${target}`];
  });
}

/** One sentence per import between folders of the domain that their hierarchy does not list. */
function wrongDomainFolders(file: string, source: string): string[] {
  const own = folderIn('lambdas/domain', file);
  if (own === null) return [];
  return targetsOf(file, source).flatMap((target) => {
    const other = folderIn('lambdas/domain', target);
    return other === null || other === own || domainFolders[own]?.includes(other) ? [] : [`${file} imports ${target}`];
  });
}

const targetsOf = (file: string, source: string): string[] =>
  importsOf(source).flatMap((specifier) => resolve(file, specifier) ?? []);

const forbidden: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\./, 'the clock'],
  [/\bMath\.random\b|\bcrypto\b|\brandomUUID\b/, 'randomness'],
  [/\bprocess\s*[.[]|\bimport\.meta\b|\bglobalThis\b/, 'the environment'],
  [/\bconsole\s*[.[]/, 'a logger'],
  [/\bfetch\(|\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b|\basync\b|\bawait\b|\bPromise\b/, 'anything outside itself'],
];

/** What a file of the domain uses that it must not. Text in quotes is not code. */
function impurities(source: string): string[] {
  const code = source.replace(comments, '').replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
  return forbidden.filter(([pattern]) => pattern.test(code)).map(([, what]) => what);
}

const files = productFiles();
const domain = files.filter(({ file }) => isWithin(file, 'lambdas/domain'));
const graph = fileGraph(files);

test('every import points downwards: functions, use cases, adapters, domain', () => {
  expect(files.flatMap(({ file, source }) => wrongImports(file, source))).toEqual([]);
});

test('no product file imports a test', () => {
  const targets = files.flatMap(({ file, source }) => targetsOf(file, source).map((target) => `${file} imports ${target}`));
  expect(targets.filter((says) => says.includes(' imports test/'))).toEqual([]);
});

test('no handler folder imports another', () => {
  expect(files.flatMap(({ file, source }) => handlersImported(file, source))).toEqual([]);
});

test('folders of the domain import each other only as listed', () => {
  expect(domain.flatMap(({ file, source }) => wrongDomainFolders(file, source))).toEqual([]);
  expect(new Set(domain.map(({ file }) => folderIn('lambdas/domain', file)))).toEqual(new Set(Object.keys(domainFolders)));
});

test('files do not import each other in a cycle', () => {
  expect(graph.size).toBeGreaterThan(500);
  expect(cyclesOf(graph)).toEqual([]);
});

test('folders of the domain and the use cases have no import cycles', () => {
  for (const base of ['lambdas/domain', 'lambdas/use-cases'])
    expect(cyclesOf(folderGraph(graph, (file) => folderIn(base, file) ?? file)), base).toEqual([]);
});

test('the domain reads no clock, no randomness, no environment, and logs nothing', () => {
  expect(domain.length).toBeGreaterThan(10);
  expect(domain.flatMap(({ file, source }) => impurities(source).map((what) => `${file} touches ${what}`))).toEqual([]);
});

describe('each rule rejects a broken example', () => {
  test.each([
    ['lambdas/domain/devices/a.ts', "import { x } from '#adapters/dynamodb/keys';"],
    ['lambdas/domain/devices/a.ts', "import {\n  x,\n} from '../../adapters/queues.ts';"],
    ['lambdas/domain/devices/a.ts', "import fs from 'node:fs';"],
    ['lambdas/domain/devices/a.ts', "export * from '#functions/act/act';"],
    ['lambdas/domain/devices/a.ts', "const x = await import('undici');"],
    ['lambdas/domain/devices/a.ts', "import 'undici';"],
    ['lambdas/adapters/a.ts', "import type { X } from '#functions/gather/gather';"],
    ['lambdas/adapters/a.ts', "import type { X } from '#use-cases/plan/plan';"],
    ['lambdas/use-cases/plan/a.ts', "import type { X } from '#functions/evaluate/dependencies';"],
    ['infra/local/a.ts', "import { handler } from '#functions/act/handler';"],
    ['infra/local/a.ts', "import { handler } from '../../lambdas/functions/act/handler.ts';"],
    ['infra/emulator/a.ts', "import { device } from '#domain/devices/device';"],
    ['infra/emulator/a.ts', "import { demo } from '#infra/local/demo/demo';"],
    ['infra/cli/a.ts', "import { startStack } from '../local/stack.ts';"],
    ['infra/cloud/a.ts', "import { sqsQueue } from '#adapters/queues';"],
    ['relay/a.ts', "import { keys } from '#adapters/dynamodb/keys';"],
  ])('direction, in %s: %s', (file, source) => {
    expect(wrongImports(file, source)).toHaveLength(1);
  });

  test.each([
    [
      'lambdas/domain/devices/a.ts',
      "import { z } from 'zod';\nimport type { Device } from '#domain/devices/device';\n// import x from 'node:fs'",
    ],
    ['lambdas/functions/a/handler.ts', "import { x } from '#adapters/queues';\nimport { y } from './a.ts';"],
    ['lambdas/functions/a/handler.ts', "import { x } from '#use-cases/plan/plan';"],
    ['relay/a.ts', "import { x } from '#adapters/traveler/devices';"],
  ])('and accepts %s: %s', (file, source) => {
    expect([...wrongImports(file, source), ...handlersImported(file, source)]).toEqual([]);
  });

  test('handler folders', () => {
    const file = 'lambdas/functions/reap/reap.ts';
    expect(handlersImported(file, "import { x } from '#functions/act/act';")).toHaveLength(1);
    expect(handlersImported(file, "import { x } from '../act/act.ts';")).toHaveLength(1);
    expect(handlersImported(file, "import { x } from './silent-relays.ts';")).toEqual([]);
  });

  test('folders of the domain', () => {
    const upwards = "import type { Verdict } from '#domain/quarantine/decide';";
    expect(wrongDomainFolders('lambdas/domain/devices/a.ts', upwards)).toHaveLength(1);
    expect(wrongDomainFolders('lambdas/domain/replay/a.ts', upwards)).toEqual([]);
  });

  test('cycles of files', () => {
    const closed = [
      { file: 'relay/a.ts', source: "import type { B } from './b.ts';" },
      { file: 'relay/b.ts', source: "export { c } from './deep/c.ts';" },
      { file: 'relay/deep/c.ts', source: "import { a } from '../a.ts';" },
    ];
    expect(cyclesOf(fileGraph(closed))).toEqual([['relay/a.ts', 'relay/b.ts', 'relay/deep/c.ts', 'relay/a.ts']]);
    expect(cyclesOf(fileGraph(closed.slice(0, 2)))).toEqual([]);
  });

  test('cycles of folders, though their files have none', () => {
    const graph = fileGraph([
      { file: 'lambdas/use-cases/a/one.ts', source: "import { x } from '#use-cases/b/one';" },
      { file: 'lambdas/use-cases/b/one.ts', source: '' },
      { file: 'lambdas/use-cases/b/two.ts', source: "import { x } from '#use-cases/a/two';" },
      { file: 'lambdas/use-cases/a/two.ts', source: '' },
    ]);
    expect(cyclesOf(graph)).toEqual([]);
    expect(cyclesOf(folderGraph(graph, posix.dirname))).toHaveLength(1);
  });

  test.each([
    'const at = Date.now();',
    'const at = new Date();',
    'const x = Math.random();',
    'const x = process.env.X;',
    'console.log(x);',
    'setTimeout(x, 1);',
    'export async function x() {}',
  ])('purity: %s', (source) => {
    expect(impurities(source)).toHaveLength(1);
  });

  test('purity, which allows words in comments and texts, and dates from a number', () => {
    expect(impurities("/** Date.now() */ const text = 'process.env'; const at = new Date(given).toISOString();")).toEqual([]);
  });
});
