/** The stores that a plan reads, for every function that plans. */
import type { DocumentClient } from '#adapters/dynamodb/client';
import { enrolmentIndex, readAllEnrolments } from '#adapters/dynamodb/enrolment-index';
import { enrolmentStore } from '#adapters/dynamodb/enrolments';
import { fleetReader } from '#adapters/dynamodb/fleet';
import { ledger } from '#adapters/dynamodb/ledger';
import { settingsReader } from '#adapters/dynamodb/settings-reader';
import { sourceStore } from '#adapters/dynamodb/sources';
import type { TableName } from '#adapters/dynamodb/table-definitions';
import { userStore } from '#adapters/dynamodb/users';
import type { RuntimeConfiguration } from '#domain/configuration';
import type { PlanDependencies } from './plan.ts';

export type Stores = {
  client: DocumentClient;
  tables: Record<TableName, string>;
  configuration: Pick<RuntimeConfiguration, 'sources' | 'settings' | 'enrolmentStaleHours'>;
  now(): number;
};

export function planDependencies({ client, tables, configuration, now }: Stores): PlanDependencies {
  const enrolments = enrolmentStore(client, tables, configuration.enrolmentStaleHours);
  return {
    sources: configuration.sources,
    fleet: fleetReader(client, tables.devices),
    users: userStore(client, tables),
    settings: settingsReader(client, tables.control, configuration.settings),
    states: sourceStore(client, tables.control),
    enrolments: {
      feed: enrolments.feed,
      all: async () => enrolmentIndex((await readAllEnrolments(client, tables.enrolments)).values()),
    },
    ledger: ledger(client, tables),
    now,
  };
}
