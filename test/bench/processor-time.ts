/** Processor time of a process and everything it started, from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second on every platform that Node runs on. */
const msPerTick = 10;
type Stat = { pid: number; parent: number; ticks: number };

/** In ms, user and system: of the process, its living descendants, and those that have ended and were waited for. */
export function processorMs(root: number): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf);
  const inTree = new Set([root]);
  for (let size = 0; size !== inTree.size; ) {
    size = inTree.size;
    for (const { pid, parent } of all) if (inTree.has(parent)) inTree.add(pid);
  }
  return all.filter(({ pid }) => inTree.has(pid)).reduce((sum, { ticks }) => sum + ticks, 0) * msPerTick;
}

/** Nothing for a process that has just ended. */
function statOf(pid: string): Stat[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
    return [{ pid: Number(pid), parent: fields[1] ?? 0, ticks }];
  } catch {
    return [];
  }
}
