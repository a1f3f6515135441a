/** `withdraw`, `link`, `unlink`, `links`, `decisions`: decisions about devices and links of users, and withdrawing them. */
import { userInfo } from 'node:os';
import { z } from 'zod';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { table } from './table.ts';

const withdrawn = z.object({ withdrawn: z.number() });
const link = z.object({ user: z.string(), portalUser: z.string(), kind: z.string(), by: z.string(), at: z.string() });
const links = z.object({ links: z.array(link) });
const decisions = z.object({
  decisions: z.array(
    z.object({
      decided: z.string(),
      by: z.object({ name: z.string() }),
      at: z.string(),
      reason: z.string().nullable(),
      expiresAt: z.string().nullable(),
      withdrawnAt: z.string().nullable(),
      stands: z.boolean(),
    }),
  ),
});
const linkText = ({ user, portalUser, kind }: z.infer<typeof link>) =>
  `${kind}: ${user} is ${kind === 'confirmed' ? '' : 'not '}the portal user ${portalUser}`;

export function addDecisionCommands({ command, api, print }: CommandLine): void {
  command('decisions <source> <user> <device>', 'what people and portal rules decided about a device').action(
    async (source: string, user: string, device: string, output: Output) =>
      print(output, await (await api()).get(`/decisions/${encoded(source, user, device)}`, decisions), (answer) => {
        const rows = answer.decisions.map(({ stands, decided, by, at, expiresAt, withdrawnAt, reason }) => [
          stands ? 'stands' : withdrawnAt ? 'withdrawn' : 'over',
          ...[decided, by.name, at, expiresAt ?? '', reason ?? ''],
        ]);
        return table(['', 'decided', 'by', 'at', 'until', 'reason'], rows);
      }),
  );

  command('withdraw <source> <user> <device>', 'withdraws what was decided about a device: the rules decide again')
    .option('--reason <text>')
    .option('--by <name>', 'who withdraws', userInfo().username)
    .action(async (source: string, user: string, device: string, { reason, by, ...output }: Output & Who) => {
      const query = new URLSearchParams({ by, ...(reason === undefined ? {} : { reason }) });
      const answer = await (await api()).delete(`/decisions/${encoded(source, user, device)}?${query}`, withdrawn);
      await print(output, answer, (one) => `${one.withdrawn} standing ${one.withdrawn === 1 ? 'decision' : 'decisions'} ended`);
    });

  command('link <source> <user> <portalUser>', 'confirms that a Traveler user is a portal user (email)').action(
    async (sourceId: string, user: string, portalUser: string, output: Output) =>
      print(output, await (await api()).post('/links', { sourceId, user, portalUser }, link), linkText),
  );

  command('unlink <source> <user> <portalUser>', 'says that they are not the same; link confirms it again').action(
    async (sourceId: string, user: string, portalUser: string, output: Output) => {
      const query = new URLSearchParams({ sourceId, user, portalUser });
      await print(output, await (await api()).delete(`/links?${query}`, link), linkText);
    },
  );

  command('links <source> <user>', 'what people said of a Traveler user').action(
    async (sourceId: string, user: string, output: Output) =>
      print(output, await (await api()).get(`/links?${new URLSearchParams({ sourceId, user })}`, links), (answer) =>
        table(
          ['portal user', 'said', 'by', 'at'],
          answer.links.map(({ portalUser, kind, by, at }) => [portalUser, kind, by, at]),
        ),
      ),
  );
}

type Who = { reason?: string; by: string };
