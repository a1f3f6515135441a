/** The filter over devices: in the property filter, in the address, and in requests to the API. Pure. */
import type { PropertyFilterProps } from '@cloudscape-design/components/property-filter';
import { verdictName } from '../schemas.ts';
import { presenceWords, verdictWords } from '../texts/words.ts';

/** What the API filters by, one value each. `q` is free text. */
export const filterKeys = ['verdict', 'source', 'state', 'user', 'q'] as const;
export type FilterKey = (typeof filterKeys)[number];
export type DeviceFilter = Partial<Record<FilterKey, string>>;

const labels = { verdict: 'Verdict', source: 'Source', state: 'Presence', user: 'User' } as const;
const labelled = Object.entries(labels);

export const filteringProperties: PropertyFilterProps.FilteringProperty[] = labelled.map(([key, propertyLabel]) => ({
  key,
  propertyLabel,
  groupValuesLabel: propertyLabel,
  operators: [{ operator: '=', format: (value: unknown) => wordOf(key, String(value)) }],
}));

export function filteringOptions(sources: readonly string[]): PropertyFilterProps.FilteringOption[] {
  return [
    ...verdictName.options.map((value) => ({ propertyKey: 'verdict', value, label: verdictWords[value].word })),
    ...sources.map((value) => ({ propertyKey: 'source', value })),
    ...Object.entries(presenceWords).map(([value, label]) => ({ propertyKey: 'state', value, label })),
  ];
}

function wordOf(key: string, value: string): string {
  const verdict = verdictName.safeParse(value);
  if (key === 'verdict' && verdict.success) return verdictWords[verdict.data].word;
  return key === 'state' ? (presenceWords[value] ?? value) : value;
}

export function filterOf(query: URLSearchParams): DeviceFilter {
  return Object.fromEntries(filterKeys.flatMap((key) => (query.get(key) ? [[key, query.get(key)]] : [])));
}

export function tokensOf(filter: DeviceFilter): PropertyFilterProps.Query {
  const tokens = filterKeys.flatMap((key) => {
    const value = filter[key];
    if (value === undefined) return [];
    return [key === 'q' ? { value, operator: ':' } : { propertyKey: key, value, operator: '=' }];
  });
  return { operation: 'and', tokens };
}

/** The newest token of a property counts: the API accepts one value of each. */
export function filterOfTokens({ tokens }: PropertyFilterProps.Query): DeviceFilter {
  const filter: DeviceFilter = {};
  for (const { propertyKey = 'q', value } of tokens) {
    const key = filterKeys.find((one) => one === propertyKey);
    if (key !== undefined && value) filter[key] = codeOf(key, String(value));
  }
  return filter;
}

/** The code of a label that was typed instead of chosen. */
function codeOf(key: FilterKey, value: string): string {
  const words: Record<string, string> =
    key === 'verdict'
      ? Object.fromEntries(verdictName.options.map((code) => [verdictWords[code].word, code]))
      : key === 'state'
        ? Object.fromEntries(Object.entries(presenceWords).map(([code, word]) => [word, code]))
        : {};
  return words[value.toLowerCase()] ?? value;
}
