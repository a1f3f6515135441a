/** The relay could not change the server's approval settings to the published ones: recorded in the journal of the source. */
import type { RelayProblem } from '#domain/relay/relay-protocol';
import type { RelaySocketDependencies } from './dependencies.ts';

/** The next gather reads the actual settings, and requests the change again. */
export async function recordSettingsResult(
  { timeline, now }: Pick<RelaySocketDependencies, 'timeline' | 'now'>,
  sourceId: string,
  { wishId, problem }: { wishId: string; problem: RelayProblem },
): Promise<void> {
  const { what, where, remedy } = problem;
  const says = `The server's approval settings could not be set: ${what} (${where}). ${remedy}`;
  await timeline.appendToSource(sourceId, [
    { at: now(), id: `settings-unwritten|${wishId}`, kind: 'notice', says, data: { what, where, remedy } },
  ]);
}
