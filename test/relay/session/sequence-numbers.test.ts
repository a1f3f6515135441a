import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createSequenceNumbers } from '../../../relay/session/sequence-numbers.ts';

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'relay-numbers-')), 'numbers.json');
});
const take = (count: number, now = 1_000) => {
  const numbers = createSequenceNumbers(file, { now: () => now });
  return Array.from({ length: count }, () => numbers.next());
};

test('numbers grow by one, and go on above all earlier ones after each restart', () => {
  const all = [...take(3), ...take(2), ...take(1)];
  expect(all.slice(0, 3)).toEqual([1_001, 1_002, 1_003]);
  expect([...all].sort((a, b) => a - b)).toEqual(all);
  expect(new Set(all).size).toBe(all.length);
});

test('cost one write for ten thousand', () => {
  const numbers = createSequenceNumbers(file, { now: () => 1_000 });
  numbers.next();
  const { mtimeMs, ino } = statSync(file);
  for (let i = 0; i < 9_999; i++) numbers.next();
  expect(statSync(file)).toMatchObject({ mtimeMs, ino });
  numbers.next();
  expect(statSync(file).ino).not.toBe(ino);
});

test('are reserved on disk before the first is used', () => {
  const [first = 0] = take(1);
  expect(JSON.parse(readFileSync(file, 'utf8')).reservedTo).toBeGreaterThanOrEqual(first);
});

test('where the file was lost or damaged they go on from the clock, above whatever was used', () => {
  const used = take(5);
  rmSync(file);
  const [afterLoss = 0] = take(1, 60_000);
  expect(afterLoss).toBeGreaterThan(Math.max(...used));
  writeFileSync(file, '{"reservedTo":');
  const [afterDamage = 0] = take(1, 120_000);
  expect(afterDamage).toBeGreaterThan(afterLoss);
  expect(existsSync(file)).toBe(true);
});
