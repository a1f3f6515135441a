/**
 * A gather that changed many users must pass the guard as a whole before an action is requested for any of them. Its messages are
 * processed twice: first each part is assessed, and the access that it would take away is recorded; the worker that finds all
 * parts recorded sums them up, lets the guard hold the source if it trips, and sends the parts to evaluation. If everyone is
 * evaluated, the whole source is assessed at once.
 *
 * Invariant: if the guard trips, it holds the source before any part is sent to evaluation. A part that is delivered twice is
 * recorded once; two workers that both find all parts send them twice, and a repeated evaluation changes nothing.
 */
import pMap from 'p-map';
import { emptyUser, type UserStore } from '#adapters/dynamodb/devices/users';
import type { AssessmentStore } from '#adapters/dynamodb/guards/assessments';
import type { GuardStore } from '#adapters/dynamodb/guards/guards';
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { Queue } from '#adapters/queues';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import { type GuardItem, type GuardLimits, guardOf } from '#domain/quarantine/guard';
import { type GuardRequest, type GuardRun, guardedDeviceOf, newGuard } from '#use-cases/guard/guard-run';
import type { PlanDependencies } from '#use-cases/plan/dependencies';
import { outcomesOf } from '#use-cases/plan/plan-outcome';
import { type InputReaders, readInput, registered } from '../decide-user/decide-inputs.ts';
import { type DecidedDevice, decideUser } from '../decide-user/decide-user.ts';
import type { SourceContext, SourceContextReader } from '../decide-user/source-context.ts';

export type AssessRunDependencies = {
  users: UserStore;
  enrolments: InputReaders['enrolments'];
  ledger: PlanDependencies['ledger'];
  assessments: AssessmentStore;
  guards: Pick<GuardStore, 'trip'>;
  rail: Pick<GuardRun, 'withholding' | 'known'>;
  limits: GuardLimits;
  evaluations: Queue;
  alarm(guard: GuardItem): void;
  now(): number;
};
/** `cleared`: to be decided now. `sent`: recorded; it is delivered again to be decided. */
export type AssessRun = (message: EvaluationMessage, contexts: SourceContextReader) => Promise<'cleared' | 'sent'>;

type Part = Extract<EvaluationMessage, { kind: 'users' }>;

export function assessRun(deps: AssessRunDependencies): AssessRun {
  return async (message, contexts) => {
    if (message.kind === 'resume' || message.assess === undefined) return 'cleared';
    if (message.kind === 'users') return assessPart(deps, message, contexts);
    const { sourceId, assess } = message;
    const stop = stopOf(sourceId, assess);
    if (message.cursor === undefined && !(await deps.rail.known(stop.guardId)))
      await deps.rail.withholding(stop, { sourceIds: [sourceId] });
    return 'cleared';
  };
}

const stopOf = (sourceId: string, runId: string): GuardRequest => ({
  guardId: `gather-${sourceId}-${runId}`,
  kind: 'gather',
  cause: `gather ${runId}`,
  requestedBy: 'Auto-Quarantine',
  payload: null,
});

async function assessPart(
  deps: AssessRunDependencies,
  message: Part,
  contexts: SourceContextReader,
): Promise<'cleared' | 'sent'> {
  const { sourceId, assess, users, cause, bulk } = message;
  const context = await contexts(sourceId);
  if (!assess || !context) return 'cleared';
  const now = deps.now();
  const decided = await decideAll(deps, { sourceId, users, context });
  const taken = (await outcomesOf(deps.ledger, decided, now)).flatMap((outcome) => outcome.taken.map(guardedDeviceOf));
  const all = await deps.assessments.add(sourceId, { ...assess, now, users, affected: taken.length, taken });
  if (all === null) return 'sent';
  const affected = all.reduce((sum, part) => sum + part.affected, 0);
  const figures = guardOf({ affected, devices: Math.max(context.state.devices, affected) }, deps.limits);
  if (figures.trips) {
    const devices = all.flatMap((part) => part.taken);
    const about = { sources: { [sourceId]: figures }, taken: devices, at: now };
    const guard = newGuard(stopOf(sourceId, assess.runId), about);
    deps.alarm(await deps.guards.trip(guard, { withholds: [sourceId], taken: devices }));
  }
  const about = { kind: 'users' as const, sourceId, cause, bulk };
  await deps.evaluations.send(all.map(({ users }) => evaluationOutgoing({ ...about, users })));
  return 'sent';
}

/** The devices of each user, in the order of `users`, decided as they are stored now. */
async function decideAll(
  deps: AssessRunDependencies,
  { sourceId, users, context }: { sourceId: string; users: readonly string[]; context: SourceContext },
): Promise<DecidedDevice[][]> {
  const keys = users.map((user) => ({ sourceId, user }));
  const records = await deps.users.readUsers(keys);
  const reading = keys.map((key, index) => ({ key, user: records[index] ?? emptyUser() }));
  return pMap(
    reading,
    async ({ key, user }) => {
      const devices = registered(user.devices);
      if (devices.length === 0) return [];
      return decideUser(devices, await readInput(deps, key, { user, context }), context.state);
    },
    { concurrency: 8 },
  );
}
