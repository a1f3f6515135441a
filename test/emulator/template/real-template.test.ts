/** The product's own template, as `cdk deploy` would read it: the local stack understands all of it. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { functionVariables } from '#domain/runtime/environment';
import { synthesize } from '#infra/cloud/synthesize';
import type { Model } from '#infra/emulator/model';
import { readTemplate } from '#infra/emulator/template/read-template';
import { stacksOf } from '#infra/emulator/template/stack-document';
import { endpoint } from './documents.ts';

/** Each adds functions. */
const options = {
  portal: { url: 'https://portal.example', secretName: 'extender/portal' },
  mail: { from: 'extender@acme.example' },
  maas360: { billingId: '10000001', credentials: { secretName: 'extender/maas360' } },
};

let model: Model;
let outdir: string;
beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'extender-template-'));
  const sources = [
    { id: 'cloud', kind: 'smartcloud', url: 'https://traveler.example', credentials: { secretName: 'extender/cloud' } },
  ];
  const assembly = await synthesize(runtimeConfiguration.parse({ sources, ...options }), { outdir, bundles: 'skip' });
  model = readTemplate(stacksOf(assembly), { endpoint });
});
afterAll(() => rm(outdir, { recursive: true, force: true }));

test('each function has code, and its environment names existing tables and queues', async () => {
  expect(model.functions).toHaveLength(Object.keys(functionVariables).length);
  const tables = model.tables.map(({ name }) => name);
  const urls = model.queues.map(({ url }) => url);
  for (const { codeDir, environment } of model.functions) {
    expect((await stat(codeDir)).isDirectory()).toBe(true);
    for (const [variable, value] of Object.entries(environment)) {
      if (variable.endsWith('_TABLE')) expect(tables).toContain(value);
      if (variable.endsWith('_QUEUE_URL')) expect(urls).toContain(value);
    }
  }
});

test('every referenced ARN exists', () => {
  const queues = model.queues.map(({ arn }) => arn);
  const functions = model.functions.map(({ arn }) => arn);
  for (const { functionArn, queueArn } of model.mappings) {
    expect(functions).toContain(functionArn);
    expect(queues).toContain(queueArn);
  }
  for (const target of model.rules.flatMap(({ targets }) => targets)) {
    expect([...queues, ...functions]).toContain(target.arn);
    expect(queues).toContain(target.deadLetterArn);
  }
  for (const { targetArn } of model.schedules) expect(functions).toContain(targetArn);
  for (const { functionArn } of model.httpApis.flatMap(({ routes }) => routes)) expect(functions).toContain(functionArn);
  for (const { attributes } of model.queues)
    if (attributes.RedrivePolicy) expect(queues).toContain(JSON.parse(attributes.RedrivePolicy).deadLetterTargetArn);
  const buses = model.buses.map(({ name }) => name);
  for (const { busName } of model.rules) expect(buses).toContain(busName);
});

test('the console is open and the API requires a token', () => {
  const routes = model.httpApis.flatMap((api) => api.routes);
  expect(routes.filter(({ authorizer }) => authorizer === null).map(({ routeKey }) => routeKey)).toEqual(
    expect.not.arrayContaining([expect.stringContaining('/api')]),
  );
  expect(routes.find(({ routeKey }) => routeKey === 'ANY /api/{proxy+}')?.authorizer?.issuer).toMatch(/^https:\/\/cognito-idp\./);
});

test('the same template gives the same names, so that stored data is found', async () => {
  const sources = [
    { id: 'other', kind: 'smartcloud', url: 'https://other.example', credentials: { secretName: 'extender/other' } },
  ];
  const assembly = await synthesize(runtimeConfiguration.parse({ sources, ...options }), {
    outdir: join(outdir, 'again'),
    bundles: 'skip',
  });
  const again = readTemplate(stacksOf(assembly), { endpoint: 'http://127.0.0.1:9999' });
  expect(again.tables).toEqual(model.tables);
  expect(again.queues.map(({ name }) => name)).toEqual(model.queues.map(({ name }) => name));
});
