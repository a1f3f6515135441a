/** Ends a process that an earlier start left running on one of our files, found by its pid file. This happens only after a kill. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, StartError } from '../start-error.ts';
import { isAbsent, textOf } from '../stored-file.ts';

const endWithinMs = 5000;

/**
 * Ends the process. Spares one without `file` on its command line: its pid was reused. Throws StartError if the process does
 * not end.
 */
export async function endLeftBehind(pidFile: string, file: string): Promise<void> {
  const pid = Number(textOf(pidFile, 'the process id of DynamoDB') ?? '0');
  if (!Number.isInteger(pid) || pid <= 1 || !uses(pid, file)) return;
  kill(pid);
  const end = Date.now() + endWithinMs;
  while (uses(pid, file)) {
    if (Date.now() > end) throw new StartError(`Process ${pid} of an earlier start still uses ${file}. End it: kill -9 ${pid}`);
    await pause(5);
  }
}

/** A process that has ended meanwhile is no error. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** False if there is no such process, or no /proc. */
function uses(pid: number, file: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(file);
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'ESRCH') return false;
    throw error;
  }
}
