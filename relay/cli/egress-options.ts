/** The outbound connection for commands that run without a configuration: as configured if there is one, else by the environment. */
import { readFileSync } from 'node:fs';
import type { Dispatcher } from 'undici';
import { loadConfiguration } from '../configuration/load.ts';
import { egressOf } from '../connection/egress.ts';
import { RelayRefusal } from '../refusal.ts';
import { isStored } from '../stored-file.ts';

/** `caFile` overrides the configured one. Throws RelayRefusal. */
export function egressFromOptions(config: string, { caFile }: { caFile?: string | undefined } = {}): Dispatcher {
  const configured = isStored(config) ? loadConfiguration(config) : null;
  return egressOf({ proxy: configured?.proxy, ca: caFile === undefined ? configured?.ca : readCa(caFile) });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RelayRefusal(`${file} cannot be read.`, 'Name a PEM file of certificate authorities.', { cause });
  }
}
