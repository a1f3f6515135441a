/** `dlq list|show|redrive|drop`: messages in dead-letter queues, why they failed, and what to do with them. */
import colors from 'picocolors';
import { z } from 'zod';
import { ApiRefusal } from './api-client.ts';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { plain, table } from './table.ts';

const queues = z.object({ queues: z.array(z.object({ queue: z.string(), messages: z.number(), redrivable: z.boolean() })) });
const letters = z.object({
  messages: z.array(
    z.object({
      id: z.string(),
      sentAt: z.string(),
      receives: z.number(),
      about: z.string(),
      because: z.string(),
      remedy: z.string(),
      body: z.string(),
    }),
  ),
  inQueue: z.number(),
});
const handled = z.object({ handled: z.array(z.string()), left: z.number() });
type Options = Output & { all?: boolean; limit: string };

export function addDeadLetterCommands({ command, api, print }: CommandLine): void {
  command('dlq <what> [queue] [ids...]', 'what was given up: list, show <queue>, redrive|drop <queue> <id>… or --all')
    .option('--all', 'redrive, drop: every message of the queue')
    .option('--limit <n>', 'show: at most so many', '20')
    .action(async (what: string, queue: string | undefined, ids: string[], { all = false, limit, ...output }: Options) => {
      const client = await api();
      if (what === 'list') return print(output, await client.get('/dlq', queues), showQueues);
      if (!['show', 'redrive', 'drop'].includes(what))
        throw new ApiRefusal(null, 'Say dlq list, dlq show <queue>, dlq redrive <queue> <id>…, or dlq drop <queue> <id>….');
      if (queue === undefined) throw new ApiRefusal(null, `Name the queue: dlq ${what} <queue>. dlq list names them.`);
      const path = `/dlq/${encoded(queue)}`;
      if (what === 'show') return print(output, await client.get(`${path}?limit=${limit}`, letters), showLetters);
      if (!all && ids.length === 0)
        throw new ApiRefusal(null, `Name the messages to ${what}, or say --all. dlq show ${queue} lists them.`);
      const answer = await client.post(`${path}/${what}`, all ? { all } : { ids }, handled);
      const done = what === 'redrive' ? 'sent again' : 'dropped';
      const missed = ids.filter((id) => !answer.handled.includes(id));
      await print(output, answer, (one) =>
        [
          `${one.handled.length} ${done}, about ${one.left} left`,
          ...missed.map((id) => `${plain(id)}: no message of this id lies there. dlq show ${queue} lists them.`),
        ].join('\n'),
      );
      if (!all && answer.handled.length < ids.length) process.exitCode = 1;
    });
}

function showQueues({ queues: all }: z.infer<typeof queues>): string {
  const rows = all.map(({ queue, messages, redrivable }) => [
    queue,
    String(messages),
    redrivable ? '' : 'goes nowhere again: drop only',
  ]);
  return table(['queue', 'messages', ''], rows);
}

export function showLetters({ messages, inQueue }: z.infer<typeof letters>): string {
  if (messages.length === 0) return 'Nothing was given up.';
  const more =
    inQueue > messages.length
      ? [colors.dim(`… ${messages.length} of about ${inQueue} messages: use --limit, at most 100; SQS gives them in no order`)]
      : [];
  const shown = messages.map(({ id, sentAt, receives, about, because, remedy, body }) =>
    [
      `${colors.bold(plain(about))}  ${colors.dim(`sent ${sentAt}, received ${receives} times`)}`,
      `  ${plain(because)}`,
      `  ${colors.green('→')} ${plain(remedy)}`,
      colors.dim(`  ${id}  ${plain(body)}`),
    ].join('\n'),
  );
  return [...shown, ...more].join('\n\n');
}
