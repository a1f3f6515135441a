/** The steps to install, remove and query the service under systemd. Pure. */
import { dirname } from 'node:path';
import { type Step, serviceName, usualUser, type WantedService } from './service-plan.ts';
import { systemdUnit } from './systemd-unit.ts';

export type SystemdFacts = {
  /** Path of the unit file that an administrator installs. */
  unitFile: string;
  /** Whether the package installed its own unit. */
  packaged: boolean;
  userExists: boolean;
  configExists: boolean;
};

const systemctl = (...argv: string[]): Step => ({ do: 'run', argv: ['systemctl', ...argv] });

/** Can be repeated safely: identity, journal, configuration and /etc/default/traveler-relay stay as they are. */
export function systemdInstall(wanted: WantedService, { unitFile, packaged, userExists, configExists }: SystemdFacts): Step[] {
  const { user, data, config, alsoWrites } = wanted;
  const asPackaged = packaged && user === usualUser && alsoWrites.length === 0;
  const account: Step = {
    do: 'run',
    argv: ['useradd', '--system', '--user-group', '--no-create-home', '--home-dir', data, '--shell', '/usr/sbin/nologin', user],
  };
  const owner = `${user}:`;
  const mine = configExists && dirname(config) !== data ? [config] : [];
  return [
    ...(userExists ? [] : [account]),
    { do: 'run', argv: ['chown', '--recursive', owner, data] },
    ...mine.map((file): Step => ({ do: 'run', argv: ['chown', owner, file] })),
    ...(asPackaged ? [] : [{ do: 'write', file: unitFile, text: systemdUnit(wanted), encoding: 'utf8' } as const]),
    systemctl('daemon-reload'),
    systemctl('enable', serviceName),
    systemctl('restart', serviceName),
  ];
}

/** Keeps the data folder: with it the relay can be reinstalled with the same identity. */
export const systemdUninstall = ({ unitFile }: Pick<SystemdFacts, 'unitFile'>): Step[] => [
  { do: 'run', argv: ['systemctl', 'disable', '--now', serviceName], may: true },
  { do: 'remove', file: unitFile },
  systemctl('daemon-reload'),
];

export const systemdQuestion = [
  ...['systemctl', 'show', serviceName],
  '--property=LoadState,UnitFileState,ActiveState,SubState,MainPID,NRestarts,Result',
];

/** Describes the output of `systemctl show`; `runs`: whether the service runs. */
export function systemdAnswer(text: string): { says: string; runs: boolean } {
  const properties = Object.fromEntries(text.split('\n').flatMap((line) => (/^(\w+)=(.*)$/.exec(line) ? [splitAt(line)] : [])));
  if (properties.LoadState !== 'loaded') return { says: 'The service is not installed: relay service install', runs: false };
  const boot = properties.UnitFileState === 'enabled' ? 'starts with the machine' : 'does not start with the machine';
  const again = Number(properties.NRestarts) > 0 ? `, started again ${properties.NRestarts} times` : '';
  if (properties.ActiveState === 'active')
    return { says: `The service runs (process ${properties.MainPID}${again}) and ${boot}.`, runs: true };
  const state = `${properties.ActiveState}, ${properties.SubState}, result: ${properties.Result}${again}`;
  return { says: `The service does not run (${state}) and ${boot}. Why: journalctl --unit ${serviceName}`, runs: false };
}

function splitAt(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
