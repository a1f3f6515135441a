/** Reads the configuration file that is deployed with the bundle: parsed once, at cold start. */
import { readFileSync } from 'node:fs';
import { type RuntimeConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';

/** `configuration.json` in the function's own folder; no environment variable could hold many sources (4 KB limit). */
export function loadConfiguration(file: string | URL = new URL('configuration.json', import.meta.url)): RuntimeConfiguration {
  return runtimeConfiguration.parse(JSON.parse(readFileSync(file, 'utf8')));
}
