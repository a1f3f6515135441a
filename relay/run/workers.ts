/** The workers of this relay. */
import type { RelayProblem } from '#domain/relay-protocol';
import type { RelayConfiguration } from '../configuration/load.ts';
import type { Log } from '../log/log.ts';
import type { Workers } from '../ports.ts';

const notThere: RelayProblem = {
  kind: 'refused',
  what: 'Not available in this version of the relay',
  where: 'relay',
  remedy: 'Install a newer version of the relay.',
  unreachable: false,
};

export function relayWorkers(_: { configuration: RelayConfiguration; dataDir: string; log: Log }): Workers {
  const took = { toWrite: null, total: 0 };
  return {
    gather: ({ runId }, link, signal) =>
      link.deliver({ type: 'gatherFailed', runId, problem: notThere, requests: 0 }, { signal }),
    async act({ actionId, attempt, target }, link) {
      void link.deliver({ type: 'actionResult', actionId, attempt, target, outcome: { how: 'unread', problem: notThere }, took });
    },
    async settings({ wishId }, link) {
      void link.deliver({ type: 'settingsResult', wishId, outcome: { how: 'failed', problem: notThere } });
    },
    resend: async () => {},
    resume: async () => {},
    digest: async () => null,
    problems: () => [],
    stop: async () => {},
  };
}
