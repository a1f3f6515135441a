/** The JSON Schema of the relay's configuration file, as published in docs/ for editors. */
import { z } from 'zod';
import { relayFile } from '../../relay/configuration/schema.ts';

export const relaySchemaFile = 'docs/relay.schema.json';

export function relaySchema() {
  const schema = z.toJSONSchema(relayFile, { io: 'input', target: 'draft-2020-12' });
  return { title: 'Configuration of a Traveler Extender relay (relay.json)', ...schema };
}
