/** A whole snapshot of a large company, as it arrives over the bus. SNAPSHOT_ENROLMENTS says how many. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enrolmentsMessage } from '#domain/messages/queue-messages';
import { portalEvents } from '#functions/portal-events/portal-events';
import { anEnrolment, type PortalSide, start, startPortalSide } from './portal-side.ts';

const count = Number(process.env.SNAPSHOT_ENROLMENTS ?? 2_000);
const perPart = 100;
const parts = Math.ceil(count / perPart);

let side: PortalSide;
beforeAll(async () => {
  side = await startPortalSide();
});
afterAll(() => side.stop());

const enrolments = (part: number, version: number) =>
  Array.from({ length: perPart }, (_, nth) => {
    const n = (part - 1) * perPart + nth;
    return anEnrolment({ id: `E${n}`, user: { email: `u${n}@acme.com` }, mailDeviceIds: [`D${n}`], version });
  });

async function send(snapshotId: string, part: number, version: number): Promise<void> {
  const detail = { snapshotId, part, parts, enrolments: enrolments(part, version) };
  const time = new Date(start + version * 1000).toISOString();
  const event = { id: `${snapshotId}-${part}`, source: 'portal', 'detail-type': 'EnrolmentSnapshot', time, detail };
  await portalEvents(side.requests)(JSON.stringify(event), start);
}

/** Every part, the last ones first, and a third of them twice. */
const order = Array.from({ length: parts }, (_, index) => parts - index).flatMap((part) =>
  part % 3 === 0 ? [part, part] : [part],
);

test(
  'thousands of enrolments in unordered, repeated parts are applied as one, once',
  async () => {
    for (const part of order) await send('S1', part, 1);
    await send('S1', 1, 1);
    const queued = await side.queues.drain('enrolments');
    expect(queued).toHaveLength(1);
    const message = enrolmentsMessage.parse(queued[0]);
    expect(await side.requests.takeWaiting(message)).toMatchObject({ outcome: 'taken', stored: count, withdrawn: 0 });
    expect(await side.requests.takeWaiting(message)).toMatchObject({ stored: 0, same: count });
  },
  120_000 * Math.max(1, count / 2_000),
);
