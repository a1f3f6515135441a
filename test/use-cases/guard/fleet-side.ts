/**
 * A whole fleet on real stores and queues: what is published and imported is sent as the portal and the API send it, the
 * evaluations that follow are worked off, and the server does at once what is requested.
 */
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { userStore } from '#adapters/dynamodb/devices/users';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { assessmentStore } from '#adapters/dynamodb/guards/assessments';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import { sqsQueue } from '#adapters/queues';
import { denialOf } from '#domain/actions/own-block';
import type { Device } from '#domain/devices/device';
import { unknownServer } from '#domain/devices/source';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { actionMessage, evaluationMessage } from '#domain/messages/queue-messages';
import type { GuardLimits } from '#domain/quarantine/guard';
import { defaultSettings, type Settings } from '#domain/quarantine/settings';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { EvaluateDependencies } from '#functions/evaluate/dependencies';
import { evaluateBatch } from '#functions/evaluate/evaluate';
import { aDevice, anEnrolment, configuration, start, startPortalSide } from '#test/functions/portal-events/portal-side';
import { readInput } from '#use-cases/decide-user/decide-inputs';
import { decideUser } from '#use-cases/decide-user/decide-user';
import { readSourceContext } from '#use-cases/decide-user/source-context';
import { assessRun } from '#use-cases/guard/assess-run';
import { guardRun } from '#use-cases/guard/guard-run';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';

export const source = 'cloud';
/** Few users with many devices each: fewer decisions to make for a large fleet. */
export const devicesOfUser = 20;
export const aqOn: Settings = { ...defaultSettings, requireApproval: 'on', devicesPerUser: devicesOfUser };
export type FleetSide = Awaited<ReturnType<typeof startFleetSide>>;
export type Shown = { user: string; deviceId: string; verdict: string | null; rule: string | null; action: string | null };

/** `limits`: of what a gather may take away; those of publications and imports are the configuration's. */
export async function startFleetSide({
  enforcement = 'server',
  limits = configuration.guard,
}: {
  enforcement?: 'server' | 'extender';
  limits?: GuardLimits;
} = {}) {
  const side = await startPortalSide();
  const { client, tables } = side.database;
  const now = () => side.clock.now;
  const sources = sourceStore(client, tables.control);
  const configured: RuntimeConfiguration = configuration;
  const planning = planDependencies({ client, tables, configuration: configured, now });
  const plan = planFleet(planning);
  const guards = guardStore(client, tables);
  const alarms: string[] = [];
  const alarm = ({ guardId }: { guardId: string }) => void alarms.push(guardId);
  const rail = guardRun({ plan, guards, limits: configured.guard, alarm, now });
  const evaluations = sqsQueue(side.queues.urls.evaluations, side.queues.client);
  const users = userStore(client, tables);
  const enrolments = enrolmentStore(client, tables, configured.enrolmentStaleHours);
  const dependencies: EvaluateDependencies = {
    guard: assessRun({
      ...{ users, enrolments, guards, rail, evaluations, alarm, now },
      ledger: planning.ledger,
      assessments: assessmentStore(client, tables.control),
      limits,
    }),
    ...{ users, enrolments, sources, evaluations, now },
    settings: settingsReader(client, tables.control, configured.settings),
    devices: deviceStore(client, tables.devices),
    ledger: ledger(client, tables),
    actions: sqsQueue(side.queues.urls.actions, side.queues.client),
    enforcementOf: (id) => (id === source ? enforcement : id === 'hq' ? 'server' : null),
    random: () => 0.5,
    pause: async () => undefined,
  };

  /** Works the evaluations off until none is left. */
  async function runEvaluations(): Promise<void> {
    for (;;) {
      const bodies = await side.queues.drain('evaluations');
      if (bodies.length === 0) return;
      const evaluate = evaluateBatch(dependencies, { remaining: () => 60_000 });
      for (const body of bodies) await evaluate(evaluationMessage.parse(body));
    }
  }

  async function devices(): Promise<Device[]> {
    const found: Device[] = [];
    await planning.fleet.eachUsers([source], async (all) => void found.push(...all.flatMap(({ user }) => user.devices)));
    return found.sort((a, b) => (`${a.user}|${a.deviceId}` < `${b.user}|${b.deviceId}` ? -1 : 1));
  }
  async function shown(): Promise<Shown[]> {
    return (await devices()).map(({ user, deviceId, verdict, openAction }) => ({
      user,
      deviceId,
      verdict: verdict?.verdict ?? null,
      rule: verdict?.rule ?? null,
      action: openAction?.type ?? null,
    }));
  }

  return {
    ...side,
    sources,
    guards,
    alarms,
    plan,
    dependencies,
    runEvaluations,
    devices,
    shown,
    async inForce(settings: Settings = aqOn) {
      await sources.update(source, {
        server: { ...unknownServer, requiresApproval: true, settingsAccess: 'writable', aqSupport: 'supported' },
        baselineRuns: ['run-0'],
        aqInForce: true,
      });
      await side.requests.stores.enrolments.noteEvent(now());
      await side.requests.stores.enrolments.noteCleared(now());
      await dependencies.settings.current(source);
      const own = (await side.requests.stores.settings.versions('*')).versions;
      const replaces = own[0]?.version ?? 0;
      await side.requests.stores.settings.publish({ settings, scope: '*', replaces, publishedBy: 'ann', at: now() });
    },
    async putDevices(all: readonly Device[]) {
      await putAll(client, tables.devices, all.map(deviceItem));
      await sources.update(source, { devices: all.filter(({ sourceId }) => sourceId === source).length });
    },
    putDevice: (device: Device) => client.send(new PutCommand({ TableName: tables.devices, Item: deviceItem(device) })),
    /** As if every user had been evaluated on what is stored now, but without the time that takes for thousands. */
    async decideEveryone() {
      const context = await readSourceContext(dependencies, source);
      if (!context) throw new Error('the source is not configured');
      const candidates = await planning.enrolments.all();
      const decided: Device[] = [];
      await planning.fleet.eachUsers([source], async (all) => {
        for (const { key, user } of all) {
          const input = await readInput({ enrolments: candidates, users, now }, key, { user, context });
          for (const { device, verdict } of decideUser(user.devices, input, context.state)) {
            const { verdict: name, rule, evidence, wouldChange, match } = verdict;
            const explained = {
              verdict: name,
              rule,
              evidence,
              wouldChange,
              settingsVersion: 1,
              decidedAt: now(),
              inputsDigest: '',
            };
            decided.push({ ...device, verdict: explained, match });
          }
        }
      });
      await putAll(client, tables.devices, decided.map(deviceItem));
    },
    /** Carries out every waiting action, as an honest server would show it afterwards. Returns what was done, sorted. */
    async carryOut(): Promise<string[]> {
      const done: string[] = [];
      for (const body of await side.queues.drain('actions')) {
        const { actionId, ...key } = actionMessage.parse(body);
        const device = (await dependencies.devices.usersOfSource) && (await side.requests.stores.devices.getDevice(key));
        if (!device || device.openAction?.actionId !== actionId) continue;
        const { type } = device.openAction;
        const action = await dependencies.ledger.read(actionId);
        if (!action) throw new Error(`action ${actionId} is not in the ledger`);
        const blocked = type === 'block';
        const before = action.purpose === 'give-back' ? device.denial?.took?.approval : undefined;
        const detail = device.detail && {
          ...device.detail,
          approval: blocked ? ('denied' as const) : (before ?? ('approved' as const)),
          access: blocked ? ('deny' as const) : ('allow' as const),
        };
        const denial = blocked ? denialOf(action, { before: device.detail, at: now() }) : null;
        const after = { ...device, detail, denial, openAction: null, observedSeq: device.observedSeq + 1 };
        await client.send(new PutCommand({ TableName: tables.devices, Item: deviceItem(after) }));
        done.push(`${type} ${device.deviceId}`);
      }
      return done.sort();
    },
    async journalOf(sourceId: string): Promise<string[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tables.journal,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': `source|${sourceId}` },
        }),
      );
      return Items.map(({ kind }) => String(kind));
    },
  };
}

const detail = { wipeTypes: '', compliance: '', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

/** A phone that syncs mail, approved on the server, and was not there before AQ. */
export function connected(index: number, more: Partial<Device> = {}): Device {
  return aDevice(
    { user: `User ${Math.floor(index / devicesOfUser)}/Acme`, deviceId: idOf(index) },
    { detail: { ...detail, approval: 'approved', access: 'allow', wipe: 'none' }, ...more },
  );
}

export const idOf = (index: number) => `DEV${String(index).padStart(5, '0')}`;

/** The enrolment of that phone, each of a separate portal user. */
export function enrolledAs(index: number, mailConfiguration: Enrolment['mailConfiguration'], version = 1): Enrolment {
  const [id, email] = [`E${idOf(index)}`, `${idOf(index)}@acme.com`];
  return anEnrolment({ id, user: { email }, mailDeviceIds: [idOf(index)], mailConfiguration, changedAt: start, version });
}
