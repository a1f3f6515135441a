/** Creates each function of the service stack with exactly the environment and permissions that its name requires. */
import type { Stack } from 'aws-cdk-lib';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { type RuntimeConfiguration, secretNameOf } from '#domain/runtime/configuration';
import { type EnvironmentOf, type FunctionName, functionVariables } from '#domain/runtime/environment';
import { ExtenderFunction } from './extender-function.ts';
import { functionSpecs } from './function-specs.ts';
import { issuerOf } from './http-api.ts';
import { statementsOf } from './permissions.ts';
import { addressesOf, type Queues, type ServiceQueues } from './service-queues.ts';
import type { SocketApi } from './socket-api.ts';
import type { StateStack } from './state-stack.ts';

/** Folder of each function's bundle. */
export type Bundles = { [F in FunctionName]: string };
export type FactoryContext = {
  configuration: RuntimeConfiguration;
  state: StateStack;
  bundles: Bundles;
  notify: Topic;
  queues: ServiceQueues;
  socketApi: SocketApi;
  /** Values of the HTTP API, as CDK tokens: it is created after its functions. */
  web: { consoleUrl: string; clientId: string };
};
/** `deadLetters`: for a function started by a schedule, the queue for failed starts. */
export type MakeFunction = <F extends FunctionName>(id: string, name: F, deadLetters?: Queue) => ExtenderFunction<F>['function'];

export function functionFactory(stack: Stack, context: FactoryContext): MakeFunction {
  const { configuration, state, bundles, notify, queues, socketApi } = context;
  const values = environmentValues(stack, context);
  const secretNames = secretNamesOf(configuration);
  return (id, name, deadLetters) =>
    new ExtenderFunction(stack, id, {
      name,
      ...functionSpecs[name],
      bundle: bundles[name],
      environment: pick(values, name),
      statements: statementsOf(name, {
        tables: state.tables,
        queues: queues.queues,
        deadLetters: Object.values(queues.deadLetters).map(({ queue }) => queue),
        bus: state.bus,
        unpublished: queues.unpublished,
        secretNames,
        secretsOf: secretsOf(configuration),
        mailFrom: configuration.mail?.from ?? null,
        manageConnections: socketApi.manages,
        relaySecret: state.relaySecret,
      }),
      notify,
      ...(deadLetters ? { deadLetters } : {}),
    }).function;
}

/** The variables of all functions; each function gets only those in its schema. */
function environmentValues(stack: Stack, { state, queues, socketApi, web }: FactoryContext): EnvironmentOf<FunctionName> {
  return {
    ...tableNames(state),
    ...queueUrls(queues.queues),
    API_STAGE: '/',
    BUS_NAME: state.bus.eventBusName,
    UNPUBLISHED_QUEUE_URL: queues.unpublished.queueUrl,
    SOCKET_URL: socketApi.url,
    SOCKET_ENDPOINT: socketApi.managementUrl,
    RELAY_SECRET: state.relaySecret.secretName,
    DEAD_LETTERS: stack.toJsonString(addressesOf(queues.deadLetters)),
    CLIENT_ID: web.clientId,
    TOKEN_ISSUER: issuerOf(state.users),
    SIGN_IN_DOMAIN: state.signIn.domainName,
    CONSOLE_URL: web.consoleUrl,
  };
}

function tableNames({ tables }: StateStack) {
  return {
    DEVICES_TABLE: tables.devices.tableName,
    ENROLMENTS_TABLE: tables.enrolments.tableName,
    ACTIONS_TABLE: tables.actions.tableName,
    JOURNAL_TABLE: tables.journal.tableName,
    CONTROL_TABLE: tables.control.tableName,
  };
}

function queueUrls(queues: Queues) {
  return {
    GATHER_QUEUE_URL: queues.gather.queueUrl,
    EVALUATIONS_QUEUE_URL: queues.evaluations.queueUrl,
    BULK_EVALUATIONS_QUEUE_URL: queues.bulkEvaluations.queueUrl,
    ACTIONS_QUEUE_URL: queues.actions.queueUrl,
    BULK_ACTIONS_QUEUE_URL: queues.bulkActions.queueUrl,
    ENROLMENTS_QUEUE_URL: queues.enrolments.queueUrl,
    BULKS_QUEUE_URL: queues.bulks.queueUrl,
    PORTAL_EVENTS_QUEUE_URL: queues.portalEvents.queueUrl,
  };
}

function pick<F extends FunctionName>(values: EnvironmentOf<FunctionName>, name: F): EnvironmentOf<F> {
  return Object.fromEntries(functionVariables[name].map((key) => [key, values[key]])) as EnvironmentOf<F>;
}

/** Secrets with the credentials of the sources that the cloud reads itself. */
function secretNamesOf({ sources }: RuntimeConfiguration): string[] {
  const names = sources.flatMap((source) => secretNameOf(source) ?? []);
  return [...new Set(names)];
}

/** Secrets of services other than sources, if they are configured. */
function secretsOf({ portal, maas360 }: RuntimeConfiguration): { portal?: string; maas360?: string } {
  return {
    ...(portal?.secretName === undefined ? {} : { portal: portal.secretName }),
    ...(maas360 ? { maas360: maas360.credentials.secretName } : {}),
  };
}
