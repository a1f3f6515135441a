/** A relay log that keeps its lines. */
import { Writable } from 'node:stream';
import { createLog, type RelayLog } from '../../relay/log/log.ts';
import type { LogLine } from './relay-process.ts';

export function logLines(level: 'debug' | 'info' = 'info'): { log: RelayLog; lines: LogLine[]; text(): string } {
  const lines: LogLine[] = [];
  const to = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return {
    log: createLog({ level, userNames: false }, to),
    lines,
    text: () => lines.map((line) => JSON.stringify(line)).join('\n'),
  };
}
