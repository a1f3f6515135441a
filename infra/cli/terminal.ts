/** Output of the local stack on the terminal: steps with their durations, then one line per event. Never a token or password. */
import colors from 'picocolors';
import { plain } from './table.ts';

export type Terminal = {
  /** Shows what is being done and how long it took; returns the result of `work`, or rejects with its error. */
  step<T>(text: string, work: () => Promise<T>): Promise<T>;
  /** One event, with the time of day. */
  event(text: string): void;
  problem(text: string): void;
  line(text?: string): void;
};

export function terminal(write: (text: string) => void = (text) => void process.stdout.write(text)): Terminal {
  const clock = () => colors.dim(new Date().toTimeString().slice(0, 8));
  return {
    async step(text, work) {
      const start = performance.now();
      try {
        const result = await work();
        const took = ((performance.now() - start) / 1000).toFixed(1);
        write(`  ${colors.green('✓')} ${text} ${colors.dim(`${took} s`)}\n`);
        return result;
      } catch (error) {
        write(`  ${colors.red('✗')} ${text}\n`);
        throw error;
      }
    },
    event: (text) => write(`${clock()}  ${plain(text)}\n`),
    problem: (text) => write(`${clock()}  ${colors.yellow(plain(text))}\n`),
    line: (text = '') => write(`${text}\n`),
  };
}
