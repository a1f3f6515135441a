/** A journal that lasts as long as the process: for experiments, and as the reference for the one on disk. */
import {
  type ActionJournal,
  type AttemptKey,
  type JournalEntry,
  JournalFailure,
  type Retention,
  usualRetention,
} from './action-journal.ts';

export function memoryJournal({ retention = usualRetention }: { retention?: Retention } = {}): ActionJournal {
  const entries = new Map<string, JournalEntry>();
  const all = () => [...entries.values()].map((entry) => structuredClone(entry));

  function record(key: AttemptKey, change: (entry: JournalEntry) => Partial<JournalEntry>): Promise<void> {
    const entry = entries.get(nameOf(key));
    if (!entry) return Promise.reject(new JournalFailure('The journal knows no such attempt.'));
    entries.set(nameOf(key), { ...entry, ...structuredClone(change(entry)) });
    return Promise.resolve();
  }

  function prune(now: number): void {
    const acknowledged = [...entries].filter(([, { toldAt }]) => toldAt !== null);
    const surplus = entries.size - retention.entries;
    for (const [index, [name, { toldAt }]] of acknowledged.entries())
      if (index < surplus || (toldAt ?? now) <= now - retention.forMs) entries.delete(name);
  }

  return {
    async received(command, at) {
      const name = nameOf(command);
      if (!entries.has(name)) {
        entries.set(name, structuredClone({ command, receivedAt: at, ...untouched }));
        prune(at);
      }
      return structuredClone(entries.get(name) ?? { command, receivedAt: at, ...untouched });
    },
    started: (key, { before, at }) => record(key, (entry) => ({ startedAt: at, before: entry.before ?? before })),
    written: (key, at) => record(key, ({ writtenAt }) => (writtenAt === null ? { writtenAt: at } : {})),
    done: (key, done) => record(key, (entry) => (entry.done === null ? { done } : {})),
    acknowledged: (key, at) => record(key, ({ toldAt }) => (toldAt === null ? { toldAt: at } : {})),
    attemptsOf: async (actionId) =>
      all()
        .filter(({ command }) => command.actionId === actionId)
        .sort((a, b) => a.command.attempt - b.command.attempt),
    open: async () => all().filter(({ done }) => done === null),
    async unacknowledged({ limit, after }) {
      const names = [...entries.keys()];
      const from = after === null ? 0 : names.indexOf(nameOf(after)) + 1;
      return all()
        .slice(from)
        .filter(({ done, toldAt }) => done !== null && toldAt === null)
        .slice(0, limit);
    },
    size: async () => entries.size,
    close: async () => undefined,
  };
}

const untouched = { startedAt: null, before: null, writtenAt: null, done: null, toldAt: null };
const nameOf = ({ actionId, attempt }: AttemptKey) => JSON.stringify([actionId, attempt]);
