import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { RelayRefusal } from '../../../relay/refusal.ts';
import { createSequenceNumbers } from '../../../relay/session/sequence-numbers.ts';

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'relay-numbers-')), 'numbers.json');
});
const take = (count: number, now = 1_000) => {
  const numbers = createSequenceNumbers(file, { now: () => now });
  return Array.from({ length: count }, () => numbers.next());
};

test('numbers increase by one, and continue above all earlier ones after restarts', () => {
  const all = [...take(3), ...take(2), ...take(1)];
  expect(all.slice(0, 3)).toEqual([1_001, 1_002, 1_003]);
  expect([...all].sort((a, b) => a - b)).toEqual(all);
  expect(new Set(all).size).toBe(all.length);
});

test('cost one write per ten thousand', () => {
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

test('continue from the clock if the file was lost', () => {
  const used = take(5);
  rmSync(file);
  const [afterLoss = 0] = take(1, 60_000);
  expect(afterLoss).toBeGreaterThan(Math.max(...used));
});

test('a damaged file is an error with a remedy that works', () => {
  const used = take(5);
  writeFileSync(file, '{"reservedTo":');
  expect(() => take(1)).toThrow(`${file} is damaged.`);
  expect(refusalOf(() => take(1)).remedy).toContain('remove the file');
  rmSync(file);
  const [afterRemoval = 0] = take(1, 120_000);
  expect(afterRemoval).toBeGreaterThan(Math.max(...used));
  expect(existsSync(file)).toBe(true);
});

test('an unreadable file does not count as absent', () => {
  mkdirSync(file);
  const { message, remedy } = refusalOf(() => take(1));
  expect(message).toBe(`${file} cannot be read (EISDIR).`);
  expect(remedy).toContain('move it away');
});

function refusalOf(work: () => unknown): RelayRefusal {
  try {
    work();
  } catch (error) {
    if (error instanceof RelayRefusal) return error;
    throw error;
  }
  throw new Error('no refusal');
}
