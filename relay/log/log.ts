/**
 * JSON lines to standard output, one object per line: `level`, `time` (ISO, UTC), `msg`, and the given fields. Credentials are never
 * written, names of users only if the configuration asks for it; messages themselves contain neither.
 */
import { type DestinationStream, pino } from 'pino';

export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
type Fields = Readonly<Record<string, unknown>>;
export type Log = { [L in Level]: (message: string, fields?: Fields) => void };
export type RelayLog = Log & { level: Level };

const secrets = ['password', 'passphrase', 'authorization', 'token', 'd', 'key', 'nextKey', 'secret'];
const names = ['user', 'username', 'userName'];
const anywhere = (fields: readonly string[]) => fields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** `userNames`: whether names of users are written above `debug` too; at `debug` they always are. */
export function createLog({ level, userNames }: { level: Level; userNames: boolean }, to?: DestinationStream): RelayLog {
  const destination = to ?? pino.destination({ dest: 1, sync: true });
  const without = (fields: readonly string[]) =>
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        redact: { paths: anywhere(fields), censor: '(not written)' },
      },
      destination,
    );
  const full = without(secrets);
  const nameless = without([...secrets, ...names]);
  const write =
    (each: Level) =>
    (message: string, fields: Fields = {}) =>
      (userNames || each === 'debug' ? full : nameless)[each](fields, message);
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    get level() {
      return levels.find((each) => each === full.level) ?? 'info';
    },
    set level(wanted) {
      full.level = wanted;
      nameless.level = wanted;
    },
  };
}
