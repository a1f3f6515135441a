/** `npm run docs`: writes the generated pages of docs/. Tests compare each page with its source. */
import { writeFileSync } from 'node:fs';
import { actionAttemptsPage } from './attempt-page.ts';
import { configurationSchema, configurationSchemaFile } from './configuration-schema.ts';
import { errorsPage } from './errors.ts';
import { eventSchemas, eventsPage } from './events.ts';
import { relaySchema, relaySchemaFile } from './relay-schema.ts';
import { actionStatesPage, rulesPage } from './rule-and-state-pages.ts';
import { scalingPage } from './scaling.ts';

const pages: Record<string, () => string> = {
  [configurationSchemaFile]: () => `${JSON.stringify(configurationSchema(), null, 2)}\n`,
  [relaySchemaFile]: () => `${JSON.stringify(relaySchema(), null, 2)}\n`,
  'docs/rules.md': rulesPage,
  'docs/action-states.md': actionStatesPage,
  'docs/errors.md': errorsPage,
  'docs/scaling.md': scalingPage,
  'docs/action-attempts.md': actionAttemptsPage,
  'docs/events.md': eventsPage,
  ...eventSchemas(),
};

for (const [file, text] of Object.entries(pages)) {
  writeFileSync(file, text());
  console.log(`written: ${file}`);
}
