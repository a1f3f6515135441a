/** Turns the first responses of the Traveler server and the Domino console into findings. Pure. */
import { WrongCredentials } from '#adapters/traveler/failure';
import type { RelayFile } from '../configuration/schema.ts';
import { broken, type Finding, healthy, noted } from './finding.ts';
import type { Reply } from './probes/console-reply.ts';
import type { FirstPage } from './probes/first-page.ts';

/** Neither data nor a rejection: no response, or a request to wait. */
const isAway = (read: FirstPage) =>
  read.how === 'silent' ||
  (read.how === 'failed' && (read.failure.unreachable || read.failure.kind === 'transient' || read.failure.kind === 'busy'));

export function judgeServer(read: FirstPage): Finding {
  if (!isAway(read)) return healthy('the Traveler server answers');
  const check = 'See that traveler.url is right, that the server and its HTTP task run, and that this machine may connect to it.';
  if (read.how !== 'failed') return broken('The Traveler server takes the request and does not answer', check);
  return broken(`${read.failure.problem.what} (${read.failure.problem.where})`, check);
}

export function judgeCredentials(read: FirstPage): Finding {
  if (read.how !== 'failed' || read.failure.kind !== 'denied')
    return healthy('the Traveler server accepts the user and password');
  const { what } = read.failure.problem;
  if (read.failure instanceof WrongCredentials)
    return broken(
      'The Traveler server does not accept the user name and password (401)',
      'Correct traveler.credentials in relay.json. A relay that runs takes a corrected password up by itself.',
    );
  return broken(what, 'Give the user in traveler.credentials the right to administer Traveler, or name another one.');
}

export function judgeAnswer(read: FirstPage): Finding {
  if (read.how !== 'failed') return healthy('it answers with data, not with a page to log in');
  return broken(read.failure.problem.what, read.failure.problem.remedy);
}

export function judgeList(read: FirstPage): Finding {
  if (read.how !== 'read' || read.page === null || read.page.devices.length + read.page.rejected === 0)
    return noted('the list is empty: no device has ever registered, or this user may not see them');
  const { devices, rejected, totalRecords } = read.page;
  if (devices.length === 0)
    return broken(
      'The device list is there, and none of its rows names a user and a device',
      'See that traveler.url leads to a Traveler server itself; on 8.5.x try "read": "notes".',
    );
  const some = rejected > 0 ? `; ${rejected} rows of the first page cannot be read and are left out` : '';
  return healthy(`${totalRecords ?? `at least ${devices.length}`} devices are listed${some}`);
}

const needsNine = 'Auto-Quarantine needs 9.0. Devices are seen and actions carried out all the same';

export function judgeVersion(read: FirstPage, way: RelayFile['traveler']['read']): Finding {
  if (way !== 'rest')
    return noted(
      `8.5: ${needsNine}. Unknown here, and shown so: policy compliance, dates and names of approvals, what became of a wipe`,
    );
  const facts = read.how === 'read' ? read.facts : null;
  if (facts === null || facts.aqSupport === 'unknown')
    return noted(`the server does not tell its version${facts?.build ? ` (“${facts.build}”)` : ''}. ${needsNine}`);
  if (facts.aqSupport === 'unsupported') return noted(`${facts.build}: ${needsNine}`);
  const settings = facts.settingsAccess === 'unavailable' ? '; its approval settings cannot be set from here' : '';
  return healthy(`${facts.build}${settings}`);
}

/** `program`: where it is, or why it cannot be started. */
export function judgeProgram(settings: RelayFile['console'], program: { missing: string } | { found: string } | null): Finding {
  if (settings.by === 'rest' || program === null) return noted('none is used: writes go over REST');
  if ('found' in program) return healthy(`${program.found} can be run`);
  return broken(
    `The program for the Domino console cannot be run: ${program.missing}`,
    settings.by === 'command'
      ? 'Correct console.command in relay.json (its first part is the path of the program) and console.directory, and let the relay’s account run it.'
      : 'The Notes client is driven on Windows, through the script that is shipped with the relay. Elsewhere use console.by "command" or "rest".',
  );
}

export function judgeConsole(reply: Reply): Finding {
  if (reply.how === 'none') return noted('none is used: writes go over REST');
  if (reply.how === 'taken' || reply.failure.kind === 'denied') return healthy('the console takes a line');
  return broken(reply.failure.problem.what, reply.failure.problem.remedy);
}

/** The status line needs fewer rights than some servers require for the action lines. */
export function judgeRights(reply: Reply): Finding {
  if (reply.how === 'none')
    return noted('whether the user of traveler.credentials may write over REST shows with the first action');
  if (reply.how === 'failed') return broken(reply.failure.problem.what, reply.failure.problem.remedy);
  return healthy('the console lets the relay ask how Traveler is; whether it may do more shows with the first action');
}
