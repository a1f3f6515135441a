/** A log that writes nothing, for tests that are not about logging. */
import type { Log } from '../../relay/log/log.ts';

const nothing = () => undefined;
export const quietLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
