/** docs/errors.md: the consequences of each kind of failure, from the table that decides them, and what a person should do. */
import { wipeRetryMs } from '#domain/actions/after-reading';
import { type Consequence, consequences } from '#domain/actions/failure-consequences';
import { longestWait } from '#domain/actions/retry';
import { leftAloneMs, unreachablePause } from '#domain/actions/source-pause';
import { type FailureKind, failureKind } from '#domain/devices/source';
import { constantOf } from './constants.ts';
import { head, notice, page, row } from './page.ts';

const minutes = (ms: number): string => `${ms / 60_000} minutes`;
const unreadRecords = constantOf('lambdas/adapters/traveler/full-record.ts', 'mostSpared');

/** What each consequence means for the action. */
export const consequenceSentences: { [C in Consequence]: string } = {
  retry: `The action waits and is retried until its deadline: after 2, 4, 8 … seconds with full jitter, or after \`Retry-After\`; at most ${minutes(longestWait)} each time.`,
  'stop-source': `As \`retry\`, and all actions of the source pause for ${minutes(leftAloneMs)}. The source is tried once per pause and raises one alarm.`,
  reconcile: `The effect may be there or not: the action is \`unknown\`, and the device is read. If the effect is there, the action continues; if not, it is retried. A wipe is sent again only within ${minutes(wipeRetryMs)} of its attempt.`,
  fail: 'The action ends as `failed`, with a sentence that says what to do.',
};

/** `source`: what happens to the other actions of the source. */
type Explained = { arises: string; gather: string; source: string; remedy: string };
const failsRun = 'The run fails. What was stored stays, and nothing is concluded from the rest.';
const pausesIfAsked = 'Pause if the answer has `Retry-After`.';

/** Exhaustive: a new kind of failure does not compile without its row. */
export const failureSentences: { [K in FailureKind]: Explained } = {
  invalid: {
    arises: 'One record or address cannot be read. Others can.',
    gather: 'Continues. The record is read again by the next gather.',
    source: 'Continue.',
    remedy: 'Look for the record in the Traveler administration, and remove it if it is broken.',
  },
  refused: {
    arises: 'The address of a record or of the next page leads to another server. The password is not sent there.',
    gather: 'A record: as `invalid`. A page of the list: the run fails.',
    source: 'Continue.',
    remedy: 'If the server is behind a proxy, use the address that it gives for itself as `url` of the source.',
  },
  denied: {
    arises: 'The server rejects user and password (401), or the user lacks the right (403).',
    gather: `${failsRun} The next scheduled one is after an hour; with a corrected secret, within a minute.`,
    source: 'Pause.',
    remedy:
      '401: correct the password in the secret of the source; on premises, in the configuration of the relay. 403: give the user administrator rights in Traveler.',
  },
  busy: {
    arises: 'A write was turned away and not carried out (408, 429, 449), or the relay could not start it.',
    gather: `${failsRun} Approval settings are written again by the next one.`,
    source: pausesIfAsked,
    remedy: 'None at first. If it lasts, look at the load of the Traveler server.',
  },
  transient: {
    arises: 'A read got no answer, or one that says to try later (408, 429, 449, 5xx). For a write: the server was not reached.',
    gather: failsRun,
    source: 'Pause if the source cannot be reached, or the answer has `Retry-After`.',
    remedy: 'None at first. If it lasts, check network, DNS, firewall and the server itself. On premises: `relay doctor`.',
  },
  permanent: {
    arises:
      'The answer is not that of a Traveler server: a login page, malformed, too large, another 4xx, a list that contradicts itself, an untrusted certificate. Or the secret is missing.',
    gather: failsRun,
    source: 'Continue; each waits for itself.',
    remedy: 'Follow the message, which names address and cause. Waiting alone does not help.',
  },
  unknown: {
    arises: 'A write got no readable answer, or a 5xx, so it may have taken effect. Or the error was not foreseen.',
    gather: `${failsRun} Approval settings are read before they are written again.`,
    source: pausesIfAsked,
    remedy: 'None: the device is read back. For an error that was not foreseen, the log of the function has the details.',
  },
};

/** docs/errors.md */
export function errorsPage(): string {
  return page([
    notice('lambdas/domain/actions/failure-consequences.ts and infra/docs/errors.ts'),
    '# Errors',
    '',
    'Every error of a source or a service has one of these kinds. The kind decides what happens next, and whether a person has to do something. The message itself always has',
    'three parts: what happened, where, and what to do. Console, command line, API and alarms show the same message. Terms: [glossary](glossary.md).',
    '',
    ...kinds(),
    ...actions(),
    ...gathers(),
    ...services(),
    ...ours(),
  ]);
}

const kinds = (): string[] => [
  '## Kinds, and what to do',
  '',
  ...head('Kind', 'When', 'What to do'),
  ...failureKind.options.map((kind) => row(`\`${kind}\``, failureSentences[kind].arises, failureSentences[kind].remedy)),
  '',
];

const actions = (): string[] => [
  '## What happens to an action',
  '',
  'It depends on whether the device was being read or the write had begun.',
  '',
  ...head('Kind', 'While reading', 'While writing'),
  ...failureKind.options.map((kind) =>
    row(`\`${kind}\``, `\`${consequences[kind].reading}\``, `\`${consequences[kind].writing}\``),
  ),
  '',
  ...head('Consequence', 'Meaning'),
  ...Object.entries(consequenceSentences).map(([consequence, says]) => row(`\`${consequence}\``, says)),
  '',
  'A request is tried again a few times within an attempt before its failure counts, except a write that may have taken effect.',
  'At a SmartCloud source, a `denied` write is checked by reading: if that is denied too, it is the password, and the source pauses; if not, the user lacks the right, and the action fails.',
  '',
];

const gathers = (): string[] => [
  '## What happens to a gather, and to other actions of the source',
  '',
  ...head('Kind', 'Gather', 'Other actions'),
  ...failureKind.options.map((kind) => row(`\`${kind}\``, failureSentences[kind].gather, failureSentences[kind].source)),
  '',
  '- **A run that fails** shows its problem at the source until a gather succeeds.',
  `- **A single record** that cannot be read fails no run: any number that are \`invalid\` or \`refused\`, and, outside a baseline, up to ${unreadRecords} of the other kinds, but never`,
  '  `denied` and `busy`. They are read again by the next gather.',
  `- **A pause** is ${unreachablePause.firstMs / 1000} seconds, doubling up to ${minutes(longestWait)}, while the source cannot be reached; ${minutes(leftAloneMs)} after rejected credentials; or as long as`,
  `  \`Retry-After\` says, at most ${minutes(longestWait)}. When it is over, one action is sent to try the source. A gather that succeeds ends it too ([record 16](decisions/0016-sources-in-trouble.md)).`,
  '- **No relay is connected**: the run fails as `transient`, and the source shows no problem of its own; the state of its relays is shown with them.',
  '',
];

const services = (): string[] => [
  '## Other services',
  '',
  ...head('Kind', 'Portal (device list)', 'MaaS360', 'Mail'),
  row('`denied`', 'Retried after 15 minutes.', 'Retried after an hour.', 'Does not occur.'),
  row(
    '`busy`, `transient`',
    'Retried after 30 seconds, doubling up to 15 minutes, or after `Retry-After`. A batch has the same key each time.',
    'Retried at the next scheduled time, or after `Retry-After`.',
    'Retried after a minute.',
  ),
  row(
    '`permanent`',
    'The list of this source is retried after 15 minutes; other sources continue.',
    'Retried at the next scheduled time.',
    'Retried after 15 minutes.',
  ),
  row('`unknown`', 'Does not occur.', 'Retried at the next scheduled time.', 'Not sent again, so that nobody is notified twice.'),
  row(
    '`refused`',
    'Does not occur.',
    'The import would exceed the limits of the guard: nothing is applied, and the status says what to do.',
    'Does not occur.',
  ),
  '',
];

const ours = (): string[] => [
  '## Our own errors',
  '',
  'A table that cannot be reached, a conflict that does not resolve, a bug: the handler throws, and the message is redelivered. After [a few deliveries](scaling.md#queues-and-workers) it is in the dead-letter',
  'queue, an alarm names it, and [operations](operations.md#a-dead-letter-queue-is-not-empty) says what to do. Nothing is lost and nothing happens twice: see [consistency](consistency.md).',
  '',
  'Errors of the HTTP API are on the page of the [API](api.md), those of the relay on [its own](relay.md#when-the-light-is-red).',
];
