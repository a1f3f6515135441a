/**
 * Row 10: planning settings for 100,000 devices, against the bare read of the stored items: the same tables, scanned in the same
 * segments by the same client, with the items discarded.
 */
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { pointerKeysOf } from '#adapters/dynamodb/enrolments/enrolment-pointers';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { enrolmentSk, enrolmentUserPk } from '#adapters/dynamodb/keys';
import type { Device } from '#domain/devices/device';
import { unknownServer } from '#domain/devices/source';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { defaultSettings } from '#domain/quarantine/settings';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import type { Row } from '#test/bench/row';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';

const mark = 1.5;
const now = Date.UTC(2026, 2, 1);
const segments = 4;
const rounds = 3;

/** `full`: at the size of the measure. The embedded database reads a page of a scan by passing all before it: that takes long. */
export async function planRow({ full }: { full: boolean }): Promise<Row> {
  const devices = full ? 100_000 : 3_000;
  const database = await startDynamoDb();
  try {
    await fill(database, devices);
    const { client, tables } = database;
    const configuration = runtimeConfiguration.parse({
      sources: [{ id: 'cloud', kind: 'smartcloud', url: 'https://x.example.com', credentials: { secretName: 'x' } }],
    });
    const plan = planFleet(planDependencies({ client, tables, configuration, now: () => now }));
    const settings = { ...defaultSettings, requireApproval: 'on' as const, devicesPerUser: 1, autoApproveEnrolled: true };
    const times = { bare: [] as number[], plan: [] as number[] };
    let planned = 0;
    for (let round = 0; round < rounds; round++) {
      times.bare.push(await timed(() => bareRead(database)));
      times.plan.push(
        await timed(async () => {
          planned = (await plan({ sourceIds: ['cloud'], settings })).takings.cloud?.devices ?? 0;
        }),
      );
    }
    if (planned !== devices) throw new Error(`planned ${planned} of ${devices} devices`);
    const [bare, planning] = [Math.min(...times.bare), Math.min(...times.plan)];
    return {
      row: 10,
      measure: `plan before publish, ${devices.toLocaleString('en')} devices`,
      value: planning / bare,
      unit: 'x',
      against: 'the bare read of the stored items',
      mark: `at most ${mark} x`,
      met: planning / bare <= mark,
      note: `${Math.round(planning)} ms against ${Math.round(bare)} ms, best of ${rounds} each${full ? '' : '; --full plans for 100,000'}`,
    };
  } finally {
    await database.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Devices, and the enrolments themselves: what their pointers point to is read once, without the pointers. */
async function bareRead({ client, tables }: TestDatabase): Promise<void> {
  const filter = { FilterExpression: 'begins_with(sk, :e) AND begins_with(pk, :u)' };
  const values = { ExpressionAttributeValues: { ':e': enrolmentSk(''), ':u': enrolmentUserPk('') } };
  const scan = async (TableName: string, Segment: number, more: object) => {
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const command = new ScanCommand({
        TableName,
        Segment,
        TotalSegments: segments,
        ConsistentRead: true,
        ExclusiveStartKey,
        ...more,
      });
      ExclusiveStartKey = (await client.send(command)).LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  };
  const all = Array.from({ length: segments }, (_, segment) => segment);
  await Promise.all([
    ...all.map((segment) => scan(tables.devices, segment, {})),
    ...all.map((segment) => scan(tables.enrolments, segment, { ...filter, ...values })),
  ]);
}

/** Four in five devices are enrolled; about one user in four has two devices. All have been decided before. */
async function fill({ client, tables }: TestDatabase, count: number): Promise<void> {
  const enforced = { requiresApproval: true, settingsAccess: 'writable', aqSupport: 'supported' } as const;
  const server = { ...unknownServer, ...enforced };
  await sourceStore(client, tables.control).update('cloud', { server, baselineRuns: ['r'], aqInForce: true, devices: count });
  for (let from = 0; from < count; from += 5000) {
    const indexes = Array.from({ length: Math.min(5000, count - from) }, (_, index) => from + index);
    await putAll(
      client,
      tables.devices,
      indexes.map((index) => deviceItem(aDevice(index))),
    );
    const enrolments = indexes.filter((index) => index % 5 !== 0).map(anEnrolment);
    await putAll(client, tables.enrolments, enrolments.flatMap(enrolmentItems));
  }
}

const personOf = (index: number) => Math.floor((index * 4) / 5);
const deviceIdOf = (index: number) => `Appl${index.toString(16).toUpperCase().padStart(12, '0')}`;

function aDevice(index: number): Device {
  const shown = { approval: 'approved', access: 'allow', wipe: 'none' } as const;
  return {
    ...{ sourceId: 'cloud', user: `First Last${personOf(index)}/Sales/Acme`, deviceId: deviceIdOf(index) },
    ...{ provider: 'Apple iPhone', type: 'Apple-iPhone14C2/1903.92', level: '', notification: 'push', lastSync: now },
    href: `/api/traveler/devices/${index}`,
    detail: { ...shown, wipeTypes: '7', compliance: '', approvalDate: now, approvers: [], wipeDate: null, codes: {} },
    ...{ presence: 'present', missingSince: null, firstSeen: now, registeredAt: now, observedAt: now, observedSeq: 1 },
    ...{ baselineRun: null, denial: null, openAction: null, heldSince: null },
    verdict: {
      ...{ verdict: 'approve', rule: 'within-allowance', evidence: 'first of 1 allowed', wouldChange: 'Fewer allowed devices.' },
      ...{ settingsVersion: 1, decidedAt: now, inputsDigest: randomUUID() },
    },
    match: { kind: 'none', enrolmentIds: [], portalUsers: [], evidence: 'no enrolment names this device' },
  };
}

function anEnrolment(index: number): Enrolment {
  return {
    id: `enrolment-${index}`,
    user: { email: `last${personOf(index)}@acme.example`, name: `First Last${personOf(index)}` },
    ...{ platform: 'iOS', status: 'Enrolled', serial: `S${index}`, mailDeviceIds: [deviceIdOf(index)] },
    ...{ mailConfiguration: 'pushed', changedAt: now, version: 1 },
  };
}

/** As the store writes them; the gate, which a plan does not read, is left out. */
function enrolmentItems(enrolment: Enrolment): Record<string, unknown>[] {
  const { email } = enrolment.user;
  const own = { pk: enrolmentUserPk(email), sk: enrolmentSk(enrolment.id), ...enrolment };
  return [own, ...pointerKeysOf(enrolment).map((key) => ({ ...key, email }))];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(await planRow({ full: process.argv.includes('--full') }));
