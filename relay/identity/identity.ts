/** The identity of this relay: one file in the data folder, readable by its owner only. The private key never leaves it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { privateKey } from '#adapters/relay-identity';
import { enrolmentAnswer } from '#domain/relay/relay-identity';
import { replaceFile } from '../atomic-file.ts';
import { readableByOthers } from '../file-modes.ts';
import { RelayRefusal } from '../refusal.ts';
import { isStored, jsonOf, readStoredText } from '../stored-file.ts';

export const identity = enrolmentAnswer.extend({
  key: privateKey,
  /** From a rotation whose response has not arrived: the cloud may already know it. */
  nextKey: privateKey.nullable(),
});
export type Identity = z.infer<typeof identity>;

export const identityFile = (dataDir: string) => join(dataDir, 'identity.json');

/** Throws RelayRefusal if that cannot be determined. */
export const isEnrolled = (dataDir: string): boolean => isStored(identityFile(dataDir));

/** Throws RelayRefusal if there is none, this account cannot read it, others can read it, or it is damaged. */
export function readIdentity(dataDir: string): Identity {
  const file = identityFile(dataDir);
  const text = readStoredText(file);
  if (text === null)
    throw new RelayRefusal(
      `This relay is not enrolled: there is no ${file}.`,
      'Make a token in the console (Relays, Enrol), then run: relay enrol <url> <token>',
    );
  if (readableByOthers(statSync(file)))
    throw new RelayRefusal(`${file} holds the relay’s private key, and others may read it.`, `chmod 600 ${file}`);
  const parsed = identity.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the whole'))].join(', ');
  throw new RelayRefusal(`${file} is damaged (${fields}).`, 'Restore it from a backup, or revoke this relay and enrol it anew.');
}

export function writeIdentity(dataDir: string, given: Identity): void {
  replaceFile(identityFile(dataDir), `${JSON.stringify(given, null, 2)}\n`);
}
