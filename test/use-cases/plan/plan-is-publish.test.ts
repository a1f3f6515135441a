import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteAll } from '#adapters/dynamodb/batch-requests';
import { deviceItemKey } from '#adapters/dynamodb/devices/device-items';
import type { Device } from '#domain/devices/device';
import { defaultSettings, type Settings } from '#domain/quarantine/settings';
import { aDevice, anEnrolment, start } from '#test/functions/portal-events/portal-side';
import { type FleetSide, source, startFleetSide } from '#test/use-cases/guard/fleet-side';

let side: FleetSide;
beforeAll(async () => {
  side = await startFleetSide();
  await side.inForce();
});
afterAll(async () => {
  await side.stop();
});

const users = ['Jane Doe/Acme', 'Jane Doe/Other', 'Jim Poe/Acme'];
const ids = ['ApplX', 'ApplY', 'Android_1', 'HCL_IOS_1', 'MDMXX1'];
const detail = { wipeTypes: '', compliance: '', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

const anyShown = fc.constantFrom(
  { approval: 'approved', access: 'allow', wipe: 'none' } as const,
  { approval: 'not-required', access: 'allow', wipe: 'none' } as const,
  { approval: 'pending', access: 'deny', wipe: 'none' } as const,
  { approval: 'denied', access: 'deny', wipe: 'none' } as const,
  { approval: 'unknown', access: 'allow', wipe: 'none' } as const,
);
const anyFleetDevice = fc.record({
  user: fc.constantFrom(...users),
  deviceId: fc.constantFrom(...ids),
  shown: anyShown,
  existing: fc.boolean(),
  ours: fc.constantFrom('none' as const, 'asked-for' as const, 'taken' as const),
  presence: fc.constantFrom('present' as const, 'present' as const, 'missing' as const, 'removed' as const),
  registeredAt: fc.integer({ min: 1, max: 3 }),
});
const anyFleet = fc.uniqueArray(anyFleetDevice, { maxLength: 8, selector: ({ user, deviceId }) => `${user}|${deviceId}` });
const anyEnrolments = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom('E1', 'E2', 'E3', 'E4'),
    email: fc.constantFrom('jane@acme.com', 'jim@acme.com', 'jane2@acme.com'),
    name: fc.constantFrom('Jane Doe', 'Jim Poe'),
    mailDeviceIds: fc.subarray(ids, { maxLength: 2 }),
    mailConfiguration: fc.constantFrom('pushed' as const, 'manual' as const, 'unknown' as const),
    status: fc.constantFrom('Enrolled', 'Enrolled', 'Control Removed'),
  }),
  { maxLength: 4, selector: ({ id }) => id },
);
const anySettings: fc.Arbitrary<Settings> = fc.record({
  requireApproval: fc.constantFrom('on' as const, 'on' as const, 'server' as const, 'off' as const),
  notify: fc.constant([]),
  devicesPerUser: fc.integer({ min: 0, max: 3 }),
  autoApproveEnrolled: fc.boolean(),
  autoApproveByPolicy: fc.boolean(),
  autoApproveVerse: fc.boolean(),
});

type FleetDevice = typeof anyFleetDevice extends fc.Arbitrary<infer D> ? D : never;

const ourBlock = { kind: 'block', actionId: 'earlier', at: start } as const;
const ourBlocks = { none: null, 'asked-for': ourBlock, taken: { ...ourBlock, took: { approval: 'not-required' } } } as const;

function stored({ user, deviceId, shown, existing, ours, presence, registeredAt }: FleetDevice): Device {
  const denied = shown.approval === 'denied';
  return aDevice(
    { user, deviceId },
    {
      detail: { ...detail, ...shown },
      baselineRun: existing ? 'run-0' : null,
      denial: denied ? ourBlocks[ours] : null,
      presence,
      registeredAt,
    },
  );
}

const runs = Number(process.env.PLAN_RUNS ?? 12);
let version = 1;
test(
  'publishing does exactly what the plan listed',
  async () => {
    await fc.assert(
      fc.asyncProperty(anyFleet, anyEnrolments, anySettings, anySettings, async (fleet, enrolments, first, second) => {
        await clear();
        await side.putDevices(fleet.map(stored));
        version += 1;
        for (const { id, email, name, ...rest } of enrolments)
          await side.requests.stores.enrolments.put(anEnrolment({ id, user: { email, name }, version, ...rest }));
        await publish(first);
        const before = await side.shown();
        const planned = await side.plan({ sourceIds: [source], settings: second });
        await publish(second);
        const after = await side.shown();
        const changes = after.flatMap((one, index) => {
          const was = before[index];
          const asked = one.action !== null && one.action !== was?.action;
          return one.verdict === was?.verdict && !asked ? [] : [{ ...one, action: asked ? one.action : null }];
        });
        expect(planned.changes.map(({ user, deviceId, to, action }) => ({ user, deviceId, ...to, action }))).toEqual(changes);
        expect((await side.plan({ sourceIds: [source], settings: second })).changes).toEqual([]);
      }),
      { numRuns: runs },
    );
  },
  120_000 * Math.max(1, runs / 12),
);

/** As publishing continues after the guard: the settings, then every user. */
async function publish(settings: Settings): Promise<void> {
  side.clock.now += 1000;
  const [current] = (await side.requests.stores.settings.versions('*')).versions;
  const publication = { settings, scope: '*', replaces: current?.version ?? 0, publishedBy: 'ann', at: side.clock.now };
  await side.requests.stores.settings.publish(publication);
  await side.dependencies.evaluations.send([{ body: { kind: 'everyone', sourceId: source, cause: 'test' } }]);
  await side.runEvaluations();
}

async function clear(): Promise<void> {
  const { client, tables } = side.database;
  await deleteAll(client, tables.devices, (await side.devices()).map(deviceItemKey));
  const { enrolments } = await side.requests.stores.enrolments.list(null, 100);
  for (const { id } of enrolments) await side.requests.stores.enrolments.withdraw(id, 'gone');
}

test('the settings of a plan apply to nobody until they are published', async () => {
  const before = await side.requests.stores.settings.versions('*');
  await side.plan({ sourceIds: [source], settings: { ...defaultSettings, autoApproveVerse: true } });
  expect(await side.requests.stores.settings.versions('*')).toEqual(before);
});
