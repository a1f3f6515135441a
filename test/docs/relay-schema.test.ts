import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { relaySchema, relaySchemaFile } from '#infra/docs/relay-schema';

test('the published JSON Schema of relay.json is current (npm run docs writes it)', () => {
  expect(JSON.parse(readFileSync(relaySchemaFile, 'utf8'))).toEqual(relaySchema());
});
