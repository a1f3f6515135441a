import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtOnce } from '#infra/cloud/built-once';

let folder: string;
let name: string;
let source: string;
let builds: number;
const made = new Set<string>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'built-once-'));
  name = basename(folder);
  source = relative(process.cwd(), folder);
  builds = 0;
  writeFileSync(join(folder, 'source.txt'), 'first');
});
afterEach(() => {
  for (const one of made) rmSync(one, { recursive: true, force: true });
  made.clear();
  rmSync(folder, { recursive: true });
});

async function built({ reads = [join(source, 'source.txt')], except = [] as string[] } = {}): Promise<string> {
  const out = await builtOnce({
    name,
    sources: [source],
    except: except.map((one) => join(source, one)),
    async build(outdir) {
      builds++;
      writeFileSync(join(outdir, 'built.txt'), readFileSync(join(folder, 'source.txt'), 'utf8').toUpperCase());
      return reads;
    },
  });
  made.add(out);
  return out;
}
const cache = 'node_modules/.cache/traveler-extender';
/** For this test: whole builds, and halves. */
const leftBehind = () => (existsSync(cache) ? readdirSync(cache).filter((each) => each.includes(`${name}-`)) : []);
const textOf = (out: string) => readFileSync(join(out, 'built.txt'), 'utf8');

test('a second start reuses the build; a changed, new or renamed source rebuilds', async () => {
  const first = await built();
  expect(await built()).toBe(first);
  expect([builds, textOf(first)]).toEqual([1, 'FIRST']);
  writeFileSync(join(folder, 'source.txt'), 'second');
  const second = await built();
  expect([second === first, textOf(second), textOf(first)]).toEqual([false, 'SECOND', 'FIRST']);
  writeFileSync(join(folder, 'another.txt'), 'new');
  const third = await built();
  renameSync(join(folder, 'another.txt'), join(folder, 'renamed.txt'));
  const fourth = await built();
  expect(new Set([first, second, third, fourth]).size).toBe(4);
  writeFileSync(join(folder, 'source.txt'), 'first');
  rmSync(join(folder, 'renamed.txt'));
  expect([await built(), builds]).toEqual([first, 4]);
});

test('a change in what the build does not read changes nothing', async () => {
  const first = await built({ except: ['notes.txt'] });
  writeFileSync(join(folder, 'notes.txt'), 'anything');
  expect(await built({ except: ['notes.txt'] })).toBe(first);
});

test('a build that reads undeclared sources is rejected by name, and not kept', async () => {
  const reads = ['node_modules/zod/index.js', join(source, 'source.txt'), 'lambdas/elsewhere.ts'];
  await expect(built({ reads })).rejects.toThrow(`The build of ${name} read more than its sources say: lambdas/elsewhere.ts.`);
  await expect(built({ reads })).rejects.toThrow(/elsewhere/);
  expect(builds).toBe(2);
  expect(leftBehind()).toEqual([]);
  await expect(built({ reads: [join(source, 'except.txt')], except: ['except.txt'] })).rejects.toThrow(/except\.txt/);
});

test('parallel starts get the same whole build; nothing half built is left', async () => {
  const both = await Promise.all([built(), built()]);
  expect(new Set(both).size).toBe(1);
  expect(both.map(textOf)).toEqual(['FIRST', 'FIRST']);
  expect(leftBehind()).toEqual([basename(both[0])]);
});

test('the builds of the last four source states are kept', async () => {
  const outs: string[] = [];
  for (let state = 0; state < 6; state++) {
    writeFileSync(join(folder, 'source.txt'), `state ${state}`);
    outs.push(await built());
    // Folders are dated by the file system, to the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(outs.map((out) => existsSync(out))).toEqual([false, false, true, true, true, true]);
  expect(leftBehind()).toHaveLength(4);
});
