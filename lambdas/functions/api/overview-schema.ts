/** The overview as the API returns it. */
import { z } from '@hono/zod-openapi';
import { actionView } from './schemas.ts';

const counts = z.record(z.string(), z.number().int());

const time = z.string().openapi({ format: 'date-time' });

export const overviewView = z
  .object({
    countedAt: time.openapi({
      description: 'Counting reads every device; a large fleet is counted anew only every few minutes.',
    }),
    sources: z.record(
      z.string(),
      z.object({
        total: z.number().int(),
        verdicts: counts.openapi({ description: 'Devices by verdict; `undecided` for those without one.' }),
        states: counts.openapi({ description: 'Devices by presence; removed ones are not counted.' }),
      }),
    ),
    actions: z.object({
      open: counts.openapi({ description: 'Actions that have not ended, by state.' }),
      failing: z.array(actionView).openapi({ description: 'Tried more than once and still open; at most 20.' }),
      failedLately: z.array(actionView).openapi({ description: 'Ended as failed, requested within a day; at most 20.' }),
      failingCount: z.number().int().openapi({ description: 'How many are failing in all.' }),
      failedLatelyCount: z.number().int().openapi({ description: 'How many failed within a day in all.' }),
    }),
  })
  .openapi('Overview');
