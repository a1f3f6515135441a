import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTableInput, type TableName, tableDefinitions } from '#adapters/dynamodb/table-definitions';
import { context } from '#infra/cloud/synthesize';
import { type Resource, type Templates, templatesFor } from './templates.ts';

let templates: Templates;
beforeAll(async () => {
  templates = await templatesFor();
});

const names = Object.keys(tableDefinitions) as TableName[];
function table(name: TableName): Resource {
  const found = templates.ofType('AWS::DynamoDB::Table').find(([id]) => id.replace(/[0-9A-F]{8}$/, '').toLowerCase() === name);
  if (!found) throw new Error(`no table ${name}`);
  return found[1];
}
const sorted = (attributes: unknown) =>
  (attributes as { AttributeName: string }[]).toSorted((a, b) => a.AttributeName.localeCompare(b.AttributeName));

describe("the product's data outlives every deployment", () => {
  test.each(names)('the %s table is protected from deletion and has point-in-time recovery', (name) => {
    const { Properties, DeletionPolicy, UpdateReplacePolicy } = table(name);
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(Properties.DeletionProtectionEnabled).toBe(true);
    expect(Properties.PointInTimeRecoverySpecification).toMatchObject({ PointInTimeRecoveryEnabled: true });
    expect(Properties.BillingMode).toBe('PAY_PER_REQUEST');
  });

  test.each(names)('the %s table is encrypted with our own key, which rotates and is kept', (name) => {
    const { SSESpecification } = table(name).Properties;
    expect(SSESpecification).toMatchObject({ SSEEnabled: true, SSEType: 'KMS' });
    expect(templates.text((SSESpecification as { KMSMasterKeyId: unknown }).KMSMasterKeyId)).toBe('TablesKey.Arn');
    expect(templates.only('AWS::KMS::Key')).toMatchObject({ DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
  });

  test.each(names)('the %s table has the tested keys, indexes and expiry', (name) => {
    const definition = createTableInput(tableDefinitions[name]);
    const { Properties } = table(name);
    expect(Properties.KeySchema).toEqual(definition.KeySchema);
    expect(Properties.GlobalSecondaryIndexes).toEqual(definition.GlobalSecondaryIndexes);
    expect(sorted(Properties.AttributeDefinitions)).toEqual(sorted(definition.AttributeDefinitions));
    const { expiry } = tableDefinitions[name];
    expect(Properties.TimeToLiveSpecification).toEqual(expiry ? { AttributeName: expiry, Enabled: true } : undefined);
  });

  test('everything in the state stack except the sign-in domain survives stack deletion', () => {
    const deleted = Object.values(templates.state.Resources).filter(({ DeletionPolicy }) => DeletionPolicy !== 'Retain');
    expect(deleted.map(({ Type }) => Type)).toEqual(['AWS::Cognito::UserPoolDomain']);
  });

  test('the service stack holds no table, key or user', () => {
    const types = Object.values(templates.service.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /DynamoDB|KMS|::UserPool$|EventBus/.test(type))).toEqual([]);
  });
});

test('the command line and the local stack synthesize under the same settings', () => {
  const file = fileURLToPath(new URL('../../cdk.json', import.meta.url));
  expect(JSON.parse(readFileSync(file, 'utf8')).context).toEqual(context);
});
