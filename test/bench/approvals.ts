/** Enrolments as the portal sends them, and how long each took to become a confirmed approval. */
import { z } from 'zod';
import { eventually, type Stack } from '#test/fixtures/stack';
import type { SimulatedRecord } from './simulator-control.ts';

export function enrolmentEvent({ user, deviceId }: SimulatedRecord, id: string, version = 1) {
  const name = user.split('/')[0] ?? user;
  const enrolment = {
    ...{ id, platform: 'iOS', status: 'Enrolled', mailDeviceIds: [deviceId], mailConfiguration: 'pushed' },
    user: { email: `${id}@acme.example`, name },
    ...{ changedAt: new Date().toISOString(), version },
  };
  return { type: 'EnrolmentChanged', detail: { enrolment } };
}

const actionPage = z.object({
  actions: z.array(z.object({ actionId: z.string(), type: z.string(), target: z.object({ deviceId: z.string() }) })),
  cursor: z.string().nullable(),
});
const actionHistory = z.object({ history: z.array(z.object({ state: z.string(), at: z.iso.datetime() })) });

/** Milliseconds from the event to the confirmed approval, in the order of `sentAt`; the ledger's own times. Waits for all. */
export async function latencies(stack: Stack, sentAt: ReadonlyMap<string, number>): Promise<number[]> {
  const approvals = new Map<string, string>();
  const all = async () => {
    for (const [deviceId, actionId] of await confirmedApprovals(stack)) approvals.set(deviceId, actionId);
    return [...sentAt.keys()].every((deviceId) => approvals.has(deviceId)) ? true : null;
  };
  await eventually(all, { within: 600_000, every: 300, what: `${sentAt.size} confirmed approvals` });
  const times: number[] = [];
  for (const [deviceId, at] of sentAt) {
    const { body } = await stack.api(`/actions/${encodeURIComponent(approvals.get(deviceId) ?? '')}`);
    const confirmed = actionHistory.parse(body).history.find(({ state }) => state === 'confirmed');
    times.push(Date.parse(confirmed?.at ?? '') - at);
  }
  return times;
}

async function confirmedApprovals(stack: Stack): Promise<[deviceId: string, actionId: string][]> {
  const found: [string, string][] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = new URLSearchParams({
      state: 'confirmed',
      limit: '100',
      ...(cursor === '' ? {} : { cursor }),
    }).toString();
    const page = actionPage.parse((await stack.api(`/actions?${query}`)).body);
    for (const { actionId, target, type } of page.actions) if (type === 'approve') found.push([target.deviceId, actionId]);
    cursor = page.cursor;
  }
  return found;
}
