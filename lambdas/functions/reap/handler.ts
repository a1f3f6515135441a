/** Scheduler: every minute. Wiring only. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { actionLanes } from '#adapters/action-queue';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { documentClient } from '#adapters/dynamodb/client';
import { devicesForActions } from '#adapters/dynamodb/devices/action-devices';
import { knownSources } from '#adapters/dynamodb/gather/known-sources';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { relayStore } from '#adapters/dynamodb/relays/relays';
import { evaluationLanes } from '#adapters/evaluations-queue';
import { ringRelayAway } from '#adapters/metrics';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { isRelayed } from '#domain/devices/source-kinds';
import { parseEnvironment } from '#domain/runtime/environment';
import { reap } from './reap.ts';
import { noteSilentRelays } from './silent-relays.ts';

const logger = new Logger({ serviceName: 'reap' });
const environment = parseEnvironment('reap', process.env);
const { sources: configuredSources } = loadConfiguration();
const configured = configuredSources.map(({ id }) => id);
const hasRelays = configuredSources.some(isRelayed);
const client = documentClient();
const tables = {
  actions: environment.ACTIONS_TABLE,
  devices: environment.DEVICES_TABLE,
  journal: environment.JOURNAL_TABLE,
};
const sources = knownSources(client, environment.CONTROL_TABLE);
const reapAll = reap({
  ledger: ledger(client, tables),
  devices: devicesForActions(client, environment.DEVICES_TABLE),
  actions: actionLanes(environment),
  evaluations: evaluationLanes(environment),
  sources: () => sources.everConfigured(configured),
  now: Date.now,
});

const noteSilent = noteSilentRelays({
  relays: relayStore(client, environment.CONTROL_TABLE),
  leases: relayLeaseStore(client, environment.CONTROL_TABLE),
  timeline: timelineStore(client, environment.JOURNAL_TABLE),
  now: Date.now,
});

export async function handler(_: unknown, context: Context): Promise<void> {
  const reaped = await reapAll({ remaining: () => context.getRemainingTimeInMillis() });
  if (reaped.expired + reaped.sent > 0) logger.info('Actions found by the clock', reaped);
  if (!hasRelays) return;
  const { deserted } = await noteSilent();
  if (deserted.length > 0) ringRelayAway();
  if (deserted.length > 0) logger.error('No relay reads or acts for these sources', { alarm: 'relay-away', sources: deserted });
}
