/** The options of the configuration that scale the work, with default and range from its schema. */
import { z } from 'zod';
import { configurationSchema } from './configuration-schema.ts';

export type OptionLimits = { option: string; usual: string; range: string; effect: string };

const numeric = z.object({ default: z.number(), minimum: z.number(), maximum: z.number() });
const schema = z.object({
  properties: z.looseObject({
    sources: z.object({
      minItems: z.number(),
      maxItems: z.number(),
      items: z.object({ oneOf: z.array(z.object({ properties: z.looseObject({}) })) }),
    }),
    guard: z.object({ properties: z.looseObject({}) }),
  }),
});

/** Options of the file itself. Those of a source and of the guard are named with a dot. */
const effects = {
  'sources[].concurrency':
    'Requests in progress at a SmartCloud source at once. On premises: `traveler.concurrency` of the relay.',
  gatherEveryMinutes: 'How often each source is read.',
  detailRefreshHours: 'How often each full record is read. A gather reads its share.',
  lastSyncEveryHours: 'How often a new last sync is stored.',
  removeAfterHours: 'How long a device is missing before it counts as removed.',
  'guard.maxDevices': 'Loss of access that an operation may cause by itself; both limits must be exceeded to stop it.',
  'guard.maxPercent': 'The same, as a share of the devices of the source.',
  'guard.maxWipesPerHour': 'Wipes per source and hour without a second confirmation.',
} as const;

export function configurationLimits(): OptionLimits[] {
  const { properties } = schema.parse(configurationSchema());
  const { sources, guard } = properties;
  const smartcloud = sources.items.oneOf.find((kind) => 'concurrency' in kind.properties)?.properties;
  const places: Record<string, Record<string, unknown> | undefined> = { 'sources[]': smartcloud, guard: guard.properties };
  const many = {
    option: 'sources',
    usual: '',
    range: `${sources.minItems} to ${sources.maxItems}`,
    effect: 'Sources of one deployment.',
  };
  return [many, ...Object.entries(effects).map(([option, effect]) => ({ option, effect, ...limitsOf(option) }))];

  function limitsOf(option: string): Pick<OptionLimits, 'usual' | 'range'> {
    const [place = '', name] = option.split('.', 2);
    const found = name === undefined ? properties[place] : places[place]?.[name];
    const { default: usual, minimum, maximum } = numeric.parse(found);
    return { usual: String(usual), range: maximum === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `${minimum} to ${maximum}` };
  }
}
