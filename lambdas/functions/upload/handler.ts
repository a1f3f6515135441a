/** Scheduler: every minute; deployed only where a portal with a URL is configured. The next minute continues with the rest. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { uploadStore } from '#adapters/dynamodb/journal/uploads';
import { portal } from '#adapters/portal/portal';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { secretText } from '#adapters/secret-text';
import { parseEnvironment } from '#domain/runtime/environment';
import { upload } from './upload.ts';

const environment = parseEnvironment('upload', process.env);
const { sources, portal: configured } = loadConfiguration();
const logger = new Logger({ serviceName: 'upload' });
const client = documentClient();
if (configured?.secretName === undefined)
  throw new Error('Function upload runs without "portal" and its secretName in the configuration. Deploy again.');

const run = upload({
  sourceIds: sources.map(({ id }) => id),
  chain: chainStore(client, environment.JOURNAL_TABLE),
  devices: deviceStore(client, environment.DEVICES_TABLE),
  uploads: uploadStore(client, environment.CONTROL_TABLE, configured.url),
  leases: leaseStore(client, environment.CONTROL_TABLE),
  portal: portal({ url: configured.url, token: secretText(configured.secretName) }),
  now: Date.now,
  random: Math.random,
});

/** Time reserved at the end, ms: a request may take a minute, and then the cursor is written. */
const reserveMs = 75_000;

export async function handler(_event: unknown, context: Context): Promise<void> {
  logger.info('device list', { ...(await run({ until: Date.now() + context.getRemainingTimeInMillis() - reserveMs })) });
}
