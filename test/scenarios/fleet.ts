/** A fleet on the foreign server: 300 users and 700 devices, with the unusual ones that a real server has. */
import type { ForeignTraveler } from './foreign-traveler.ts';

const names = ['Jane Doe', 'José Núñez', 'Zoë Ångström', "Miles O'Brien", '李 小龙', 'Anna-Lena Groß', 'A/B Tester', '100% Sure'];

export const userName = (index: number) => `${names[index % names.length]} ${index}/Sales/Acme`;

/** Registers the devices of that many users; returns how many there are. Device ids are `ApplAAA0000` … */
export function registerFleet(server: Pick<ForeignTraveler, 'register'>, users = 300): number {
  let count = 0;
  for (let user = 0; user < users; user++) {
    const own = user % 3 === 0 ? 3 : 2;
    for (let place = 0; place < own; place++) server.register(userName(user), `ApplAAA${String(count++).padStart(4, '0')}`);
  }
  return count;
}

export function enrolmentOf(
  user: string,
  {
    id,
    mailDeviceIds,
    status = 'Enrolled',
    mail = 'pushed',
    platform = 'iOS',
    version = 1,
  }: {
    id: string;
    mailDeviceIds: string[];
    status?: string;
    mail?: 'pushed' | 'manual' | 'unknown';
    platform?: string;
    version?: number;
  },
) {
  return {
    id,
    user: { email: `${id}@acme.example`, name: user.split('/')[0] ?? user },
    platform,
    status,
    mailDeviceIds,
    mailConfiguration: mail,
    changedAt: new Date().toISOString(),
    version,
  };
}
