/**
 * Windows: a Task Scheduler task that starts with the machine, runs under LocalService, and restarts when it ends. A Windows service
 * would need a native program around the relay; a task needs only what Windows has. Pure.
 */
import { win32 } from 'node:path';
import type { Step, WantedService } from './service-plan.ts';

export const taskName = 'Traveler Relay';
/** Well-known SIDs, the same in every language: LocalService, Administrators, SYSTEM. */
const [localService, administrators, system] = ['S-1-5-19', 'S-1-5-32-544', 'S-1-5-18'];

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Quotes one argument the way Windows programs parse their command line. */
export function quoted(argument: string): string {
  if (argument !== '' && !/[\s"]/.test(argument)) return argument;
  return `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

export function taskXml({ program, config, data }: WantedService): string {
  const [command = '', ...rest] = program;
  const args = [...rest, 'run', '--config', config, '--data', data].map(quoted).join(' ');
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.3" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Relay of the Traveler Extender</Description></RegistrationInfo>
  <Triggers><BootTrigger><Enabled>true</Enabled></BootTrigger></Triggers>
  <Principals><Principal id="Relay"><UserId>${localService}</UserId><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Relay">
    <Exec>
      <Command>${escaped(command)}</Command>
      <Arguments>${escaped(args)}</Arguments>
      <WorkingDirectory>${escaped(data)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

/** Only LocalService, administrators and the system can open it: Windows has no modes, so the access list protects the key. */
const closeTo = (path: string, inherit: string): Step => ({
  do: 'run',
  argv: [
    ...['icacls', path, '/inheritance:r', '/grant:r'],
    ...[localService, administrators, system].map((sid) => `*${sid}:${inherit}F`),
  ],
});

export function taskInstall(wanted: WantedService, { configExists }: { configExists: boolean }): Step[] {
  const file = win32.join(wanted.data, 'task.xml');
  return [
    closeTo(wanted.data, '(OI)(CI)'),
    ...(configExists && win32.dirname(wanted.config) !== wanted.data ? [closeTo(wanted.config, '')] : []),
    { do: 'write', file, text: `\uFEFF${taskXml(wanted)}`, encoding: 'utf16le' },
    { do: 'run', argv: ['schtasks', '/Create', '/TN', taskName, '/XML', file, '/RU', 'NT AUTHORITY\\LocalService', '/F'] },
    { do: 'run', argv: ['schtasks', '/End', '/TN', taskName], may: true },
    { do: 'run', argv: ['schtasks', '/Run', '/TN', taskName] },
  ];
}

export const taskUninstall: readonly Step[] = [
  { do: 'run', argv: ['schtasks', '/End', '/TN', taskName], may: true },
  { do: 'run', argv: ['schtasks', '/Delete', '/TN', taskName, '/F'] },
];
export const taskQuestion = ['schtasks', '/Query', '/TN', taskName, '/FO', 'LIST'];
