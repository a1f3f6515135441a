/** Shared by all routes: the dependencies, the caller, and how errors are returned. */

import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { etag } from 'hono/etag';
import type { DeadLetters } from '#adapters/dead-letters';
import type { JournalReader } from '#adapters/dynamodb/journal/journal-reader';
import type { RelayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import type { RelayStore } from '#adapters/dynamodb/relays/relays';
import type { SourceState } from '#domain/devices/source';
import type { SourceConfiguration } from '#domain/runtime/configuration';
import type { BulkRequests } from '#use-cases/actions/stage-bulk';
import type { Requests } from '#use-cases/portal-use-cases';
import type { OverviewView } from './overview.ts';
import { answerProblem, malformed, Problem, problemOf } from './problem.ts';
import { type ApiApp, type ApiEnvironment, gatewayContext } from './route-kit.ts';
import type { StatusView } from './schemas.ts';

export type ApiDependencies = Pick<
  Requests,
  | 'stores'
  | 'now'
  | 'newId'
  | 'evaluations'
  | 'importEnrolments'
  | 'plan'
  | 'guards'
  | 'guardLimits'
  | 'decideGuard'
  | 'requestGather'
  | 'publishSettings'
  | 'requestAction'
  | 'withdrawDecision'
  | 'confirmLink'
> & {
  bulks: BulkRequests;
  deadLetters: DeadLetters;
  journal: JournalReader;
  relays: {
    store: Pick<RelayStore, 'invite' | 'read' | 'list' | 'update' | 'connections'>;
    leases: Pick<RelayLeaseStore, 'read' | 'release'>;
    sources: readonly SourceConfiguration[];
    /** Where relays enrol. */
    cloudUrl: string;
    /** A single-use token, and its SHA-256 (hex); only the hash is stored. */
    newToken: () => { token: string; hash: string };
    cut: (connectionId: string) => Promise<void>;
  };
  /** Ids of all configured sources. */
  sourceIds: readonly string[];
  readSource: (sourceId: string) => Promise<Pick<SourceState, 'baselineRuns' | 'problem' | 'server'>>;
  readStatus: () => Promise<StatusView>;
  readOverview: () => Promise<OverviewView>;
  /** The URL of the API, for its own description. */
  serverUrl: string;
  logError: (message: string, error: unknown) => void;
};

export function newApp(logError: ApiDependencies['logError']): ApiApp {
  const app: ApiApp = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result, c) => (result.success ? undefined : answerProblem(c, malformed(result.error))),
  });
  app.use('*', requireCaller);
  app.use('*', etag());
  app.notFound((c) =>
    answerProblem(c, new Problem(404, 'There is nothing at this address. GET /api/openapi.json lists what there is.')),
  );
  app.onError((error, c) => {
    const problem = problemOf(error);
    if (problem.status >= 500) logError('request failed', error);
    return answerProblem(c, problem);
  });
  return app;
}

/** API Gateway verifies the token; a request without one did not come through the gateway. */
const requireCaller: MiddlewareHandler<ApiEnvironment> = async (c, next) => {
  const gateway = gatewayContext.safeParse(c.env?.requestContext);
  if (!gateway.success)
    return answerProblem(c, new Problem(401, 'No verified token came with the request. Send one as Bearer token.'));
  const { claims } = gateway.data.authorizer.jwt;
  const name = [claims.email, claims['cognito:username'], claims.username, claims.sub].find(isName);
  if (name === undefined) return answerProblem(c, new Problem(401, 'The token names nobody. Sign in again.'));
  c.set('gateway', gateway.data);
  c.set('caller', name);
  c.header('Cache-Control', 'no-cache');
  return next();
};

const isName = (claim: unknown): claim is string => typeof claim === 'string' && claim !== '';
