import { beforeAll, describe, expect, test } from 'vitest';
import { type FunctionName, functionVariables } from '#domain/runtime/environment';
import {
  everything,
  functionOf,
  oneSource,
  permits,
  roleStatements,
  statementsOf,
  type Templates,
  templatesFor,
} from './templates.ts';

let templates: Templates;
beforeAll(async () => {
  templates = await templatesFor(everything);
});
const names = Object.keys(functionVariables) as FunctionName[];

describe('each function gets what it needs and no more', () => {
  test('there is one function for each environment schema', () => {
    expect(templates.ofType('AWS::Lambda::Function')).toHaveLength(names.length);
  });

  test('without portal, mail and MaaS360 the functions for them do not exist', async () => {
    const descriptions = (await templatesFor(oneSource))
      .ofType('AWS::Lambda::Function')
      .map(([, { Properties }]) => String(Properties.Description).replace('Traveler Extender: ', ''));
    const optional = ['upload', 'notify', 'import-enrolments'];
    expect(descriptions.sort()).toEqual(names.filter((name) => !optional.includes(name)).sort());
  });

  test.each(names)('%s gets exactly the variables that its schema names', (name) => {
    const environment = functionOf(templates, name).Properties.Environment as { Variables?: object } | undefined;
    expect(Object.keys(environment?.Variables ?? {}).sort()).toEqual([...functionVariables[name]].sort());
  });

  test.each(names)('%s runs Node 24 on arm64, with expiring JSON logs and tracing', (name) => {
    const { Properties } = functionOf(templates, name);
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'JSON' },
      TracingConfig: { Mode: 'Active' },
    });
    const group = (Properties.LoggingConfig as { LogGroup: { Ref: string } }).LogGroup.Ref;
    expect(templates.service.Resources[group]?.Properties.RetentionInDays).toBeGreaterThan(0);
  });

  test('no two functions share a role', () => {
    const roles = names.map((name) => templates.text(functionOf(templates, name).Properties.Role));
    expect(new Set(roles).size).toBe(names.length);
  });
});

describe('least privilege', () => {
  test.each(names)('%s may do nothing on everything, except traces, which X-Ray allows on * only', (name) => {
    const wide = statementsOf(templates, name).filter(({ Resource }) => Resource.some((resource) => resource.includes('*')));
    // Connections have ids of API Gateway's own: the permission names the API, its stage and the call.
    const named = wide.filter(({ Action }) => !Action.every((action) => action === 'execute-api:ManageConnections'));
    expect(named.map(({ Action, Resource }) => ({ Action, Resource }))).toEqual([
      { Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: ['*'] },
    ]);
  });

  test('no role allows a whole family of actions, and none has a foreign policy', () => {
    const roles = templates.ofType('AWS::IAM::Role').map(([, role]) => role);
    expect(roles.flatMap((role) => roleStatements(templates, role)).filter(({ Action }) => Action.join().includes('*'))).toEqual(
      [],
    );
    expect(roles.filter(({ Properties }) => Properties.ManagedPolicyArns)).toEqual([]);
    expect(templates.ofType('AWS::IAM::Policy')).toEqual([]);
  });

  test('only functions that talk to the mail server may read its configured credentials', () => {
    const who = (call: string) => names.filter((name) => permits(templates, name).some((line) => line.startsWith(call)));
    const readers = who('secretsmanager:GetSecretValue');
    expect(readers.sort()).toEqual(['act', 'gather', 'import-enrolments', 'relay-enrol', 'relay-socket', 'upload']);
    expect(who('secretsmanager:DescribeSecret')).toEqual(['wake-by-time']);
    const secrets = permits(templates, 'gather').filter((line) => line.startsWith('secretsmanager:'));
    expect(secrets).toEqual([
      'secretsmanager:GetSecretValue arn:AWS::Partition:secretsmanager:AWS::Region:AWS::AccountId:secret:traveler-extender/cloud-??????',
    ]);
  });

  test.each([
    ['upload', 'portal'],
    ['import-enrolments', 'maas360'],
  ] as const)('%s may read the secret of %s and no other', (name, secret) => {
    const secrets = permits(templates, name).filter((line) => line.startsWith('secretsmanager:'));
    expect(secrets).toEqual([expect.stringContaining(`secret:traveler-extender/${secret}-??????`)]);
  });

  test.each(['relay-enrol', 'relay-socket'] as const)("%s may read the cloud's own proof secret, and no other", (name) => {
    const secrets = permits(templates, name).filter((line) => line.startsWith('secretsmanager:'));
    expect(secrets).toEqual(['secretsmanager:GetSecretValue RelaySecret']);
  });

  test('only relay functions may post to connections; only API and socket close them', () => {
    const may = (call: string) =>
      names.filter((name) =>
        permits(templates, name).some((line) => line.includes('execute-api:') && line.includes(`/${call}/`)),
      );
    expect(may('POST').sort()).toEqual(['act', 'gather', 'relay-socket']);
    expect(may('DELETE').sort()).toEqual(['api', 'relay-socket']);
  });

  test('only notify may send mail, and only from the configured address', () => {
    const senders = names.filter((name) => permits(templates, name).some((line) => line.startsWith('ses:')));
    expect(senders).toEqual(['notify']);
    expect(statementsOf(templates, 'notify').filter(({ Action }) => Action.join().includes('ses:'))).toEqual([
      {
        Effect: 'Allow',
        Action: ['ses:SendEmail'],
        Resource: ['acme.example', 'extender@acme.example'].map(
          (identity) => `arn:AWS::Partition:ses:AWS::Region:AWS::AccountId:identity/${identity}`,
        ),
        Condition: { StringEquals: { 'ses:FromAddress': 'extender@acme.example' } },
      },
    ]);
  });

  test('without a cloud-read source, no function may read any source secret', async () => {
    const onPremises = await templatesFor({ ...everything, sources: [{ id: 'hq', kind: 'traveler' }] });
    const lines = names.flatMap((name) => permits(onPremises, name));
    expect(lines.filter((line) => line.startsWith('secretsmanager:') && !/portal-|maas360-|RelaySecret/.test(line))).toEqual([]);
  });

  test('the open console function may write its log and traces and nothing else', () => {
    expect(permits(templates, 'console')).toEqual([
      'logs:CreateLogStream ConsoleLog.Arn',
      'logs:PutLogEvents ConsoleLog.Arn',
      'xray:PutTelemetryRecords *',
      'xray:PutTraceSegments *',
    ]);
  });

  test('only deciding, requesting, reaping or relay functions may queue an action', () => {
    const senders = names.filter((name) => permits(templates, name).includes('sqs:SendMessage ActionsQueue.Arn'));
    expect(senders).toEqual(['evaluate', 'portal-events', 'api', 'bulk', 'reap', 'relay-socket']);
  });

  test('the gather cannot access enrolments or actions', () => {
    const lines = permits(templates, 'gather').filter((line) => /(Enrolments|Actions)\./.test(line));
    expect(lines).toEqual([]);
  });

  test('no function may delete from the journal or change a line of it', () => {
    const lines = names.flatMap((name) => permits(templates, name)).filter((line) => line.endsWith(' Journal.Arn'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => /Delete|Update/.test(line))).toEqual([]);
  });

  test('the key works through DynamoDB only', () => {
    const keyed = names.flatMap((name) => statementsOf(templates, name)).filter(({ Action }) => Action.join().includes('kms:'));
    expect(keyed.length).toBeGreaterThan(0);
    for (const { Condition, Resource } of keyed) {
      expect(Resource).toEqual(['TablesKey.Arn']);
      expect(JSON.stringify(Condition)).toContain('kms:ViaService');
    }
  });
});
