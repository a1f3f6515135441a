/** The HTTP API under /api, and its own description. */
import { handle } from 'hono/aws-lambda';
import { actionRoutes } from './action-routes.ts';
import { type ApiDependencies, newApp } from './app.ts';
import { bulkRoutes } from './bulk-routes.ts';
import { steeringRoutes } from './cancel-confirm-routes.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import { decisionRoutes } from './decision-routes.ts';
import { deviceRoutes } from './device-routes.ts';
import { enrolmentRoutes } from './enrolment-routes.ts';
import { gatherRoutes } from './gather-routes.ts';
import { guardRoutes } from './guard-routes.ts';
import { journalRoutes } from './journal-routes.ts';
import { linkRoutes } from './link-routes.ts';
import { overviewRoutes } from './overview-routes.ts';
import { planRoutes } from './plan-routes.ts';
import { relayRoutes } from './relay-routes.ts';
import type { ApiApp } from './route-kit.ts';
import { settingsRoutes } from './settings-routes.ts';

export function createApi(dependencies: ApiDependencies): ApiApp {
  const app = newApp(dependencies.logError);
  for (const addRoutes of [
    gatherRoutes,
    overviewRoutes,
    deviceRoutes,
    settingsRoutes,
    planRoutes,
    guardRoutes,
    enrolmentRoutes,
    actionRoutes,
    steeringRoutes,
    decisionRoutes,
    linkRoutes,
    relayRoutes,
    journalRoutes,
    bulkRoutes,
    deadLetterRoutes,
  ])
    addRoutes(app, dependencies);
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' });
  app.doc31('/api/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Traveler Extender',
      version: '1',
      description: 'Times are ISO 8601 in UTC. Errors are RFC 9457 problem documents.',
    },
    servers: [{ url: dependencies.serverUrl }],
    security: [{ bearer: [] }],
  });
  return app;
}

/**
 * The API on API Gateway's payload format 2.0. The gateway's path is decoded: a `?` or `#` in it belongs to a name and must
 * not end the path that Hono gets.
 */
export function onGateway(api: ApiApp) {
  const answer = handle(api);
  return (event: Parameters<typeof answer>[0] & { rawPath: string }) =>
    answer({ ...event, rawPath: event.rawPath.replace(/[?#]/g, encodeURIComponent) });
}
