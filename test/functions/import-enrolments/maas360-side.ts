/** MaaS360 simulated, the product's real stores, and the import between them, with a clock advanced by hand. */

import { enrolmentBulk } from '#adapters/dynamodb/enrolments/enrolment-bulk';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { maas360StateStore } from '#adapters/dynamodb/enrolments/maas360-state';
import { snapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { maas360 } from '#adapters/maas360/maas360';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { applyPath } from '#functions/import-enrolments/apply-path';
import { importEnrolments } from '#functions/import-enrolments/import-enrolments';
import {
  type Maas360Simulator,
  type SimulatedMaas360Device,
  startMaas360Simulator,
} from '#infra/simulators/maas360/maas360-simulator';
import { startDynamoDb } from '#test/fixtures/dynamodb';
import { manualQueue } from '#test/fixtures/manual-queue';
import { applyManyEnrolments } from '#use-cases/enrolments/apply-many-enrolments';
import { importEnrolments as importGuarded } from '#use-cases/enrolments/import-enrolments';
import { guardRun } from '#use-cases/guard/guard-run';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';

export const hour = 3_600_000;

export function aPhone(number: number, differing: SimulatedMaas360Device = {}): SimulatedMaas360Device {
  return {
    maas360DeviceID: `Apple${number}`,
    username: `user${number}`,
    emailAddress: `user${number}@acme.example`,
    userDomain: 'acme',
    platformName: 'iOS',
    platformSerialNumber: `SERIAL${number}`,
    maas360ManagedStatus: 'Enrolled',
    mailboxDeviceId: `Appl${number}`,
    mdmMailboxDeviceId: '',
    unifiedTravelerDeviceId: `TRAV${number}`,
    mailboxManaged: '',
    mdmPolicy: 'Standard',
    lastReportedInEpochms: 1_700_000_000_000 + number,
    ...differing,
  };
}

export type Side = Awaited<ReturnType<typeof startSide>>;

export async function startSide(options: { pageSize?: 25 | 250; pauseMs?: number; answerAfterMs?: number } = {}) {
  const { pageSize = 25, pauseMs = 0, answerAfterMs = 0 } = options;
  const database = await startDynamoDb();
  const simulator: Maas360Simulator = await startMaas360Simulator({ answerAfterMs });
  const clock = { now: Date.parse('2026-03-02T08:00:00Z') };
  const now = () => clock.now;
  const queue = manualQueue(now);
  const enrolments = enrolmentStore(database.client, database.tables, 24);
  const states = maas360StateStore(database.client, database.tables.control);
  const evaluations = evaluationsQueue(queue);
  const source = maas360({
    configuration: { billingId: simulator.billingId, url: simulator.url, authentication: '1.0', pageSize, pauseMs },
    credentials: async () => simulator.credentials,
    now,
  });
  const { client, tables } = database;
  const sources = [{ id: 'cloud', kind: 'traveler' as const, enforcement: 'server' as const }];
  const guard = { maxDevices: 3, maxPercent: 5, maxWipesPerHour: 10 };
  const configuration = runtimeConfiguration.parse({ sources, guard });
  const plan = planFleet(planDependencies({ client, tables, configuration, now }));
  const rail = guardRun({ plan, guards: guardStore(client, tables), limits: guard, alarm: () => undefined, now });
  const many = applyManyEnrolments({ sources, bulk: enrolmentBulk(client, tables), enrolments, evaluations, plan, rail, now });
  const imported = importGuarded({ takeMany: many, snapshots: snapshotStore(client, tables.control), known: rail.known, now });
  const path = applyPath({ sources, enrolments, evaluations, rail, takeMany: imported, now });
  const dependencies = {
    configuration: { fullEveryHours: 24, policiesPushingMail: ['Mail pushed'] },
    guard,
    source,
    states,
    leases: leaseStore(database.client, database.tables.control),
    enrolments,
    ...path,
    now,
  };
  return {
    simulator,
    clock,
    queue,
    enrolments,
    states,
    dependencies,
    run: importEnrolments(dependencies),
    async stop() {
      await source.close();
      await simulator.stop();
      await database.stop();
    },
  };
}
