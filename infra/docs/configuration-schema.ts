/** The JSON Schema of the configuration file, as published in docs/: what an editor needs to help while it is written. */
import { z } from 'zod';
import { localConfiguration } from '#domain/runtime/configuration';

export const configurationSchemaFile = 'docs/configuration.schema.json';

export function configurationSchema() {
  const schema = z.toJSONSchema(localConfiguration, { io: 'input', target: 'draft-2020-12' });
  return { title: 'Configuration of Traveler Extender', ...schema };
}
