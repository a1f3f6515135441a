/** Turns what was read of the relay's files on this machine into findings. Pure. */
import type { Stats } from 'node:fs';
import { readableByOthers } from '../file-modes.ts';
import { broken, type Finding, healthy, noted } from './finding.ts';
import type { RelayHere } from './probes/running-relay.ts';
import type { Stored } from './probes/stored-files.ts';

type Owned = Pick<Stats, 'uid' | 'mode'>;
/** `config` and `identity` null: absent, which another check reports. */
export type Folder = {
  dataDir: string;
  folder: Owned | { code: string };
  writable: boolean;
  identity: Owned | null;
  config: (Owned & { file: string }) | null;
  platform: NodeJS.Platform;
};

export function judgeFolder({ dataDir, folder, writable, identity, config, platform }: Folder): Finding {
  if ('code' in folder)
    return broken(
      `The data folder ${dataDir} cannot be used (${folder.code})`,
      'Enrol the relay, which makes it (relay enrol <url> <token>); or name the right one with --data.',
    );
  if (!writable)
    return broken(
      `This account may not write to the data folder ${dataDir}`,
      'Run this as the account of the relay: sudo -u traveler-relay relay doctor. Or give the folder to that account: chown.',
    );
  if (readableByOthers(folder, platform))
    return broken(`Others may look into the data folder ${dataDir}, which holds the relay’s key`, `chmod 700 ${dataDir}`);
  if (platform !== 'win32' && identity !== null && identity.uid !== folder.uid)
    return broken(
      `The identity in ${dataDir} belongs to another account than the folder: the relay could not read it`,
      `chown --recursive --reference=${dataDir} ${dataDir}`,
    );
  const foreign = config !== null && config.uid !== folder.uid && (config.mode & 0o044) === 0;
  if (platform !== 'win32' && foreign)
    return broken(
      `${config.file} belongs to another account than the data folder: the relay could not read it`,
      `chown --reference=${dataDir} ${config.file}`,
    );
  return healthy(`${dataDir} is private and can be written to`);
}

const megabyte = 1024 * 1024;
/** The journal stays far below this; the snapshot of 100,000 devices takes about this much. */
export const roomNeeded = 200 * megabyte;

export function judgeRoom(freeBytes: number, dataDir: string): Finding {
  const free = `${Math.floor(freeBytes / megabyte).toLocaleString('en')} MB`;
  if (freeBytes >= roomNeeded) return healthy(`${free} are free`);
  return broken(
    `Only ${free} are free on the disk of ${dataDir}; ${roomNeeded / megabyte} MB are needed`,
    'Free some, or move the data folder to a larger disk (all of it, with the relay stopped).',
  );
}

export function judgeRelayHere(relayHere: RelayHere, dataDir: string): Finding {
  const process_ = 'pid' in relayHere && relayHere.pid !== null ? ` (process ${relayHere.pid})` : '';
  if (relayHere.how === 'none') return noted('none runs on this data at present; relay run or the service starts it');
  if (relayHere.how === 'runs') return healthy(`it runs${process_}, version ${relayHere.status.version}`);
  return broken(
    `Another process${process_} holds ${dataDir} and does not say how it is`,
    'If it is a relay that hangs, end it: systemctl restart traveler-relay. Two relays need a data folder each: --data.',
  );
}

export function judgeStores(relayHere: RelayHere, { journal, snapshot }: { journal: Stored; snapshot: Stored }): Finding {
  if (relayHere.how === 'runs') return noted('in use by the relay that runs');
  if (journal === 'damaged')
    return broken(
      'The journal of actions (journal.db) is damaged',
      'Stop the relay, keep a copy of journal.db, and move it away with journal.db-wal: actions under way are then looked at again.',
    );
  for (const [name, store] of Object.entries({ journal, snapshot }))
    if (typeof store === 'object')
      return broken(
        `The ${name} cannot be opened (${store.unreadable})`,
        'Let the relay’s account read and write its data folder.',
      );
  if (snapshot === 'damaged')
    return noted('the journal is sound; the snapshot is damaged and will be made anew at the next gather');
  return healthy(journal === 'absent' ? 'none yet: made at the first start' : 'sound');
}
