/**
 * The local stack: the synthesized template, run on this machine. Synthesizes, reads the template, starts services, functions,
 * the HTTP and WebSocket APIs, mappings and schedules, in that order, and stops them in the opposite one.
 */
import { join } from 'node:path';
import type { RuntimeConfiguration } from '#domain/configuration';
import { synthesize } from '#infra/cloud/synthesize';
import { type CleanUp, cleanUp } from './clean-up.ts';
import { startHttpApi } from './http-api/http-api.ts';
import { localIssuer } from './http-api/issuer.ts';
import { userPool } from './http-api/user-pool.ts';
import { startMapping } from './lambda/event-source-mapping.ts';
import { type Lambdas, startLambdas } from './lambda/lambdas.ts';
import { startStreamMapping } from './lambda/stream-mapping.ts';
import type { Authorizer, Invoke, Model } from './model.ts';
import type { ReadyFacts } from './ready-file.ts';
import { startSchedules } from './schedules.ts';
import { freePort } from './services/free-port.ts';
import { type Services, startServices } from './services/services.ts';
import { type Connections, openConnections } from './socket/connections.ts';
import { type SocketLimits, socketLimitsFrom } from './socket/limits.ts';
import { type RunningSocketApi, startSocketApi } from './socket/socket-api.ts';
import { region } from './template/intrinsics.ts';
import { readTemplate } from './template/read-template.ts';
import { stacksOf } from './template/stack-document.ts';
import type { Terminal } from './terminal.ts';

export type StackOptions = {
  /** Belongs to this stack alone. */
  dataDir: string;
  /** 0: any free port. */
  port: number;
  /** Values by secret name. */
  secrets: ReadonlyMap<string, string>;
  terminal: Pick<Terminal, 'step' | 'problem'>;
};
export type LocalStack = {
  facts: ReadyFacts;
  /** Schedules begin: each runs once now. */
  begin(): void;
  stop(): Promise<void>;
};

/** Resolves when everything answers; what was started is stopped again if anything fails. */
export async function startLocalStack(configuration: RuntimeConfiguration, options: StackOptions): Promise<LocalStack> {
  const cleaning = cleanUp();
  try {
    return await start(configuration, options, cleaning);
  } catch (error) {
    await cleaning.run(options.terminal.problem);
    throw error;
  }
}

async function start(configuration: RuntimeConfiguration, options: StackOptions, cleaning: CleanUp): Promise<LocalStack> {
  const { dataDir, terminal } = options;
  const limits = socketLimitsFrom(process.env);
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  // Settled before the template is read: links in mails lead there.
  const port = options.port === 0 ? await freePort() : options.port;
  const model = await terminal.step('Functions bundled, template synthesized and understood', async () => {
    const assembly = await synthesize(configuration, { outdir: join(dataDir, 'app') });
    return readTemplate(stacksOf(assembly), { endpoint, web: `http://127.0.0.1:${port}` });
  });
  const connections = openConnections(limits);
  const { services, lambdas } = await terminal.step('Tables, queues, event bus and secrets answer', () =>
    startBackends(model, { ...options, endpoint, connections, cleaning }),
  );
  await terminal.step(`${model.functions.length} functions start`, () => lambdas.warm());
  const sockets = startSockets(model, { lambdas, connections, limits });
  const upgrade = sockets?.upgrade;
  const web = await terminal.step('API and console answer', () =>
    startWeb(model, { ...options, port, lambdas, upgrade, cleaning }),
  );
  startMappings(model, { services, lambdas, terminal, cleaning, dataDir });
  // Before the functions end with the mappings: they are told of each connection's end.
  if (sockets) cleaning.add(sockets.stop);
  const endpoints = { ...services.endpoints, ...(sockets ? { socket: `ws://127.0.0.1:${port}/${sockets.stage}` } : {}) };
  return {
    facts: { ...web, busName: model.buses[0]?.name ?? '', endpoints, pid: process.pid },
    begin() {
      const schedules = startSchedules(model.schedules, { invoke: lambdas.invoke, onProblem: terminal.problem });
      cleaning.add(schedules.stop);
    },
    stop: () => cleaning.run(terminal.problem),
  };
}

type Backends = { services: Services; lambdas: Lambdas };

/** Functions need the services' addresses, the event bus calls functions: it gets them through `invoke` once they are there. */
async function startBackends(
  model: Model,
  {
    dataDir,
    endpoint,
    secrets,
    terminal,
    connections,
    cleaning,
  }: StackOptions & { endpoint: string; connections: Connections; cleaning: CleanUp },
): Promise<Backends> {
  const running = Promise.withResolvers<Lambdas>();
  const invoke: Invoke = async (arn, event) => (await running.promise).invoke(arn, event);
  const services = await startServices(model, { dataDir, endpoint, invoke, connections, onProblem: terminal.problem });
  cleaning.add(services.stop);
  for (const [name, value] of secrets) await services.seedSecret(name, value);
  const lambdas = await startLambdas(model.functions, { dataDir, region, endpoints: services.endpoints });
  cleaning.add(lambdas.stop);
  running.resolve(lambdas);
  return { services, lambdas };
}

/** Null where the template has no WebSocket API. Its port is the HTTP API's. */
function startSockets(
  { socketApis }: Model,
  { lambdas, connections, limits }: { lambdas: Lambdas; connections: Connections; limits: SocketLimits },
): (RunningSocketApi & { stage: string }) | null {
  const [api, ...others] = socketApis;
  if (others.length > 0)
    throw new Error(`The template has ${socketApis.length} WebSocket APIs; the local stack runs at most one`);
  if (!api) return null;
  return { ...startSocketApi(api, { invoke: lambdas.invoke, connections, limits }), stage: api.stage };
}

function startMappings(
  model: Model,
  {
    services,
    lambdas,
    terminal,
    cleaning,
    dataDir,
  }: Backends & Pick<StackOptions, 'terminal' | 'dataDir'> & { cleaning: CleanUp },
): void {
  const { invoke } = lambdas;
  const onProblem = terminal.problem;
  const streams = model.streamMappings.map((mapping) =>
    startStreamMapping(mapping, { model, endpoint: services.endpoints.dynamodb, region, dataDir, invoke, onProblem }),
  );
  const queues = model.mappings.map((mapping) => {
    const queue = model.queues.find(({ arn }) => arn === mapping.queueArn);
    const fn = model.functions.find(({ arn }) => arn === mapping.functionArn);
    if (!queue || !fn)
      throw new Error(`The event source mapping ${mapping.id} names a queue or function that the template lacks`);
    return startMapping(mapping, {
      queueUrl: queue.url,
      functionName: fn.name,
      endpoint: services.endpoints.sqs,
      region,
      invoke,
      onProblem,
    });
  });
  const mappings = [...queues, ...streams];
  // Functions end with the mappings: what is under way then comes again at the next start.
  cleaning.add(async () => {
    const stopped = Promise.all(mappings.map(({ stop }) => stop()));
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, gracePeriodMs).unref())]);
    await lambdas.stop();
    await stopped;
  });
}

/** What is under way at a stop may take so long to finish. */
const gracePeriodMs = 1500;

async function startWeb(
  { httpApis }: Model,
  {
    dataDir,
    port,
    lambdas,
    upgrade,
    cleaning,
  }: StackOptions & { lambdas: Lambdas; upgrade: RunningSocketApi['upgrade'] | undefined; cleaning: CleanUp },
): Promise<Pick<ReadyFacts, 'consoleUrl' | 'apiUrl' | 'apiToken'>> {
  const [api, ...others] = httpApis;
  if (!api || others.length > 0)
    throw new Error(`The template has ${httpApis.length} HTTP APIs; the local stack runs exactly one`);
  const authorizer = api.routes.find((route) => route.authorizer)?.authorizer ?? nobody;
  const issuer = await localIssuer(dataDir);
  const beside = userPool({ issuer, authorizer, web: `http://127.0.0.1:${port}` });
  const http = await startHttpApi(api, { port, issuer, beside, upgrade, invoke: lambdas.invoke });
  cleaning.add(http.stop);
  const apiToken = await issuer.mint(authorizer);
  await checked(`${http.url}/`, {});
  await checked(`${http.url}/api/status`, { authorization: `Bearer ${apiToken}` });
  return { consoleUrl: `${http.url}/#token=${apiToken}`, apiUrl: `${http.url}/api`, apiToken };
}

const nobody: Authorizer = { id: 'none', issuer: 'http://127.0.0.1', audience: ['local'] };

async function checked(url: string, headers: Record<string, string>): Promise<void> {
  const { status } = await fetch(url, { headers });
  if (status >= 400) throw new Error(`${url} answers ${status}. The functions' logs (logs/ in the data folder) say why.`);
}
