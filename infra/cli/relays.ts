/** `relays`, `invite-relay`, `revoke-relay`: the relays of sources on premises. */
import colors from 'picocolors';
import { z } from 'zod';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { plain, table } from './table.ts';

const relay = z.object({
  relayId: z.string(),
  sourceId: z.string(),
  state: z.enum(['invited', 'connected', 'away', 'revoked']),
  holdsLease: z.boolean(),
  hostname: z.string().nullable(),
  version: z.string().nullable(),
  lastHeardAt: z.string().nullable(),
  problems: z.array(z.string()),
});
const relays = z.object({ relays: z.array(relay) });
const invited = z.object({ relayId: z.string(), command: z.string(), expiresAt: z.string() });

export function addRelayCommands({ command, api, print }: CommandLine): void {
  command('relays', 'relays of sources on premises, with their health').action(async (output: Output) =>
    print(output, await (await api()).get('/relays', output.json ? z.unknown() : relays), (answer) =>
      show(relays.parse(answer).relays),
    ),
  );

  command('invite-relay <source>', 'makes a one-time token, and prints the line to run near Domino').action(
    async (sourceId: string, output: Output) =>
      print(output, await (await api()).post('/relays', { sourceId }, invited), (answer) =>
        [`Run this near Domino, once, before ${answer.expiresAt}:`, '', `  ${colors.cyan(answer.command)}`].join('\n'),
      ),
  );

  command('revoke-relay <relay>', 'cuts a relay off, for good').action(async (relayId: string, output: Output) => {
    await (await api()).delete(`/relays/${encoded(relayId)}`, z.undefined());
    await print(output, { relayId, state: 'revoked' }, ({ relayId: id }) => `revoked: ${id}`);
  });
}

function show(all: readonly z.infer<typeof relay>[]): string {
  if (all.length === 0) return 'No relay yet. invite-relay <source> makes a token for one.';
  const rows = all.map(({ sourceId, relayId, state, holdsLease, hostname, version, lastHeardAt }) => [
    ...[sourceId, relayId, state, holdsLease ? 'reads and acts' : ''],
    ...[hostname ?? '', version ?? '', lastHeardAt ?? 'never'],
  ]);
  const problemLines = all.flatMap(({ relayId, problems }) =>
    problems.map((problem) => `${colors.red(relayId)}: ${plain(problem)}`),
  );
  return [table(['source', 'relay', 'state', '', 'machine', 'version', 'last heard'], rows), ...problemLines].join('\n');
}
