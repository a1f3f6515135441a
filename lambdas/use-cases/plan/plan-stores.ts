/** The stores that a plan reads, for every function that plans. */

import { ledger } from '#adapters/dynamodb/actions/ledger';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { fleetReader } from '#adapters/dynamodb/devices/fleet-scan';
import { userStore } from '#adapters/dynamodb/devices/users';
import { enrolmentIndex, readAllEnrolments } from '#adapters/dynamodb/enrolments/enrolment-index';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import type { TableName } from '#adapters/dynamodb/table-definitions';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { PlanDependencies } from './dependencies.ts';

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
