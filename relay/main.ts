/** `relay <command>`. A folder with its own commands exports an AddCommands, which is listed here. */
import './lean-memory.ts';
import { Command } from 'commander';
import type { AddCommands, CommandLine } from './cli/command-line.ts';
import { addEnrol } from './cli/enrol.ts';
import { places } from './cli/paths.ts';
import { addRotateKey } from './cli/rotate-key.ts';
import { addRun } from './cli/run.ts';
import { addStatus } from './cli/status.ts';
import { addDoctor } from './doctor/doctor.ts';
import { RelayRefusal } from './refusal.ts';
import { addService } from './service/service.ts';
import { version } from './version.ts';

const addCommands: readonly AddCommands[] = [addEnrol, addRun, addDoctor, addStatus, addRotateKey, addService];

function program(): Command {
  const top = new Command('relay')
    .description('Relay of the Traveler Extender: stands near Domino, connects outward only')
    .version(version)
    .showHelpAfterError();
  const line: CommandLine = {
    command: (name, description) =>
      top
        .command(name)
        .description(description)
        .option(
          '--config <file>',
          'relay.json; else RELAY_CONFIG, /etc/traveler-relay/relay.json, or relay.json in the data folder',
        )
        .option('--data <dir>', 'data folder; else RELAY_DATA, /var/lib/traveler-relay, or ~/.traveler-relay'),
    places: (options) => places(options),
    print: (text) => void process.stdout.write(`${text}\n`),
  };
  for (const add of addCommands) add(line);
  return top;
}

try {
  await program().parseAsync();
} catch (error) {
  if (!(error instanceof RelayRefusal)) throw error;
  process.stderr.write(`${error.message}\n  ${error.remedy}\n`);
  process.exitCode = 1;
}
