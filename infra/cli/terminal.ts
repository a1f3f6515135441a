/** What the local stack says on the terminal: steps with their times, then one calm line per event. Never a token or password. */
import colors from 'picocolors';
import { plain } from './table.ts';

export type Terminal = {
  /** Says what is being done and, when it is done, how long it took; passes the result or the error on. */
  step<T>(says: string, work: () => Promise<T>): Promise<T>;
  /** One event, with the time of day. */
  event(says: string): void;
  problem(says: string): void;
  line(says?: string): void;
};

export function terminal(write: (text: string) => void = (text) => void process.stdout.write(text)): Terminal {
  const clock = () => colors.dim(new Date().toTimeString().slice(0, 8));
  return {
    async step(says, work) {
      const start = performance.now();
      try {
        const result = await work();
        const took = ((performance.now() - start) / 1000).toFixed(1);
        write(`  ${colors.green('✓')} ${says} ${colors.dim(`${took} s`)}\n`);
        return result;
      } catch (error) {
        write(`  ${colors.red('✗')} ${says}\n`);
        throw error;
      }
    },
    event: (says) => write(`${clock()}  ${plain(says)}\n`),
    problem: (says) => write(`${clock()}  ${colors.yellow(plain(says))}\n`),
    line: (says = '') => write(`${says}\n`),
  };
}
