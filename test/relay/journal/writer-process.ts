/** Writes attempts in sequence and reports to its parent how many are acknowledged, until it is killed. */
import { sqliteJournal } from '../../../relay/journal/sqlite-journal.ts';
import { aCommand } from '../actions/commands.ts';

const [file = '', from = '0'] = process.argv.slice(2);
const journal = sqliteJournal(file);
for (let n = Number(from); ; n++) {
  await journal.received(aCommand({ what: 'block', actionId: `action ${n}` }), n);
  process.send?.(n + 1);
}
