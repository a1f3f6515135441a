/** Commands as the cloud sends them. */
import type { DeviceDetail } from '#domain/devices/device';
import type { ActionCommand } from '#domain/relay/relay-protocol';

export const hour = 3_600_000;
/** Time at which the tests started: the same command is identical whenever it is created. */
export const began = Date.now();

export function aCommand(changes: Partial<ActionCommand> & Pick<ActionCommand, 'what'>): ActionCommand {
  return {
    type: 'action',
    n: 1,
    fence: 1,
    actionId: 'action-1',
    attempt: 1,
    step: 'carry-out',
    target: { sourceId: 'hq', user: 'Jane Doe/Acme', deviceId: 'ApplDX3' },
    href: '/api/traveler/devices/1',
    requestedAt: began - 1000,
    expiresAt: began + hour,
    sent: false,
    liftDenial: false,
    lockBelongs: false,
    ...(changes.what === 'wipe' ? { wipeTargets: ['device'] } : {}),
    ...changes,
  };
}

export const aDetail = (changes: Partial<DeviceDetail> = {}): DeviceDetail => ({
  approval: 'pending',
  access: 'allow',
  wipe: 'none',
  wipeTypes: '1',
  compliance: 'no-policy',
  approvalDate: null,
  approvers: [],
  wipeDate: null,
  codes: {},
  ...changes,
});
