/**
 * Every write to a Traveler server over REST. UNPROVEN: no public source shows which writes SmartCloud accepts; this is our own
 * proposal, kept in this one file so that it can be replaced. Every effect is confirmed by reading the device back.
 *
 *   PUT <href>  {"approval_policy": 2}                         approve
 *               {"approval_policy": 16, "access_status": 0}    undo our own block: the approval that the device had before it
 *               {"approval_policy": 8, "access_status": 1}     block
 *               {"access_status": 0}                           allow again
 *               {"requested_wipe_options": "wipeDevice/…"}     wipe; "" cancels
 *   DELETE <href>                                              remove
 *   GET, PUT /api/traveler/settings  {"require_approval": true, "devices_before_approval": 1, "approval_notify": []}
 */
import { z } from 'zod';
import type { WipeTarget } from '#domain/actions/action';
import { wipeFlags } from '#domain/actions/wipe';
import type { ServerFacts } from '#domain/devices/source';
import { approvalCode } from '#domain/gather/traveler-record';
import type { Call, Connection } from './connection.ts';
import type { TravelerSource, Written } from './contract.ts';
import type { Envelope } from './envelope.ts';
import { TravelerFailure } from './failure.ts';

type Writes = Pick<TravelerSource, 'writeSettings' | 'approve' | 'block' | 'allow' | 'remove' | 'wipe' | 'cancelWipe'>;
type SettingsFacts = Pick<ServerFacts, 'requiresApproval' | 'devicesBeforeApproval' | 'settingsAccess'>;

const flag = z.union([
  z.boolean(),
  z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }),
  z.literal([0, 1]).transform((value) => value === 1),
]);
const count = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.number().int().nonnegative());
const serverSettings = z.looseObject({
  require_approval: flag.optional().catch(undefined),
  devices_before_approval: count.optional().catch(undefined),
  approval_notify: z.array(z.string()).optional().catch(undefined),
});

export function unprovenWrites(connection: Connection): Writes {
  async function write(method: 'PUT' | 'DELETE', href: string, body?: Record<string, unknown>): Promise<Written> {
    const call: Call = { method, path: connection.address.follow(href), subject: 'device record' };
    const answer = await connection.call(body ? { ...call, body } : call);
    return answer === 'gone' ? 'gone' : 'accepted';
  }
  return {
    approve: (href, { liftDenial, asBefore = 'approved' }) =>
      write('PUT', href, { approval_policy: approvalCode(asBefore) ?? 2, ...(liftDenial ? { access_status: 0 } : {}) }),
    block: (href) => write('PUT', href, { approval_policy: 8, access_status: 1 }),
    allow: (href) => write('PUT', href, { access_status: 0 }),
    remove: (href) => write('DELETE', href),
    wipe: async (href, targets) => write('PUT', href, { requested_wipe_options: wipeOptions(targets) }),
    cancelWipe: (href) => write('PUT', href, { requested_wipe_options: '' }),
    async writeSettings({ requireApproval, devicesBeforeApproval }) {
      const before = await readSettings(connection);
      if (before === 'gone') return 'unavailable';
      const body = {
        require_approval: requireApproval,
        devices_before_approval: devicesBeforeApproval,
        ...(before.approval_notify ? { approval_notify: before.approval_notify } : {}),
      };
      const answer = await connection.call({ method: 'PUT', ...settingsCall(connection), body });
      return answer === 'gone' ? 'unavailable' : 'written';
    },
  };
}

/** Approval settings as the server shows them; 404 means that they cannot be read or written. */
export async function settingsFacts(connection: Connection): Promise<SettingsFacts> {
  const shown = await readSettings(connection);
  if (shown === 'gone') return { requiresApproval: 'unknown', devicesBeforeApproval: null, settingsAccess: 'unavailable' };
  return {
    requiresApproval: shown.require_approval ?? 'unknown',
    devicesBeforeApproval: shown.devices_before_approval ?? null,
    settingsAccess: 'writable',
  };
}

async function readSettings(connection: Connection): Promise<z.infer<typeof serverSettings> | 'gone'> {
  const answer = await connection.call({ method: 'GET', ...settingsCall(connection) });
  return answer === 'gone' ? 'gone' : serverSettings.parse(unwrapped(answer));
}

/** It is not known whether the settings come bare or in the envelope's `data`: both are accepted. */
function unwrapped(answer: Envelope): unknown {
  const inner = Array.isArray(answer.data) ? answer.data[0] : answer.data;
  return typeof inner === 'object' && inner !== null ? inner : answer;
}

const settingsCall = ({ address }: Connection) => ({ path: address.api('settings'), subject: 'approval settings', bare: true });

function wipeOptions(targets: readonly WipeTarget[]): string {
  // An empty list of flags would cancel a wipe.
  if (targets.length === 0)
    throw new TravelerFailure('invalid', {
      what: 'A wipe names nothing to wipe',
      where: 'action',
      remedy: 'Name at least one target.',
    });
  return [...new Set(targets)].map((target) => wipeFlags[target]).join('/');
}
