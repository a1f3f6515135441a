/**
 * The configuration file: the same for the local stack and for `cdk deploy`. The local stack accepts passwords in it and
 * turns them into secrets of its own store; a deployment refuses them (`deployedConfiguration`). What functions receive is
 * `RuntimeConfiguration`: never a password, always a secret's name.
 */
import { z } from 'zod';
import { defaultSettings, settings } from '#domain/settings';

const sourceId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63');
const password = z.strictObject({ user: z.string().min(1), password: z.string().min(1) });
const secret = z.strictObject({ secretName: z.string().min(1) });
const url = z.url({ protocol: /^https?$/, error: 'an http(s) URL' });

const smartcloud = <C extends z.ZodType>(credentials: C) =>
  z.strictObject({
    id: sourceId,
    kind: z.literal('smartcloud'),
    url,
    credentials,
    enforcement: z.enum(['server', 'extender']).default('server'),
    /** Requests under way at once at this source. */
    concurrency: z.number().int().min(1).max(64).default(16),
  });
const traveler = z.strictObject({
  id: sourceId,
  kind: z.literal('traveler'),
  enforcement: z.enum(['server', 'extender']).default('server'),
});

const guard = z.strictObject({
  maxDevices: z.number().int().min(0).default(50),
  maxPercent: z.number().min(0).max(100).default(5),
  maxWipesPerHour: z.number().int().min(0).default(10),
});

function document<C extends z.ZodType>(credentials: C) {
  return z
    .strictObject({
      sources: z.array(z.discriminatedUnion('kind', [smartcloud(credentials), traveler])).min(1),
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

/** As a person writes it, for the local stack. */
export const localConfiguration = document(z.union([password, secret]));
/** As `cdk deploy` and the functions take it: secrets by name only. */
export const runtimeConfiguration = document(secret);

export type LocalConfiguration = z.infer<typeof localConfiguration>;
export type RuntimeConfiguration = z.infer<typeof runtimeConfiguration>;
export type SourceConfiguration = RuntimeConfiguration['sources'][number];
