/**
 * Portal, mail and MaaS360 as deployed: the real bundles in separate processes, with their environment from the template and only
 * the permissions of their roles, against the simulators' sockets.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentClient } from '#adapters/dynamodb/client';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { uploaded } from '#domain/outbound/upload';
import { localConfiguration } from '#domain/runtime/configuration';
import { synthesize } from '#infra/cloud/synthesize';
import { type Lambdas, startLambdas } from '#infra/emulator/lambda/lambdas';
import type { FunctionResource, Model } from '#infra/emulator/model';
import { freePort } from '#infra/emulator/services/free-port';
import { operatorCredentials, type Services, startServices } from '#infra/emulator/services/services';
import { region } from '#infra/emulator/template/intrinsics';
import { readTemplate } from '#infra/emulator/template/read-template';
import { stacksOf } from '#infra/emulator/template/stack-document';
import { separateSecrets } from '#infra/local/configuration/local-secrets';
import { type Maas360Simulator, startMaas360Simulator } from '#infra/simulators/maas360/maas360-simulator';
import { type PortalSimulator, startPortalSimulator } from '#infra/simulators/portal/portal-simulator';
import { temporaryFolder } from '#test/fixtures/stack';
import { aPhone } from '#test/functions/import-enrolments/maas360-side';
import { aStoredDevice, noDrift } from '#test/functions/upload/portal-side';

const folder = temporaryFolder();
const web = 'http://127.0.0.1:4600';
let portal: PortalSimulator;
let maas360: Maas360Simulator;
let model: Model;
let services: Services;
let lambdas: Lambdas;
let client: ReturnType<typeof documentClient>;
let environment: Record<string, string>;

const named = (name: string): FunctionResource => {
  const found = model.functions.find((one) => one.name.includes(`${name}Function`));
  if (!found) throw new Error(`the template has no function ${name}`);
  return found;
};

beforeAll(async () => {
  [portal, maas360] = await Promise.all([startPortalSimulator(), startMaas360Simulator()]);
  const { configuration, secrets } = separateSecrets(
    localConfiguration.parse({
      sources: [{ id: 'cloud', kind: 'traveler' }],
      settings: { notify: ['admin@acme.example'] },
      portal: { url: portal.url, token: portal.token },
      mail: { from: 'extender@acme.example' },
      maas360: { billingId: maas360.billingId, url: maas360.url, credentials: maas360.credentials, pauseMs: 0 },
    }),
  );
  const assembly = await synthesize(configuration, { outdir: join(folder.path, 'app') });
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  model = readTemplate(stacksOf(assembly), { endpoint, web });
  services = await startServices(model, { dataDir: folder.path, endpoint, invoke: async () => null });
  for (const [name, value] of secrets) await services.seedSecret(name, value);
  const functions = ['Upload', 'Notify', 'ImportEnrolments'].map(named);
  lambdas = await startLambdas(functions, { dataDir: folder.path, region, endpoints: services.endpoints });
  client = documentClient({ endpoint, region, credentials: operatorCredentials });
  environment = named('ImportEnrolments').environment;
}, 60_000);
afterAll(async () => {
  await lambdas?.stop();
  client?.destroy();
  await services?.stop();
  await Promise.all([portal?.stop(), maas360?.stop()]);
  await rm(folder.path, { recursive: true, force: true });
});

const table = (name: string): string => environment[`${name}_TABLE`] ?? '';
const invoke = (name: string) => lambdas.invoke(named(name).arn, {});

/** A device that has just been held, as an evaluation leaves it. */
async function aHeldDevice() {
  const heldSince = Date.now();
  const device = aStoredDevice(1, { heldSince, user: 'Jürgen Groß/Acme' });
  const { sourceId, user, deviceId } = device;
  await client.send(new PutCommand({ TableName: table('DEVICES'), Item: deviceItem(device) }));
  const line = {
    lineId: 'l1',
    sourceId,
    user,
    deviceId,
    at: heldSince,
    id: 'l1',
    kind: 'quarantined',
    says: '',
    data: { heldSince },
  };
  await chainStore(client, table('JOURNAL')).append(sourceId, [line]);
  return device;
}

test('each works with the permissions of its role, with few and many enrolments', async () => {
  const device = await aHeldDevice();

  await invoke('Upload');
  expect(portal.drift('cloud', [uploaded(device)])).toEqual(noDrift);

  await invoke('Notify');
  const [file = ''] = await readdir(join(folder.path, 'mail'));
  const mail = await readFile(join(folder.path, 'mail', file), 'utf8');
  expect(mail).toContain('To: admin@acme.example');
  expect(mail).toContain(`${web}/device?`);
  const timeline = await timelineStore(client, table('JOURNAL')).read(device);
  expect(timeline.map(({ kind }) => kind)).toEqual(['notice']);

  const tables = {
    enrolments: table('ENROLMENTS'),
    devices: table('DEVICES'),
    control: table('CONTROL'),
    journal: table('JOURNAL'),
  };
  const enrolments = enrolmentStore(client, tables, 24);
  maas360.devices = [aPhone(1)];
  await invoke('ImportEnrolments');
  expect(await enrolments.read('maas360-Apple1')).toMatchObject({ status: 'Enrolled' });
  maas360.devices = Array.from({ length: 30 }, (_, index) => aPhone(index + 1, { lastReportedInEpochms: Date.now() }));
  await invoke('ImportEnrolments');
  expect(await enrolments.read('maas360-Apple30')).toMatchObject({ status: 'Enrolled' });
  expect(await enrolments.feed(Date.now())).toBe('fresh');
}, 60_000);
