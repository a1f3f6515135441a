/** Locations of the configuration and the data: options take precedence over the environment, then the usual locations. */
import { constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { isAllowed } from '../file-modes.ts';

export type RelayPaths = { config: string; data: string };
type Given = { config?: string | undefined; data?: string | undefined };
type System = { environment: NodeJS.ProcessEnv; home: string; etc: string; var: string };

const thisSystem = (): System => ({
  environment: process.env,
  home: homedir(),
  etc: '/etc/traveler-relay',
  var: '/var/lib/traveler-relay',
});

export function places(given: Given, system: System = thisSystem()): RelayPaths {
  const { environment } = system;
  const installed = isAllowed(system.var, constants.W_OK) ? system.var : join(system.home, '.traveler-relay');
  const data = resolve(given.data ?? environment.RELAY_DATA ?? installed);
  const usual = join(system.etc, 'relay.json');
  const config = resolve(given.config ?? environment.RELAY_CONFIG ?? (existsSync(usual) ? usual : join(data, 'relay.json')));
  return { config, data };
}
