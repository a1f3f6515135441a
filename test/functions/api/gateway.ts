/** The API behind a gateway that behaves as API Gateway does, called as an external program calls it. */
import { deadLetters } from '#adapters/dead-letters';
import { fleetCounts } from '#adapters/dynamodb/devices/fleet-counts';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { journalReader } from '#adapters/dynamodb/journal/journal-reader';
import { readQueueDepths } from '#adapters/queue-depths';
import { newToken } from '#adapters/relay-token';
import { createApi, onGateway } from '#functions/api/api';
import { readOverview } from '#functions/api/overview';
import { readStatus } from '#functions/api/status';
import { decodedPath, requestEvent } from '#infra/emulator/http-api/request-event';
import { relaySide } from '#test/fixtures/relay-side';
import { configuration, type PortalSide, startPortalSide } from '#test/functions/portal-events/portal-side';

type Ask = { method?: string; body?: unknown; headers?: Record<string, string>; claims?: Record<string, string> | null };
export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> };
export type Gateway = PortalSide & {
  ask(target: string, ask?: Ask): Promise<Answer>;
  errors: unknown[];
  relay: ReturnType<typeof relaySide>;
};

const anybody = { sub: 'user-1', email: 'ann@acme.com' };

export async function startGateway(): Promise<Gateway> {
  const side = await startPortalSide();
  const errors: unknown[] = [];
  const sources = sourceStore(side.database.client, side.database.tables.control);
  const relay = relaySide(side.database.client, side.database.tables.control, side.requests.now);
  const answer = onGateway(
    createApi({
      ...side.requests,
      bulks: side.bulks,
      deadLetters: deadLetters(side.queues.client, {
        portalEvents: { url: side.queues.urls.deadLetters, goesTo: side.queues.urls.portalEvents },
        actions: { url: side.queues.urls.deadActions, goesTo: side.queues.urls.actions },
        gatherSchedule: { url: side.queues.urls.portalEvents, goesTo: null },
      }),
      journal: journalReader(side.database.client, side.database.tables.journal),
      relays: {
        ...{ store: relay.relays, leases: relay.leases, cut: relay.cutOff, newToken },
        sources: configuration.sources,
        cloudUrl: 'https://extender.example.com',
      },
      sourceIds: configuration.sources.map(({ id }) => id),
      readSource: sources.read,
      readStatus: readStatus({
        configured: configuration.sources,
        ...side.requests.stores,
        guards: side.requests.guards,
        sources,
        relays: { relays: relay.relays, leases: relay.leases },
        services: async () => [],
        queueDepths: () => readQueueDepths(side.queues.client, side.queues.urls),
        now: side.requests.now,
      }),
      readOverview: readOverview({
        count: fleetCounts(side.database.client, side.database.tables),
        ledger: side.requests.stores.ledger,
        now: side.requests.now,
      }),
      serverUrl: '/',
      logError: (_, error) => errors.push(error),
    }),
  );
  return {
    ...side,
    ...{ relay, errors },
    async ask(target, { method, body, headers = {}, claims = anybody } = {}) {
      const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
      const sent = new Headers({ host: 'api.example.com', 'content-type': 'application/json', ...headers });
      const request = { method: method ?? (body === undefined ? 'GET' : 'POST'), target, headers: sent, body: Buffer.from(text) };
      const route = { routeKey: 'ANY /api/{proxy+}', functionArn: '', authorizer: null };
      const path = decodedPath(target) ?? target;
      const event = requestEvent(
        { ...request, sourceIp: '127.0.0.1' },
        { route, pathParameters: { proxy: path.slice('/api/'.length) } },
        { path, claims, requestId: 'r1', apiId: 'a1', now: new Date(side.clock.now) },
      );
      const result = await answer(event as never);
      const given = result.isBase64Encoded ? Buffer.from(result.body, 'base64').toString('utf8') : result.body;
      const { 'content-type': type = '' } = result.headers as Record<string, string>;
      const json = given.startsWith('{') && !type.includes('ndjson') ? (JSON.parse(given) as Record<string, unknown>) : {};
      return { status: result.statusCode, headers: new Headers(result.headers as Record<string, string>), text: given, json };
    },
  };
}
