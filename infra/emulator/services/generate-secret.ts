/** A secret's value as Secrets Manager generates it: random characters of the wanted kinds. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { GeneratedSecret } from '#infra/emulator/model';

/** Throws if no character is left to choose from, or the value is too short for one of each kind. */
export function generate({ length, kinds, requiresEach, within }: GeneratedSecret): string {
  const needed = requiresEach ? kinds : [];
  if (kinds.length === 0 || length < Math.max(needed.length, 1))
    throw new Error('no secret can be generated of the characters and the length that the template gives it');
  const all = kinds.join('');
  const rest = Array.from({ length: length - needed.length }, () => anyOf(all));
  const value = shuffled([...needed.map(anyOf), ...rest]).join('');
  if (!within) return value;
  return JSON.stringify({ ...z.record(z.string(), z.unknown()).parse(JSON.parse(within.template)), [within.key]: value });
}

const anyOf = (characters: string): string => characters.charAt(randomInt(characters.length));

function shuffled(characters: readonly string[]): string[] {
  const mixed = [...characters];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] ?? '', mixed[at] ?? ''];
  }
  return mixed;
}
