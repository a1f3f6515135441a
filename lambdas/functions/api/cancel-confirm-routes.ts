/** POST /api/actions/{id}/cancel (or DELETE /api/actions/{id}) and POST /api/actions/{id}/confirm. */
import { z } from '@hono/zod-openapi';
import { cancelOnRequest, confirmOnRequest, type Steered } from '#use-cases/actions/cancel-or-confirm';
import type { ApiDependencies } from './app.ts';
import { Problem } from './problem.ts';
import { type ApiApp, type ApiContext, json, pathAfter, problems } from './route-kit.ts';
import { actionWithHistory } from './schemas.ts';
import { viewAction, viewHistory } from './views.ts';

const parameters = z.object({ id: z.string() });
const prefix = '/api/actions/';

export function steeringRoutes(app: ApiApp, { stores, evaluations, now }: ApiDependencies): void {
  const deps = { ledger: stores.ledger, decisions: stores.decisions, evaluations, now };
  const [cancel, confirm] = [cancelOnRequest(deps), confirmOnRequest(deps)];
  const refusals = problems({ 404: 'No such action.', 409: 'Too late, or nothing to confirm; the detail says what to do.' });
  const cancelSummary = 'Calls an action off that has not gone out, and withdraws the decision that came with it';

  const cancelling = [
    ['post', '/api/actions/{id}/cancel'],
    ['delete', '/api/actions/{id}'],
  ] as const;
  for (const [method, path] of cancelling)
    app.openAPIRegistry.registerPath({
      method,
      path,
      summary: cancelSummary,
      request: { params: parameters },
      responses: { 200: json(actionWithHistory, 'The action, cancelled.'), ...refusals },
    });
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/actions/{id}/confirm',
    summary: 'Confirms a wipe that waits because more were asked for within an hour than the guard allows',
    request: { params: parameters },
    responses: { 200: json(actionWithHistory, 'The action, on its way.'), ...refusals },
  });

  app.post('/api/actions/*', async (c) => {
    const [, id, what] = /^(.+)\/(cancel|confirm)$/.exec(pathAfter(c, prefix)) ?? [];
    if (id === undefined)
      throw new Problem(404, 'An action can be cancelled or confirmed: POST /api/actions/{id}/cancel or /confirm.');
    return answer(c, id, what === 'cancel' ? cancel : confirm);
  });
  app.delete('/api/actions/*', async (c) => answer(c, pathAfter(c, prefix), cancel));
}

/** An id may contain a slash; an unknown id is tried again with its escapes decoded. */
async function answer(c: ApiContext, id: string, steer: (id: string, who: { by: string }) => Promise<Steered>) {
  const by = c.get('caller');
  const first = await steer(id, { by });
  const steered = first.outcome === 'unknown' ? await steer(decoded(id), { by }) : first;
  if (steered.outcome === 'unknown') throw new Problem(404, 'No action of this id is in the ledger.');
  if (steered.outcome === 'refused') throw new Problem(409, `Nothing was done: ${steered.because}.`);
  return c.json({ ...viewAction(steered.action), history: viewHistory(steered.action) });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
