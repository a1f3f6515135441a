/** `status`, `gather`: how the sources are, and reading one now. */
import colors from 'picocolors';
import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import { acceptedGather, run, status } from './api-shapes.ts';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { seconds, showStatus } from './format-answers.ts';

export function addSourceCommands({ command, api, print }: CommandLine): void {
  command('status', 'sources, their gathers and Auto-Quarantine').action(async (output: Output) =>
    print(output, await (await api()).get('/status', output.json ? z.unknown() : status), (answer) =>
      showStatus(status.parse(answer), process.stdout.columns),
    ),
  );

  command('gather <source>', 'reads a source now')
    .option('--no-wait', 'do not wait for its end')
    .action(async (source: string, { wait, ...output }: Output & { wait: boolean }) => {
      const result = await gather(await api(), source, wait);
      await print(output, result, textOfGather);
      if (result.state === 'failed') process.exitCode = 1;
    });
}

async function gather(api: ApiClient, sourceId: string, wait: boolean) {
  const { runId } = await api.post('/gathers', { sourceId }, acceptedGather);
  let current = await api.get(`/gathers/${encoded(runId)}`, run);
  while (wait && (current.state === 'queued' || current.state === 'running')) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    current = await api.get(`/gathers/${encoded(runId)}`, run);
  }
  return current;
}

function textOfGather({ runId, state, startedAt, finishedAt, counts, requests, problem }: z.infer<typeof run>): string {
  if (problem) return `${colors.red('failed')}: ${problem.what} (${problem.where})\n  ${problem.remedy}`;
  if (state !== 'completed' || !startedAt || !finishedAt) return `${state}: run ${runId}`;
  return `completed: ${counts.devices} devices in ${seconds(Date.parse(finishedAt) - Date.parse(startedAt))}, ${requests} requests`;
}
