/** Checks of the connection to the cloud, and of the cloud's responses. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errorCode } from '../error-code.ts';
import { isConnected } from '../health/status.ts';
import type { DoctorContext } from './doctor-context.ts';
import { broken, type Finding, healthy } from './finding.ts';
import * as cloud from './judge-cloud.ts';

export async function resolveName({ line }: DoctorContext): Promise<Finding> {
  const { host } = line().proxy ?? line();
  if (isIP(host)) return healthy(`${host} is an address, no name`);
  try {
    const found = await lookup(host, { all: true });
    return cloud.judgeName(line(), { addresses: found.map(({ address }) => address) });
  } catch (error) {
    return cloud.judgeName(line(), { code: errorCode(error) });
  }
}

/**
 * A running, connected relay has passed these checks, and a second connection would replace its own: so that relay is asked
 * instead. A running relay that is not connected has nothing to lose.
 */
export function fromRelayOrCloud(
  judge: (handshake: Awaited<ReturnType<DoctorContext['handshake']>>) => Finding,
  what: keyof typeof findingOf,
) {
  return async ({ relayHere, handshake }: DoctorContext): Promise<Finding> => {
    const there = await relayHere();
    if (there.how === 'runs' && isConnected(there.status.connection.state)) return findingOf[what](there.status);
    return judge(await handshake());
  };
}

type Status = Extract<Awaited<ReturnType<DoctorContext['relayHere']>>, { how: 'runs' }>['status'];
const accordingToRelay = 'as the relay that runs says';
const findingOf = {
  clock: ({ clockOffsetMs }: Status) => cloud.judgeClock({ clockAheadMs: clockOffsetMs, answer: { how: 'silent' } }),
  handshake: () => healthy(`the relay that runs is connected`),
  proof: () => healthy(`proven, ${accordingToRelay}`),
  seen: ({ lease, reason }: Status) =>
    lease === 'none'
      ? broken(
          `The cloud has said nothing of the lease lately, ${accordingToRelay}`,
          reason ?? 'See relay status and the log of the relay.',
        )
      : healthy(lease === 'holding' ? 'this relay gathers and acts' : 'another relay of this source gathers and acts'),
} satisfies Record<string, (status: Status) => Finding>;
