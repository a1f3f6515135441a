/** `plan`, `settings …` and `guards …`: what settings would change, publishing them, and deciding about operations that the guard stopped. */
import type { Command } from 'commander';
import colors from 'picocolors';
import { z } from 'zod';
import { settings as settingsSchema } from '#domain/quarantine/settings';
import type { ApiClient } from './api-client.ts';
import { ApiRefusal } from './api-client.ts';
import { type AddCommands, encoded, type Output } from './command-line.ts';
import { showGuard, showGuards, showPlan, showSettings, showVersions } from './format-plan.ts';
import {
  type Guard,
  guard,
  guards,
  plan,
  publicationAnswer,
  type SettingsAnswer,
  settingsAnswer,
  type Version,
} from './plan-shapes.ts';
import { jsonOfFile } from './read-file.ts';

type Scoped = Output & { source?: string };
/** Exit code of a plan whose guard would trip, and of a publication that waits for a person. */
const guardExitCode = 2;

export const addPlanCommands: AddCommands = ({ command, api, print }) => {
  command('plan <file>', 'what publishing the settings in a file would change; exit code 2 when the guard would stop it')
    .option('--source <id>', 'as if published for this source only')
    .action(async (file: string, { json, source }: Scoped) => {
      const answer = await (await api()).post('/plan', { settings: await settingsIn(file), ...scopeOf(source) }, plan);
      await print(jsonOf(json), answer, showPlan);
      if (answer.guard.trips) process.exitCode = guardExitCode;
    });

  const settings = command('settings', 'the published Auto-Quarantine settings').action(async (output: Output) =>
    print(output, await (await api()).get('/settings', settingsAnswer), showSettings),
  );
  sub(settings, 'publish <file>', 'publishes the settings in a file in place of the current ones')
    .option('--source <id>', 'for this source only')
    .action(async (file: string, { source }: Scoped, { parent }: Command) => {
      const { json } = outputOf(parent);
      const settingsToPublish = await settingsIn(file);
      await publish(await api(), settingsToPublish, { json, source, print });
    });
  sub(settings, 'rollback <version>', 'publishes an earlier version anew')
    .option('--source <id>', 'of this source')
    .action(async (version: string, { source }: Scoped, { parent }: Command) => {
      const { json } = outputOf(parent);
      const client = await api();
      const versions = await allVersions(client, source);
      const found = versions.find((one) => String(one.version) === version);
      if (!found) throw new ApiRefusal(null, `There is no version ${version} among the last ${versions.length}.`);
      await publish(client, found.settings, { json, source, print });
    });
  sub(settings, 'history', 'who published what, and when')
    .option('--source <id>', 'of this source')
    .action(async ({ source }: Scoped, { parent }: Command) =>
      print(outputOf(parent), await allVersions(await api(), source), showVersions),
    );

  const waiting = command('guards', 'what the guard stopped').action(async (output: Output) =>
    print(output, await allGuards(await api()), showGuards),
  );
  sub(waiting, 'list', 'what the guard stopped').action(async (_: Output, { parent }: Command) =>
    print(outputOf(parent), await allGuards(await api()), showGuards),
  );
  for (const decision of ['confirm', 'reject'] as const)
    sub(waiting, `${decision} <id>`, `${decision}s what the guard stopped`).action(
      async (id: string, _: Output, { parent }: Command) =>
        print(outputOf(parent), await (await api()).post(`/guards/${encoded(id)}`, { decision }, guard), showGuard),
    );
};

const sub = (of: Command, name: string, description: string) =>
  of.command(name).description(description).option('--json', 'the answer as JSON');
/** A `--json` after a subcommand is parsed by its parent command, which has the same option. */
const outputOf = (parent: Command | null): Output => jsonOf(parent?.opts<Output>().json);
const jsonOf = (json: boolean | undefined): Output => (json ? { json } : {});
const scopeOf = (source: string | undefined) => (source === undefined ? {} : { sourceId: source });

async function settingsIn(file: string): Promise<z.infer<typeof settingsSchema>> {
  const given = await jsonOfFile(file);
  const wrapped = z.looseObject({ settings: z.unknown() }).safeParse(given);
  const parsed = settingsSchema.safeParse(wrapped.success ? wrapped.data.settings : given);
  if (parsed.success) return parsed.data;
  throw new ApiRefusal(
    null,
    `${file}: ${parsed.error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`).join('; ')}`,
  );
}

const history = (api: ApiClient, source: string | undefined, cursor = '') => {
  const query = new URLSearchParams({ ...(source === undefined ? {} : { scope: source }), ...(cursor === '' ? {} : { cursor }) });
  return api.get(`/settings${query.size === 0 ? '' : `?${query}`}`, settingsAnswer);
};

async function allVersions(api: ApiClient, source: string | undefined): Promise<Version[]> {
  const found: Version[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: SettingsAnswer = await history(api, source, cursor);
    found.push(...page.versions);
    cursor = page.cursor;
  }
  return found;
}

async function allGuards(api: ApiClient): Promise<{ guards: Guard[] }> {
  const found: Guard[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: z.infer<typeof guards> = await api.get(`/guards?${new URLSearchParams({ cursor })}`, guards);
    found.push(...page.guards);
    cursor = page.cursor;
  }
  return { guards: found };
}

async function publish(
  api: ApiClient,
  settings: z.infer<typeof settingsSchema>,
  { json, source, print }: { json: boolean | undefined; source: string | undefined; print: Parameters<AddCommands>[0]['print'] },
): Promise<void> {
  const { version, versions } = await history(api, source);
  const replaces = source === undefined ? version : (versions[0]?.version ?? 0);
  const answer = await api.post('/settings', { settings, replaces, ...scopeOf(source) }, publicationAnswer);
  await print(jsonOf(json), answer, (given) =>
    'guard' in given
      ? `${colors.yellow('stopped by the guard')}, nothing was published:\n${showGuard(given.guard)}`
      : `Published as version ${given.version}.`,
  );
  if ('guard' in answer) process.exitCode = guardExitCode;
}
