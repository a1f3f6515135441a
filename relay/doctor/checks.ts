/** The checks of `relay doctor`, ordered so that each comes after those it depends on. */

import { fromRelayOrCloud, resolveName } from './check-cloud.ts';
import { checkConfiguration, checkFolder, checkIdentity, checkRoom, checkStores } from './check-files.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';
import * as cloud from './judge-cloud.ts';
import { judgeRelayHere } from './judge-files.ts';
import * as traveler from './judge-traveler.ts';
import { programOf } from './probes/console-program.ts';
import type { FirstPage } from './probes/first-page.ts';
import { reach } from './probes/tcp-reach.ts';
import { refusalsAsFindings } from './refusal-finding.ts';
import type { Check } from './run-checks.ts';

const ofTraveler =
  (judge: (read: FirstPage) => Finding) =>
  ({ firstPage }: DoctorContext): Promise<Finding> =>
    refusalsAsFindings(async () => judge(await firstPage()));

/** With Notes, the same program reads and writes, so reading also depends on the program check. */
const ofNotes = ({ configuration }: DoctorContext): string[] => (configuration().traveler.read === 'notes' ? ['program'] : []);

export const checks: readonly Check<DoctorContext>[] = [
  {
    id: 'configuration',
    name: 'Configuration',
    needs: [],
    run: checkConfiguration,
  },
  { id: 'data', name: 'Data folder', needs: [], run: checkFolder },
  {
    id: 'identity',
    name: 'Identity',
    needs: ['data'],
    run: checkIdentity,
  },
  {
    id: 'disk',
    name: 'Disk',
    needs: ['data'],
    run: checkRoom,
  },
  {
    id: 'relay',
    name: 'Relay here',
    needs: ['data'],
    run: ({ relayHere, places }) => refusalsAsFindings(async () => judgeRelayHere(await relayHere(), places.data)),
  },
  {
    id: 'stores',
    name: 'Journal, snapshot',
    needs: ['relay'],
    run: checkStores,
  },
  { id: 'name', name: 'DNS', needs: ['configuration', 'identity'], run: resolveName },
  {
    id: 'reach',
    name: 'Network',
    needs: ['name'],
    run: async ({ line, timeoutMs }) => cloud.judgeReach(line(), await reach(line().proxy ?? line(), timeoutMs)),
  },
  {
    id: 'proxy',
    name: 'Proxy',
    needs: ['reach'],
    run: async ({ line, tunnel }) => cloud.judgeTunnel(line(), await tunnel()),
  },
  { id: 'tls', name: 'TLS', needs: ['proxy'], run: async ({ line, tls }) => cloud.judgeTls(line(), await tls()) },
  { id: 'clock', name: 'Clock', needs: ['tls', 'relay'], run: fromRelayOrCloud(cloud.judgeClock, 'clock') },
  { id: 'handshake', name: 'Handshake', needs: ['clock'], run: fromRelayOrCloud(cloud.judgeHandshake, 'handshake') },
  { id: 'proof', name: 'The right cloud', needs: ['handshake'], run: fromRelayOrCloud(cloud.judgeProof, 'proof') },
  { id: 'seen', name: 'Seen by it', needs: ['proof'], run: fromRelayOrCloud(cloud.judgeSeen, 'seen') },
  {
    id: 'program',
    name: 'Console program',
    needs: ['configuration'],
    run: ({ configuration, platform }) =>
      traveler.judgeProgram(configuration().console, programOf(configuration().console, platform)),
  },
  { id: 'traveler', name: 'Traveler', needs: ['configuration'], needsToo: ofNotes, run: ofTraveler(traveler.judgeServer) },
  { id: 'credentials', name: 'Credentials', needs: ['traveler'], run: ofTraveler(traveler.judgeCredentials) },
  { id: 'answer', name: 'Its answers', needs: ['credentials'], run: ofTraveler(traveler.judgeAnswer) },
  { id: 'list', name: 'Device list', needs: ['answer'], run: ofTraveler(traveler.judgeList) },
  {
    id: 'version',
    name: 'Version',
    needs: ['answer'],
    run: async ({ firstPage, configuration }) => traveler.judgeVersion(await firstPage(), configuration().traveler.read),
  },
  {
    id: 'console',
    name: 'Domino console',
    needs: ['program'],
    run: async ({ consoleReply }) => traveler.judgeConsole(await consoleReply()),
  },
  {
    id: 'rights',
    name: 'Console rights',
    needs: ['console'],
    run: async ({ consoleReply }) => traveler.judgeRights(await consoleReply()),
  },
];
