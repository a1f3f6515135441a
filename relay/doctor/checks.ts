/** The checks of `relay doctor`, ordered so that each comes after those it depends on. */

import { asked, lookUp } from './check-cloud.ts';
import { lookAtConfiguration, lookAtFolder, lookAtIdentity, lookAtRoom, lookAtStores } from './check-files.ts';
import type { DoctorContext } from './doctor-context.ts';
import type { Finding } from './finding.ts';
import * as cloud from './judge-cloud.ts';
import { judgeNeighbour } from './judge-files.ts';
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
    look: lookAtConfiguration,
  },
  { id: 'data', name: 'Data folder', needs: [], look: lookAtFolder },
  {
    id: 'identity',
    name: 'Identity',
    needs: ['data'],
    look: lookAtIdentity,
  },
  {
    id: 'disk',
    name: 'Disk',
    needs: ['data'],
    look: lookAtRoom,
  },
  {
    id: 'relay',
    name: 'Relay here',
    needs: ['data'],
    look: ({ neighbour, places }) => refusalsAsFindings(async () => judgeNeighbour(await neighbour(), places.data)),
  },
  {
    id: 'stores',
    name: 'Journal, snapshot',
    needs: ['relay'],
    look: lookAtStores,
  },
  { id: 'name', name: 'DNS', needs: ['configuration', 'identity'], look: lookUp },
  {
    id: 'reach',
    name: 'Network',
    needs: ['name'],
    look: async ({ line, timeoutMs }) => cloud.judgeReach(line(), await reach(line().proxy ?? line(), timeoutMs)),
  },
  {
    id: 'proxy',
    name: 'Proxy',
    needs: ['reach'],
    look: async ({ line, tunnel }) => cloud.judgeTunnel(line(), await tunnel()),
  },
  { id: 'tls', name: 'TLS', needs: ['proxy'], look: async ({ line, tls }) => cloud.judgeTls(line(), await tls()) },
  { id: 'clock', name: 'Clock', needs: ['tls', 'relay'], look: asked(cloud.judgeClock, 'clock') },
  { id: 'handshake', name: 'Handshake', needs: ['clock'], look: asked(cloud.judgeHandshake, 'handshake') },
  { id: 'proof', name: 'The right cloud', needs: ['handshake'], look: asked(cloud.judgeProof, 'proof') },
  { id: 'seen', name: 'Seen by it', needs: ['proof'], look: asked(cloud.judgeSeen, 'seen') },
  {
    id: 'program',
    name: 'Console program',
    needs: ['configuration'],
    look: ({ configuration, platform }) =>
      traveler.judgeProgram(configuration().console, programOf(configuration().console, platform)),
  },
  { id: 'traveler', name: 'Traveler', needs: ['configuration'], needsToo: ofNotes, look: ofTraveler(traveler.judgeServer) },
  { id: 'credentials', name: 'Credentials', needs: ['traveler'], look: ofTraveler(traveler.judgeCredentials) },
  { id: 'answer', name: 'Its answers', needs: ['credentials'], look: ofTraveler(traveler.judgeAnswer) },
  { id: 'list', name: 'Device list', needs: ['answer'], look: ofTraveler(traveler.judgeList) },
  {
    id: 'version',
    name: 'Version',
    needs: ['answer'],
    look: async ({ firstPage, configuration }) => traveler.judgeVersion(await firstPage(), configuration().traveler.read),
  },
  {
    id: 'console',
    name: 'Domino console',
    needs: ['program'],
    look: async ({ consoleReply }) => traveler.judgeConsole(await consoleReply()),
  },
  {
    id: 'rights',
    name: 'Console rights',
    needs: ['console'],
    look: async ({ consoleReply }) => traveler.judgeRights(await consoleReply()),
  },
];
