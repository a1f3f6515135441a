/** The dependencies of planning. */
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { FleetReader } from '#adapters/dynamodb/devices/fleet-scan';
import type { UserStore } from '#adapters/dynamodb/devices/users';
import type { EnrolmentIndex } from '#adapters/dynamodb/enrolments/enrolment-index';
import type { SourceState } from '#domain/devices/source';
import type { EnrolmentFeed } from '#domain/enrolment/enrolment';
import type { Enforcement } from '#domain/quarantine/enforcement';
import type { Settings, SettingsVersion } from '#domain/quarantine/settings';

export type PlanDependencies = {
  /** As configured. */
  sources: readonly { id: string; enforcement: Enforcement }[];
  fleet: FleetReader;
  users: Pick<UserStore, 'readUser'>;
  settings: { current(sourceId: string): Promise<SettingsVersion> };
  states: { read(sourceId: string): Promise<SourceState> };
  enrolments: { feed(now: number): Promise<EnrolmentFeed>; all(): Promise<EnrolmentIndex> };
  ledger: Pick<Ledger, 'read' | 'readMany'>;
  now(): number;
};

/** The assumptions of a plan; everything else is as stored. */
export type PlanAssumptions = {
  sourceIds: readonly string[];
  settings?: Settings | undefined;
  enrolments?: EnrolmentIndex | undefined;
  feed?: EnrolmentFeed | undefined;
};
