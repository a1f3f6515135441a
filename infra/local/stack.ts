/**
 * The local stack: the synthesized template, run on this machine. Synthesizes, reads the template, starts services, functions,
 * the HTTP and WebSocket APIs, mappings and schedules, in that order, and stops them in reverse order.
 */
import { join } from 'node:path';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { ReadyFacts } from '#infra/cli/ready-file';
import { synthesize } from '#infra/cloud/synthesize';
import { type CleanUp, cleanUp } from '#infra/emulator/clean-up';
import type { Terminal } from '../cli/terminal.ts';
import { startApis } from '../emulator/apis.ts';
import { startMapping } from '../emulator/lambda/event-source-mapping.ts';
import { type Lambdas, startLambdas } from '../emulator/lambda/lambdas.ts';
import { startStreamMapping } from '../emulator/lambda/stream-mapping.ts';
import type { Invoke, Model } from '../emulator/model.ts';
import { startSchedules } from '../emulator/schedules.ts';
import { reservePort } from '../emulator/services/free-port.ts';
import { type Services, startServices } from '../emulator/services/services.ts';
import { type Connections, openConnections } from '../emulator/socket/connections.ts';
import { socketLimitsFrom } from '../emulator/socket/limits.ts';
import { region } from '../emulator/template/intrinsics.ts';
import { readTemplate } from '../emulator/template/read-template.ts';
import { stacksOf } from '../emulator/template/stack-document.ts';

export type StackOptions = {
  /** Used by this stack only. */
  dataDir: string;
  /** 0: any free port. */
  port: number;
  /** Values by secret name. */
  secrets: ReadonlyMap<string, string>;
  terminal: Pick<Terminal, 'step' | 'problem'>;
};
export type LocalStack = {
  facts: ReadyFacts;
  /** Starts the schedules: each also runs once now. */
  begin(): void;
  stop(): Promise<void>;
};

/** Resolves when everything responds; if anything fails, what was started is stopped. */
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
  // Both ports must be known before the template is read: queue URLs and links in mails contain them.
  const reserved = { services: await reservePort(), web: options.port === 0 ? await reservePort() : null };
  cleaning.add(async () => void (await Promise.all([reserved.services.release(), reserved.web?.release()])));
  const endpoint = `http://127.0.0.1:${reserved.services.port}`;
  const port = reserved.web?.port ?? options.port;
  const model = await terminal.step('Functions bundled, template synthesized and understood', async () => {
    const assembly = await synthesize(configuration, { outdir: join(dataDir, 'app') });
    return readTemplate(stacksOf(assembly), { endpoint, web: `http://127.0.0.1:${port}` });
  });
  const connections = openConnections(limits);
  const { services, lambdas } = await terminal.step('Tables, queues, event bus and secrets answer', () =>
    startBackends(model, { ...options, endpoint, releasePort: reserved.services.release, connections, cleaning }),
  );
  await terminal.step(`${model.functions.length} functions start`, () => lambdas.warm());
  const { invoke } = lambdas;
  await reserved.web?.release();
  const { web, socketUrl, closeSockets } = await terminal.step('API and console answer', () =>
    startApis(model, { dataDir, port, invoke, connections, limits, cleaning }),
  );
  startMappings(model, { services, lambdas, terminal, cleaning, dataDir });
  // Registered a second time, to run first: functions end with the mappings, and must get `$disconnect` before that.
  cleaning.add(closeSockets);
  const endpoints = { ...services.endpoints, ...(socketUrl === null ? {} : { socket: socketUrl }) };
  return {
    facts: { ...web, busName: model.buses[0]?.name ?? '', endpoints, pid: process.pid },
    begin() {
      const schedules = startSchedules(model.schedules, { invoke, onProblem: terminal.problem });
      cleaning.add(schedules.stop);
    },
    stop: () => cleaning.run(terminal.problem),
  };
}

type Backends = { services: Services; lambdas: Lambdas };

/** Functions need the services' addresses, and the event bus calls functions: through `invoke`, once they are started. */
async function startBackends(
  model: Model,
  {
    dataDir,
    endpoint,
    releasePort,
    secrets,
    terminal,
    connections,
    cleaning,
  }: StackOptions & { endpoint: string; releasePort: () => Promise<void>; connections: Connections; cleaning: CleanUp },
): Promise<Backends> {
  const running = Promise.withResolvers<Lambdas>();
  const invoke: Invoke = async (arn, event) => (await running.promise).invoke(arn, event);
  const services = await startServices(model, {
    ...{ dataDir, endpoint, releasePort, invoke, connections },
    onProblem: terminal.problem,
  });
  cleaning.add(services.stop);
  for (const [name, value] of secrets) await services.seedSecret(name, value);
  const lambdas = await startLambdas(model.functions, { dataDir, region, endpoints: services.endpoints });
  cleaning.add(lambdas.stop);
  running.resolve(lambdas);
  return { services, lambdas };
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
  // Functions end with the mappings: what is in progress then is redelivered at the next start.
  cleaning.add(async () => {
    const stopped = Promise.all(mappings.map(({ stop }) => stop()));
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, gracePeriodMs).unref())]);
    await lambdas.stop();
    await stopped;
  });
}

/** Time for work in progress to finish at a stop, ms. */
const gracePeriodMs = 1500;
