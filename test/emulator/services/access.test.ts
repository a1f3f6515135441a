/** Real SDK clients through the gateway, as the operator and as functions with one right each. */
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aFolder, aFunction, allow, arn, busArn, keyArn, queueArn, startStack, type TestStack, tableArn } from './stack.ts';

let stack: TestStack;
let folder: { path: string; remove(): Promise<void> };
beforeAll(async () => {
  folder = await aFolder();
  const key = allow(['kms:Decrypt'], [keyArn], { StringEquals: { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' } });
  const functions = [
    aFunction('nobody', []),
    aFunction('reader', [allow(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem'], [tableArn]), key]),
    aFunction('finder', [allow(['dynamodb:Query'], [`${tableArn}/index/byColour`]), key]),
    aFunction('keyless', [allow(['dynamodb:*'], ['*'])]),
    aFunction('putter', [allow(['dynamodb:PutItem'], [tableArn]), key]),
    aFunction('sender', [allow(['sqs:SendMessage'], [queueArn('work')])]),
    aFunction('publisher', [allow(['events:PutEvents'], [busArn])]),
    aFunction('auditor', [allow(['secretsmanager:DescribeSecret'], [arn('secretsmanager', 'secret:source/cloud-??????')])]),
    aFunction('confidant', [allow(['secretsmanager:GetSecretValue'], [arn('secretsmanager', 'secret:source/cloud-??????')])]),
  ];
  stack = await startStack(folder.path, {
    functions,
    change: (model) => ({ ...model, tables: model.tables.map((table) => ({ ...table, keyArn })) }),
  });
  await stack.services.seedSecret('source/cloud', 'geheim');
});
afterAll(async () => {
  await stack?.stop();
  await folder?.remove();
});

const get = (pk: string) => new GetItemCommand({ TableName: 'Things', Key: { pk: { S: pk } } });
const put = (pk: string, colour = 'red') =>
  new PutItemCommand({ TableName: 'Things', Item: { pk: { S: pk }, colour: { S: colour } } });
const byColour = new QueryCommand({
  TableName: 'Things',
  IndexName: 'byColour',
  KeyConditionExpression: 'colour = :c',
  ExpressionAttributeValues: { ':c': { S: 'red' } },
});
const denied = (action: string, resource: string) =>
  expect.objectContaining({
    name: expect.stringMatching(/^AccessDenied(Exception)?$/),
    message: expect.stringContaining(`is not authorized to perform: ${action} on resource: ${resource}`),
  });

describe('DynamoDB', () => {
  test('allows the operator everything', async () => {
    const { dynamodb } = stack.as('anyone');
    await dynamodb.send(put('a'));
    expect((await dynamodb.send(get('a'))).Item?.colour).toEqual({ S: 'red' });
    expect((await dynamodb.send(byColour)).Items).toEqual([{ pk: { S: 'a' }, colour: { S: 'red' } }]);
    expect((await dynamodb.send(new ListTablesCommand({}))).TableNames).toEqual(['Things']);
  });
  test("passes on items near its limit and DynamoDB's errors", async () => {
    const { dynamodb } = stack.as('operator');
    const large = 'ä'.repeat(190_000);
    await dynamodb.send(new PutItemCommand({ TableName: 'Things', Item: { pk: { S: 'large' }, large: { S: large } } }));
    expect((await dynamodb.send(get('large'))).Item?.large?.S).toBe(large);
    await expect(
      dynamodb.send(
        new PutItemCommand({
          TableName: 'Things',
          Item: { pk: { S: 'large' } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    ).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    await expect(dynamodb.send(new ScanCommand({ TableName: 'Nothing' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
  test('allows a function what its role allows, and names what it does not', async () => {
    const { dynamodb } = stack.as('reader');
    expect((await dynamodb.send(get('nothing'))).Item).toBeUndefined();
    await expect(dynamodb.send(put('a'))).rejects.toEqual(denied('dynamodb:PutItem', tableArn));
    await expect(dynamodb.send(new ScanCommand({ TableName: 'Things' }))).rejects.toEqual(denied('dynamodb:Scan', tableArn));
  });
  test('a permission on the table is none on its index, and the reverse', async () => {
    await expect(stack.as('reader').dynamodb.send(byColour)).rejects.toEqual(
      denied('dynamodb:Query', `${tableArn}/index/byColour`),
    );
    const { dynamodb } = stack.as('finder');
    expect((await dynamodb.send(byColour)).Count).toBeTypeOf('number');
    await expect(dynamodb.send(get('a'))).rejects.toEqual(denied('dynamodb:GetItem', tableArn));
  });
  test('requires permission for each table and operation of a transaction or batch', async () => {
    const { dynamodb } = stack.as('putter');
    const Item = { pk: { S: 't' } };
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: 'Things', Item } }] }));
    const mixed = [{ Put: { TableName: 'Things', Item } }, { Delete: { TableName: 'Things', Key: { pk: { S: 'u' } } } }];
    await expect(dynamodb.send(new TransactWriteItemsCommand({ TransactItems: mixed }))).rejects.toEqual(
      denied('dynamodb:DeleteItem', tableArn),
    );
    const batch = new BatchWriteItemCommand({ RequestItems: { Things: [{ PutRequest: { Item } }] } });
    await expect(dynamodb.send(batch)).rejects.toEqual(denied('dynamodb:BatchWriteItem', tableArn));
    const reads = new BatchGetItemCommand({ RequestItems: { Things: { Keys: [Item] }, Others: { Keys: [Item] } } });
    await expect(stack.as('reader').dynamodb.send(reads)).rejects.toEqual(
      denied('dynamodb:BatchGetItem', arn('dynamodb', 'table/Others')),
    );
  });
  test('is closed without permission for the encryption key of the table', async () => {
    await expect(stack.as('keyless').dynamodb.send(get('a'))).rejects.toEqual(denied('kms:Decrypt', keyArn));
  });
  test('is closed to a function without any permission', async () => {
    await expect(stack.as('nobody').dynamodb.send(get('a'))).rejects.toEqual(denied('dynamodb:GetItem', tableArn));
  });
});

describe('SQS', () => {
  const entries = (count: number) => Array.from({ length: count }, (_, index) => ({ Id: `e${index}`, MessageBody: `m${index}` }));
  test('lets a function send alone and in batches with one permission', async () => {
    const { sqs } = stack.as('sender');
    await sqs.send(new SendMessageCommand({ QueueUrl: stack.url('work'), MessageBody: 'one' }));
    const { Successful } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: stack.url('work'), Entries: entries(3) }));
    expect(Successful).toHaveLength(3);
  });
  test('denies what the role does not name', async () => {
    const { sqs } = stack.as('sender');
    await expect(sqs.send(new SendMessageCommand({ QueueUrl: stack.url('dead'), MessageBody: 'x' }))).rejects.toEqual(
      denied('sqs:SendMessage', queueArn('dead')),
    );
    await expect(sqs.send(new ReceiveMessageCommand({ QueueUrl: stack.url('work') }))).rejects.toEqual(
      denied('sqs:ReceiveMessage', queueArn('work')),
    );
    const attributes = new GetQueueAttributesCommand({ QueueUrl: stack.url('work'), AttributeNames: ['All'] });
    await expect(sqs.send(attributes)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });
});

describe('EventBridge', () => {
  const event = (EventBusName: string) =>
    new PutEventsCommand({ Entries: [{ EventBusName, Source: 'portal', DetailType: 'Test', Detail: '{}' }] });
  test('accepts events from a function on the bus that its role names', async () => {
    const { events } = stack.as('publisher');
    expect((await events.send(event('bus'))).FailedEntryCount).toBe(0);
    expect((await events.send(event(busArn))).FailedEntryCount).toBe(0);
    await expect(events.send(event('default'))).rejects.toEqual(denied('events:PutEvents', arn('events', 'event-bus/default')));
    await expect(stack.as('nobody').events.send(event('bus'))).rejects.toEqual(denied('events:PutEvents', busArn));
  });
});

describe('Secrets Manager', () => {
  const secret = (SecretId: string) => new GetSecretValueCommand({ SecretId });
  test('returns a seeded secret by name and ARN to a permitted reader', async () => {
    const { secrets } = stack.as('confidant');
    const found = await secrets.send(secret('source/cloud'));
    expect(found).toMatchObject({ Name: 'source/cloud', SecretString: 'geheim', VersionStages: ['AWSCURRENT'] });
    expect(found.CreatedDate).toBeInstanceOf(Date);
    expect((await secrets.send(secret(found.ARN ?? ''))).SecretString).toBe('geheim');
    expect((await secrets.send(secret(arn('secretsmanager', 'secret:source/cloud')))).SecretString).toBe('geheim');
  });
  test('denies others, and other secrets, without revealing whether they exist', async () => {
    const refusal = { name: 'AccessDeniedException' };
    await expect(stack.as('confidant').secrets.send(secret('source/other'))).rejects.toMatchObject(refusal);
    await expect(stack.as('nobody').secrets.send(secret('source/cloud'))).rejects.toMatchObject(refusal);
  });
  test('shows the current version, without the secret, to a caller with describe permission', async () => {
    const { VersionId = '' } = await stack.as('confidant').secrets.send(secret('source/cloud'));
    const { secrets } = stack.as('auditor');
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: 'source/cloud' }));
    expect(described.VersionIdsToStages).toEqual({ [VersionId]: ['AWSCURRENT'] });
    expect(JSON.stringify(described)).not.toContain('geheim');
    await expect(secrets.send(secret('source/cloud'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
  test('reports to the operator that a secret does not exist', async () => {
    await expect(stack.as('operator').secrets.send(secret('nothing'))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describe('the gateway', () => {
  test('lists its services when an unknown one is requested', async () => {
    const answer = await fetch(stack.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'Kinesis_20131202.PutRecord' },
      body: '{}',
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('it has nothing for X-Amz-Target');
  });
  test('rejects malformed JSON, and denies functions what it cannot authorise', async () => {
    const ask = (operation: string, body: string) =>
      fetch(stack.endpoint, {
        method: 'POST',
        headers: {
          'x-amz-target': `DynamoDB_20120810.${operation}`,
          authorization: 'AWS4-HMAC-SHA256 Credential=reader/20260101/x/y/z',
        },
        body,
      }).then((answer) => answer.text());
    expect(await ask('GetItem', '{')).toContain('SerializationException');
    expect(await ask('ExecuteStatement', '{}')).toContain('does not know what dynamodb:ExecuteStatement needs');
  });
});
