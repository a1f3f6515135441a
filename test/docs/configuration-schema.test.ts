import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationSchema, configurationSchemaFile } from '#infra/docs/configuration-schema';

test('the published JSON Schema of the configuration is current (npm run docs)', () => {
  expect(JSON.parse(readFileSync(configurationSchemaFile, 'utf8'))).toEqual(configurationSchema());
});
