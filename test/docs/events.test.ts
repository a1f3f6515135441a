/** The published description of the events out matches the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventsOut } from '#domain/outbound/events-out';
import { eventSchemas, eventsPage, exampleOf } from '#infra/docs/events';

test('docs/events.md is current: run `npm run docs` after changing a schema', () => {
  expect(readFileSync('docs/events.md', 'utf8')).toBe(eventsPage());
});

test('each event has its current schema in docs/events, without extra files', () => {
  const schemas = eventSchemas();
  expect(
    readdirSync('docs/events')
      .map((file) => `docs/events/${file}`)
      .sort(),
  ).toEqual(Object.keys(schemas).sort());
  for (const [file, text] of Object.entries(schemas)) expect(readFileSync(file, 'utf8'), file).toBe(text());
});

test('each event has an example that its schema accepts completely', () => {
  for (const [name, schema] of Object.entries(eventsOut)) {
    const { detail } = exampleOf(name as keyof typeof eventsOut);
    expect(schema.parse(detail), name).toEqual(detail);
  }
});
