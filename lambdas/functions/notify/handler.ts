/** Scheduler: every minute; deployed only where `mail.from` is configured. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { noticeStore } from '#adapters/dynamodb/journal/notices';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import { sesMail } from '#adapters/mail';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { parseEnvironment } from '#domain/runtime/environment';
import { notify } from './notify.ts';

const environment = parseEnvironment('notify', process.env);
const { sources, mail, settings } = loadConfiguration();
const logger = new Logger({ serviceName: 'notify' });
const client = documentClient();
if (!mail) throw new Error('Function notify runs without "mail" in its configuration. Deploy again.');

const run = notify({
  sourceIds: sources.map(({ id }) => id),
  consoleUrl: environment.CONSOLE_URL,
  chain: chainStore(client, environment.JOURNAL_TABLE),
  devices: deviceStore(client, environment.DEVICES_TABLE),
  notices: noticeStore(client, environment.CONTROL_TABLE),
  settings: settingsReader(client, environment.CONTROL_TABLE, settings),
  timeline: timelineStore(client, environment.JOURNAL_TABLE),
  leases: leaseStore(client, environment.CONTROL_TABLE),
  send: sesMail(mail.from),
  now: Date.now,
});

/** Reserved for sending after the last page of the journal is read, ms. */
const reserveMs = 30_000;

export async function handler(_: unknown, context: Context): Promise<void> {
  const until = Date.now() + context.getRemainingTimeInMillis() - reserveMs;
  logger.info('notices', { sources: await run({ until }) });
}
