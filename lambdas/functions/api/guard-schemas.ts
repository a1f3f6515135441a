/** The API's responses about plans and guards. */
import { z } from '@hono/zod-openapi';
import { verdictName } from '#domain/devices/device';
import { type GuardItem, guardedDevice, guardFigures, guardKind, guardState } from '#domain/quarantine/guard';
import type { FleetPlan, PlanGuard } from '#domain/quarantine/plan-changes';
import { settings } from '#domain/quarantine/settings';
import { isoOrNull, isoTime } from './views.ts';

const time = z.string().openapi({ format: 'date-time' });
const settingsBody = z.strictObject(settings.shape);
const deviceRef = z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string() });
// A schema created before @hono/zod-openapi is loaded has no `openapi`: the domain's schemas are wrapped in new ones.
const figures = z.object(guardFigures.shape);

export const planBody = z
  .strictObject({
    settings: settingsBody,
    sourceId: z.string().min(1).optional().openapi({
      description: 'As if published for this source only; left out: for all that have no settings of their own.',
    }),
  })
  .openapi('PlanRequest');
export const planView = z
  .object({
    changes: z.array(
      deviceRef.extend({
        from: z.object({ verdict: verdictName.nullable(), rule: z.string().nullable() }),
        to: z.object({ verdict: verdictName, rule: z.string() }),
        action: z.enum(['approve', 'block']).nullable(),
      }),
    ),
    perRule: z.record(
      z.string(),
      z.object({
        count: z.number().int(),
        approve: z.number().int(),
        block: z.number().int(),
        devices: z.array(deviceRef),
      }),
    ),
    guard: z.object({
      trips: z.boolean().openapi({ description: 'Publishing would stop and wait for a person.' }),
      affected: z.number().int().openapi({ description: 'Devices that would lose access.' }),
      percent: z.number(),
      sources: z.record(z.string(), figures).openapi({ description: 'The guard looks at each source by itself.' }),
    }),
  })
  .openapi('Plan');

export const guardView = z
  .object({
    id: z.string(),
    kind: guardKind,
    cause: z.string(),
    state: guardState,
    at: time,
    requestedBy: z.string(),
    sources: z.record(z.string(), figures),
    affected: z.number().int(),
    devices: z.array(z.object(guardedDevice.shape)).openapi({ description: 'Who would lose access, at most 500 of them.' }),
    decidedBy: z.string().nullable(),
    decidedAt: time.nullable(),
    outcome: z.string().nullable(),
    waitsFor: z.array(z.string()).openapi({
      description:
        'Guards that already held one of its sources when it tripped. Each is decided by itself; what was confirmed is carried out once none of them holds the source.',
    }),
  })
  .openapi('Guard');
export const guardAnswer = z.object({ guard: guardView }).openapi('Guarded');
export const guardsView = z.object({ guards: z.array(guardView), cursor: z.string().nullable() });
export const guardDecision = z.strictObject({ decision: z.enum(['confirm', 'reject']) }).openapi('GuardDecision');

export type GuardView = z.output<typeof guardView>;
export type PlanView = z.output<typeof planView>;

export function viewGuard({ guardId, payload: _, deviceList: __, waitsFor = [], ...guard }: GuardItem): GuardView {
  const affected = Object.values(guard.sources).reduce((sum, { trips, affected: own }) => sum + (trips ? own : 0), 0);
  return { ...guard, id: guardId, waitsFor, affected, at: isoTime(guard.at), decidedAt: isoOrNull(guard.decidedAt) };
}

export const viewPlan = ({ changes, perRule }: FleetPlan, guard: PlanGuard): PlanView => ({ changes, perRule, guard });
