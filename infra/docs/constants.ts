/** Numbers that the documentation states and that are private to their files, read from the source text. */
import { readFileSync } from 'node:fs';

/**
 * The value of `const name = …` in a source file (a path from the root): a number, or a product of numbers. Throws if the file has no such
 * constant, so that a page never states an outdated one.
 */
export function constantOf(file: string, name: string): number {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const [, value] = new RegExp(`^(?:export )?const ${name} = ([\\d_. *]+);`, 'm').exec(text) ?? [];
  if (value === undefined) throw new Error(`${file} has no constant ${name} that is a number; docs/ states it`);
  return value
    .split('*')
    .map((factor) => Number(factor.trim().replaceAll('_', '')))
    .reduce((product, factor) => product * factor, 1);
}
