/** Executes steps in sequence; programs by argument vector, no shell. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { RelayRefusal } from '../refusal.ts';
import type { Step } from './service-plan.ts';

type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;
const executors: { [D in Step['do']]: (step: StepOf<D>) => void } = {
  write: ({ file, text, encoding }) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { encoding, mode: 0o644 });
  },
  remove: ({ file }) => rmSync(file, { force: true }),
  run: ({ argv, may = false }) => {
    ask(argv, { may });
  },
};

/** Throws RelayRefusal with the program's own message. */
export function executeSteps(steps: readonly Step[]): void {
  for (const step of steps) executeStep(step);
}

function executeStep<D extends Step['do']>(step: StepOf<D>): void {
  const execute: (step: StepOf<D>) => void = executors[step.do as D];
  try {
    execute(step);
  } catch (error) {
    if (error instanceof RelayRefusal) throw error;
    throw new RelayRefusal(`${describeStep(step)} failed (${error instanceof Error ? error.message : 'unknown error'}).`, asRoot);
  }
}
const noManager =
  'systemd does not run here: let whatever starts programs on this machine start `relay run`, again when it ends.';
const asRoot = 'Run it as an administrator (Linux: sudo).';

/** Returns what the program printed. Throws RelayRefusal if it failed. */
export function ask(argv: readonly string[], { may = false }: { may?: boolean } = {}): string {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', shell: false, windowsHide: true });
  if (error !== undefined && !may) {
    const missing = 'code' in error && error.code === 'ENOENT';
    throw new RelayRefusal(`${program} could not be started (${error.message}).`, missing ? noManager : asRoot, { cause: error });
  }
  if (status !== 0 && !may) {
    const output = (stderr || stdout).trim();
    throw new RelayRefusal(
      `${argv.join(' ')} failed: ${output}`,
      /not been booted with systemd/.test(output) ? noManager : asRoot,
    );
  }
  return stdout ?? '';
}

/** For a dry run. */
export function describeStep(step: Step): string {
  if (step.do === 'run') return step.argv.map((part) => (/[\s'"\\]/.test(part) ? `'${part}'` : part)).join(' ');
  return step.do === 'write' ? `write ${step.file}` : `remove ${step.file}`;
}
