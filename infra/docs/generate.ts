/** `npm run docs`: writes what is generated of docs/. Tests hold each page against its source. */
import { writeFileSync } from 'node:fs';
import { configurationSchema, configurationSchemaFile } from './configuration-schema.ts';

const pages: Record<string, () => string> = {
  [configurationSchemaFile]: () => `${JSON.stringify(configurationSchema(), null, 2)}\n`,
};

for (const [file, text] of Object.entries(pages)) {
  writeFileSync(file, text());
  console.log(`written: ${file}`);
}
