/** The parts of the API's responses about settings, plans and guards that the command line uses. */
import { z } from 'zod';
import { settings } from '#domain/quarantine/settings';

const figures = z.object({ trips: z.boolean(), affected: z.number(), percent: z.number() });
const target = { sourceId: z.string(), user: z.string(), deviceId: z.string() };

export const plan = z.looseObject({
  changes: z.array(
    z.looseObject({
      ...target,
      from: z.object({ verdict: z.string().nullable(), rule: z.string().nullable() }),
      to: z.object({ verdict: z.string(), rule: z.string() }),
      action: z.string().nullable(),
    }),
  ),
  perRule: z.record(z.string(), z.looseObject({ count: z.number(), approve: z.number(), block: z.number() })),
  guard: figures.loose(),
});
export type Plan = z.infer<typeof plan>;

export const guard = z.looseObject({
  id: z.string(),
  kind: z.string(),
  cause: z.string(),
  state: z.string(),
  at: z.string(),
  requestedBy: z.string(),
  affected: z.number(),
  sources: z.record(z.string(), figures.loose()),
  decidedBy: z.string().nullable(),
  outcome: z.string().nullable(),
});
export type Guard = z.infer<typeof guard>;
export const guards = z.object({ guards: z.array(guard), cursor: z.string().nullable() });

const version = z.object({ version: z.number(), settings, publishedBy: z.string(), publishedAt: z.string() });
export type Version = z.infer<typeof version>;
export const settingsAnswer = version.extend({
  sources: z.record(z.string(), version.extend({ scope: z.string() })),
  versions: z.array(version),
  cursor: z.string().nullable(),
  drift: z.looseObject({ fields: z.array(z.string()), configured: settings }).nullable(),
});
export type SettingsAnswer = z.infer<typeof settingsAnswer>;
export const publicationAnswer = z.union([z.object({ version: z.number() }), z.object({ guard })]);
