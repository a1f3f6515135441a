/** `npm run docs`: writes what is generated of docs/. Tests hold each page against its source. */
import { writeFileSync } from 'node:fs';
import { actionAttemptsPage } from './attempt-page.ts';
import { configurationSchema, configurationSchemaFile } from './configuration-schema.ts';
import { eventSchemas, eventsPage } from './events.ts';
import { actionStatesPage, rulesPage } from './pages.ts';
import { relaySchema, relaySchemaFile } from './relay-schema.ts';

const pages: Record<string, () => string> = {
  [configurationSchemaFile]: () => `${JSON.stringify(configurationSchema(), null, 2)}\n`,
  [relaySchemaFile]: () => `${JSON.stringify(relaySchema(), null, 2)}\n`,
  'docs/rules.md': rulesPage,
  'docs/action-states.md': actionStatesPage,
  'docs/action-attempts.md': actionAttemptsPage,
  'docs/events.md': eventsPage,
  ...eventSchemas(),
};

for (const [file, text] of Object.entries(pages)) {
  writeFileSync(file, text());
  console.log(`written: ${file}`);
}
