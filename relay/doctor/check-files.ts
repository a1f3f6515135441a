/** Checks of the configuration and data files of the relay on this machine. */
import { constants, type Stats, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../error-code.ts';
import { isAllowed } from '../file-modes.ts';
import { identityFile } from '../identity/identity.ts';
import type { DoctorContext } from './doctor-context.ts';
import { type Finding, healthy } from './finding.ts';
import { judgeFolder, judgeRoom, judgeStores } from './judge-files.ts';
import { checkStore } from './probes/stored-files.ts';
import { refusalsAsFindings } from './refusal-finding.ts';

export const checkConfiguration = ({ configuration, places }: DoctorContext): Promise<Finding> =>
  refusalsAsFindings(() => {
    configuration();
    return healthy(`${places.config} is right`);
  });

export const checkIdentity = ({ identity }: DoctorContext): Promise<Finding> =>
  refusalsAsFindings(() => {
    const { relayId, sourceId, cloudUrl } = identity();
    return healthy(`${relayId}, for the source ${sourceId} of ${new URL(cloudUrl).host}`);
  });

export async function checkRoom({ places }: DoctorContext): Promise<Finding> {
  const { bavail, bsize } = await statfs(places.data);
  return judgeRoom(bavail * bsize, places.data);
}

export async function checkStores({ relayHere, places }: DoctorContext): Promise<Finding> {
  const there = await relayHere();
  const stored = (name: string) => (there.how === 'runs' ? 'absent' : checkStore(join(places.data, name)));
  return judgeStores(there, { journal: stored('journal.db'), snapshot: stored('snapshot.db') });
}

export function checkFolder({ places: { data, config }, platform }: DoctorContext): Finding {
  const folder = statOf(data);
  const identity = statOf(identityFile(data));
  const configured = statOf(config);
  return judgeFolder({
    dataDir: data,
    folder: 'code' in folder ? folder : { uid: folder.uid, mode: folder.mode },
    writable: isAllowed(data, constants.R_OK | constants.W_OK | constants.X_OK),
    identity: 'code' in identity ? null : identity,
    config: 'code' in configured ? null : { uid: configured.uid, mode: configured.mode, file: config },
    platform,
  });
}

function statOf(file: string): Stats | { code: string } {
  try {
    return statSync(file);
  } catch (error) {
    return { code: errorCode(error) };
  }
}
