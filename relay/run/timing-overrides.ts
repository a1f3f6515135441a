/** Times set by RELAY_TIMING, e.g. `{"heartbeatMs":500}`: for trials and tests; otherwise the defaults. */
import { RelayRefusal } from '../refusal.ts';
import { jsonOf } from '../stored-file.ts';
import { type Timing, timing } from '../timing.ts';

/** Throws RelayRefusal. */
export function timingOverrides(environment: NodeJS.ProcessEnv): Timing {
  const parsed = timing.safeParse(jsonOf(environment.RELAY_TIMING ?? '{}'));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new RelayRefusal(`RELAY_TIMING is not right: ${wrong}`, 'Unset it: it is only for trials.');
}
