/** `relay service install|uninstall|status`: the relay as a service of this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AddCommands, PlaceOptions } from '../cli/command-line.ts';
import { isEnrolled } from '../identity/identity.ts';
import { RelayRefusal } from '../refusal.ts';
import { isStored } from '../stored-file.ts';
import { type Step, serviceName, usualUser, type WantedService } from './service-plan.ts';
import { ask, describeStep, executeSteps } from './steps.ts';
import { systemdAnswer, systemdInstall, systemdQuestion, systemdUninstall } from './systemd-plan.ts';
import { taskInstall, taskQuestion, taskUninstall } from './windows-task.ts';

type Options = PlaceOptions & { user?: string; write: string[]; program?: string; dryRun?: boolean };
type What = 'install' | 'uninstall' | 'status';

export const addService: AddCommands = ({ command, places, print }) => {
  command('service', 'the relay as a service of this machine: systemd, or the Task Scheduler of Windows')
    .argument('<what>', 'install (again is harmless), uninstall (keeps identity and journal), status')
    .option('--user <name>', 'account under which it runs; on Linux it is made where it is missing', usualUser)
    .option('--write <folders...>', 'folders that the program for the Domino console writes to, e.g. its data directory', [])
    .option('--program <file>', 'what is started (default: this relay)')
    .option('--dry-run', 'only shows what would be done')
    .action((what: string, options: Options) => {
      const { config, data } = places(options);
      const windows = process.platform === 'win32';
      if (!isWhat(what)) throw new RelayRefusal(`There is no relay service ${what}.`, 'It is install, uninstall or status.');
      if (what === 'status') return showStatus(print, windows);
      const wanted: WantedService = {
        program: options.program === undefined ? thisRelay() : [resolve(options.program)],
        config,
        data,
        user: options.user ?? usualUser,
        alsoWrites: options.write.map((folder) => resolve(folder)),
      };
      const steps = what === 'install' ? install(wanted, windows) : uninstall(windows);
      if (options.dryRun) return showSteps(print, steps);
      if (what === 'install' && !isEnrolled(data))
        throw new RelayRefusal(
          `No relay is enrolled in ${data}: the service would find nothing to do.`,
          'First: relay enrol <url> <token>',
        );
      executeSteps(steps);
      print(
        what === 'install'
          ? 'Installed and started. See: relay service status, relay status.'
          : `Removed. ${data} was left as it is.`,
      );
    });
};

const isWhat = (given: string): given is What => ['install', 'uninstall', 'status'].includes(given);
const unitFile = `/etc/systemd/system/${serviceName}.service`;
const packagedUnit = `/usr/lib/systemd/system/${serviceName}.service`;
const thisRelay = () => [process.execPath, resolve(process.argv[1] ?? '')];

function install(wanted: WantedService, windows: boolean): Step[] {
  const configExists = isStored(wanted.config);
  if (windows) return taskInstall(wanted, { configExists });
  const userExists = spawnSync('id', ['-u', wanted.user], { stdio: 'ignore' }).status === 0;
  return systemdInstall(wanted, { unitFile, packaged: existsSync(packagedUnit), userExists, configExists });
}

const uninstall = (windows: boolean): readonly Step[] => (windows ? taskUninstall : systemdUninstall({ unitFile }));

function showStatus(print: (text: string) => void, windows: boolean): void {
  if (windows) {
    print(ask(taskQuestion).trim());
    return;
  }
  const { says, runs } = systemdAnswer(ask(systemdQuestion));
  print(says);
  if (!runs) process.exitCode = 1;
}

function showSteps(print: (text: string) => void, steps: readonly Step[]): void {
  for (const step of steps) {
    print(`# ${describeStep(step)}`);
    if (step.do === 'write') print(step.text.replace('\uFEFF', ''));
  }
}
