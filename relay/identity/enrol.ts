/** Enrols a relay with its cloud: generates its key here, and presents the one-time token that an administrator created. */
import { hostname } from 'node:os';
import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import { generateKey, publicPart } from '#adapters/relay-identity';
import { enrolmentAnswer, type enrolmentRequest } from '#domain/relay/relay-identity';
import { RelayRefusal } from '../refusal.ts';
import { version } from '../version.ts';
import { postToCloud } from './cloud-request.ts';
import { type Identity, isEnrolled, writeIdentity } from './identity.ts';

type Enrolling = { cloudUrl: string; token: string; dataDir: string; dispatcher: Dispatcher; again: boolean };

/** Throws RelayRefusal. `again`: replaces the existing identity. */
export async function enrol({ cloudUrl, token, dataDir, dispatcher, again }: Enrolling): Promise<Identity> {
  if (isEnrolled(dataDir) && !again)
    throw new RelayRefusal(
      `A relay is enrolled already in ${dataDir}.`,
      'To replace it, add --again (revoke the old one in the console). A second relay on this machine needs its own --data.',
    );
  const key = await generateKey();
  const body: z.infer<typeof enrolmentRequest> = {
    key: publicPart(key),
    hostname: hostname().slice(0, 255),
    version,
    platform: `${process.platform} ${process.arch}`,
  };
  const answer = enrolmentAnswer.safeParse(await postToCloud(cloudUrl, '/relay/enrolments', { body, token, dispatcher }));
  if (!answer.success)
    throw new RelayRefusal(
      'What answered is not the cloud of a Traveler Extender.',
      'Check the URL; copy the command from the console.',
    );
  const identity: Identity = { ...answer.data, key, nextKey: null };
  writeIdentity(dataDir, identity);
  return identity;
}
