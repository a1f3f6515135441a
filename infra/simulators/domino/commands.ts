/**
 * What Traveler does with the lines of its console, as far as it is known (design notes on Traveler's wire):
 *
 *   tell traveler security approval approve|deny <device> <user>
 *   tell traveler security flagsAdd|flagsRemove <flag/flag…|all> <device> <user>    lock, wipeDevice, wipeApps, wipeStorageCard
 *   tell traveler security delete <device> <user>
 *   tell traveler delete <device> <user>
 *   tell traveler status
 *
 * The user is last and may contain spaces. `*` means all devices of the user. Deny alone has no effect on a device that needs
 * no approval; wipe flags block the device until they are removed; removing all flags removes the lock too.
 */
import type { Change, SimulatedDevice } from '../traveler/fleet.ts';
import type { Traveler } from '../traveler/traveler.ts';

const notRequired = 16;
const [approved, denied] = [2, 8];
const [allow, deny, prohibit] = [0, 1, 2];
const wipes = new Map(['wipeDevice', 'wipeApps', 'wipeStorageCard'].map((flag) => [flag.toLowerCase(), flag]));

export type CommandResult = { reply: string; devices: { user: string; deviceId: string }[]; applied: boolean };
type Command = (traveler: Traveler, device: SimulatedDevice, flags: readonly string[]) => boolean;

const grammar =
  /^tell\s+traveler\s+(?:security\s+(?:approval\s+(?<verdict>approve|deny)|(?<flagging>flagsAdd|flagsRemove)\s+(?<flags>\S+)|(?<forget>delete))|(?<remove>delete))\s+(?<device>\S+)\s+(?<user>\S.*)$/i;

/** Executes a line on every device that it names. */
export function execute(traveler: Traveler, line: string): CommandResult {
  if (/^tell\s+traveler\s+status$/i.test(line))
    return { reply: 'Traveler: The overall status of IBM Traveler is Green.', devices: [], applied: false };
  const parts = grammar.exec(line)?.groups;
  if (!parts) return { reply: 'Traveler: Unknown tell command.', devices: [], applied: false };
  const { device = '', user = '', flags = '' } = parts;
  const name = (parts.verdict ?? parts.flagging ?? (parts.forget ? 'forget' : 'remove')).toLowerCase();
  const command = commands[name];
  const addressed = device === '*' ? traveler.fleet.ofUser(user) : [traveler.fleet.find(user, device)].filter((one) => !!one);
  if (!command || addressed.length === 0)
    return { reply: `Traveler: Device ${device} was not found for user ${user}.`, devices: [], applied: false };
  const changed = addressed.filter((one) => command(traveler, one, flags.toLowerCase().split('/')));
  return {
    reply: `Traveler: The command was ${changed.length > 0 ? 'carried out' : 'without effect'}.`,
    devices: addressed.map(({ deviceId }) => ({ user, deviceId })),
    applied: changed.length > 0,
  };
}

const commands: Record<string, Command> = {
  approve: (traveler, device) => setApproval(traveler, device, approved),
  deny: (traveler, device) => setApproval(traveler, device, denied),
  flagsadd: ({ fleet }, { index, wipeOptions }, flags) => {
    const wipeFlags = flags.flatMap((flag) => wipes.get(flag) ?? []);
    const wiping = [...new Set([...wipeOptions.split('/'), ...wipeFlags])].filter(Boolean).join('/');
    if (wipeFlags.length === 0 && !flags.includes('lock')) return false;
    const change: Change = { access: deny };
    fleet.change(index, wipeFlags.length > 0 ? { ...change, wipeOptions: wiping, wipeStatus: '1', wipeDate: 0 } : change);
    return true;
  },
  flagsremove: ({ fleet }, { index, access, wipeOptions }, flags) => {
    if (!flags.includes('all')) return removeSome(fleet, { index, wipeOptions, flags });
    fleet.change(index, { access: access === prohibit ? prohibit : allow, wipeOptions: '', wipeStatus: '0', wipeDate: 0 });
    return true;
  },
  forget: (traveler, device) => {
    if (wipePending(device)) return false;
    traveler.forgetSecurity(device.index);
    return true;
  },
  remove: (traveler, device) => {
    if (wipePending(device)) return false;
    traveler.remove(device.index);
    return true;
  },
};

const wipePending = ({ wipeOptions, wipeDate }: SimulatedDevice) => wipeOptions !== '' && wipeDate === 0;

function setApproval(traveler: Traveler, { index, approval }: SimulatedDevice, verdict: number): boolean {
  if (approval === notRequired) return false;
  traveler.fleet.change(index, { approval: verdict, approvalDate: traveler.now(), approver: 'console' });
  return true;
}

function removeSome(
  fleet: Traveler['fleet'],
  { index, wipeOptions, flags }: { index: number; wipeOptions: string; flags: readonly string[] },
): boolean {
  const left = wipeOptions.split('/').filter((flag) => flag !== '' && !flags.includes(flag.toLowerCase()));
  const change: Change = left.length > 0 ? { wipeOptions: left.join('/') } : { wipeOptions: '', wipeStatus: '0' };
  fleet.change(index, flags.includes('lock') && left.length === 0 ? { ...change, access: allow } : change);
  return true;
}
