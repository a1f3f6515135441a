/**
 * The configuration file: the same for the local stack and for `cdk deploy`. The local stack accepts passwords in it and stores
 * them as secrets; a deployment rejects them (`deployedConfiguration`). Functions receive `RuntimeConfiguration`: never a
 * password, always a secret's name.
 */
import { z } from 'zod';
import { type BySourceKind, bySourceKind, type SourceKind } from '#domain/devices/source-kinds';
import { hostOf } from '#domain/enrolment/maas360-hosts';
import { defaultSettings, settings } from '#domain/quarantine/settings';

const sourceId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63');
const password = z.strictObject({ user: z.string().min(1), password: z.string().min(1) });
const secret = z.strictObject({ secretName: z.string().min(1) });
const url = z.url({ protocol: /^https?$/, error: 'an http(s) URL' });

/** The options of each kind of source, as in the configuration file. */
const sourceOptions = <C extends z.ZodType>(credentials: C) =>
  ({
    smartcloud: z.strictObject({
      id: sourceId,
      kind: z.literal('smartcloud'),
      url,
      credentials,
      enforcement: z.enum(['server', 'extender']).default('server'),
      /** Requests in progress at once at this source. */
      concurrency: z.number().int().min(1).max(64).default(16),
    }),
    traveler: z.strictObject({
      id: sourceId,
      kind: z.literal('traveler'),
      enforcement: z.enum(['server', 'extender']).default('server'),
    }),
  }) satisfies { [K in SourceKind]: z.ZodObject<{ kind: z.ZodLiteral<K> }> };

function source<C extends z.ZodType>(credentials: C) {
  const { smartcloud, traveler, ...others } = sourceOptions(credentials);
  // A kind that is missing from the union below stays in `others`, and this line no longer compiles.
  others satisfies Record<string, never>;
  return z.discriminatedUnion('kind', [smartcloud, traveler]);
}

const maas360Access = z.strictObject({
  appId: z.string().min(1),
  appVersion: z.string().min(1),
  appAccessKey: z.string().min(1),
  user: z.string().min(1),
  password: z.string().min(1),
});
/** MaaS360's own web services as a source of enrolments (docs/maas360.md). Off when absent. */
const maas360 = <C extends z.ZodType>(credentials: C) =>
  z
    .strictObject({
      billingId: z.string().regex(/^\d{1,20}$/, 'the customer number of MaaS360: digits'),
      /** URL of its web services; by default derived from the first digit of the billing id. */
      url: url.optional(),
      credentials,
      authentication: z.enum(['1.0', '2.0']).default('1.0'),
      everyMinutes: z.number().int().min(5).max(1440).default(15),
      /** How often all devices are read, not only those that reported: a device that is gone reports nothing. */
      fullEveryHours: z.number().min(1).max(720).default(24),
      pageSize: z.literal([25, 50, 100, 200, 250]).default(250),
      /** Pause between two requests. */
      pauseMs: z.number().int().min(0).max(60_000).default(500),
      /** Names of the MDM policies that push mail to a phone. */
      policiesPushingMail: z.array(z.string().min(1)).default([]),
    })
    .refine((given) => given.url !== undefined || hostOf(given.billingId) !== undefined, {
      path: ['url'],
      error: 'the url of MaaS360’s web services: for this billing id it is not known',
    });

const guard = z.strictObject({
  maxDevices: z.number().int().min(0).default(50),
  maxPercent: z.number().min(0).max(100).default(5),
  maxWipesPerHour: z.number().int().min(0).default(10),
});

function document<C extends z.ZodType, M extends z.ZodType>(credentials: C, maas360Credentials: M) {
  return z
    .strictObject({
      /** For editors: docs/configuration.schema.json, or where it is published. */
      $schema: z.string().optional(),
      // Publishing for all of them is one transaction with a line in the journal of each.
      sources: z.array(source(credentials)).min(1).max(90),
      gatherEveryMinutes: z.number().int().min(1).max(1440).default(15),
      detailRefreshHours: z.number().min(1).max(720).default(24),
      lastSyncEveryHours: z.number().min(1).max(720).default(24),
      removeAfterHours: z.number().min(0).max(8760).default(48),
      enrolmentStaleHours: z.number().min(1).max(8760).default(24),
      settings: z
        .strictObject(settings.shape)
        .partial()
        .default({})
        .transform((given) => settings.parse({ ...defaultSettings, ...given })),
      guard: guard.prefault({}),
      portal: z.strictObject({ url, token: z.string().min(1).optional(), secretName: z.string().min(1).optional() }).optional(),
      mail: z.strictObject({ from: z.email() }).optional(),
      maas360: maas360(maas360Credentials).optional(),
    })
    .superRefine((value, context) => {
      const seen = new Set<string>();
      value.sources.forEach((source, index) => {
        if (seen.has(source.id))
          context.addIssue({
            code: 'custom',
            path: ['sources', index, 'id'],
            message: `"${source.id}" is used twice; each source needs an id of its own`,
          });
        seen.add(source.id);
      });
    });
}

/** The configuration as a person writes it, for the local stack. */
export const localConfiguration = document(z.union([password, secret]), z.union([maas360Access, secret]));
/** The configuration for `cdk deploy` and the functions: secrets by name only. */
export const runtimeConfiguration = document(secret, secret);

export type LocalConfiguration = z.infer<typeof localConfiguration>;
export type RuntimeConfiguration = z.infer<typeof runtimeConfiguration>;
export type SourceConfiguration = RuntimeConfiguration['sources'][number];
export type SourceOf<K extends SourceKind> = Extract<SourceConfiguration, { kind: K }>;
export type Maas360Configuration = NonNullable<RuntimeConfiguration['maas360']>;

const concurrencies: BySourceKind<SourceConfiguration, number | null> = {
  smartcloud: ({ concurrency }) => concurrency,
  traveler: () => null,
};
/** How many requests the functions may have in progress at the source at once; null if its relay limits them. */
export const concurrencyOf = (source: SourceConfiguration): number | null => bySourceKind(source, concurrencies);

const secretNames: BySourceKind<SourceConfiguration, string | null> = {
  smartcloud: ({ credentials }) => credentials.secretName,
  traveler: () => null,
};
/** The secret that holds the source's credentials; null if only its relay has them. */
export const secretNameOf = (source: SourceConfiguration): string | null => bySourceKind(source, secretNames);
