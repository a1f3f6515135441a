/** docs/scaling.md: what grows with what, and the limits, batch sizes and times that are built in, each from its constant. */
import { listingShards } from '#adapters/dynamodb/keys';
import { mostActions, partSize } from '#domain/messages/bulk';
import { devicesPerBatch } from '#domain/outbound/upload';
import { mostListed } from '#domain/quarantine/guard';
import { heartbeat, longestMessageBytes, socketLimits } from '#domain/relay/relay-protocol';
import { functionSpecs, queueSpecs } from '#infra/cloud/function-specs';
import { configurationLimits } from './configuration-limits.ts';
import { constantOf } from './constants.ts';
import { head, notice, page, row } from './page.ts';

const number = (value: number): string => value.toLocaleString('en');
const kilobytes = (bytes: number): string => `${bytes / 1024} KB`;
const link = (file: string): string => `[${file.split('/').at(-1)}](../${file})`;

type Limit = { what: string; size: string; file: string };
const imported = (what: string, size: string, file: string): Limit => ({ what, size, file });
/** `name`: of the constant in `file`. */
const limit = (what: string, file: string, name: string): Limit => ({ what, size: number(constantOf(file, name)), file });

const gather = 'lambdas/functions/gather';
const evaluate = 'lambdas/functions/evaluate';
const tables = 'lambdas/adapters/dynamodb';

const limits = (): readonly Limit[] => [
  limit('Bytes per device in the manifest', 'lambdas/domain/gather/manifest.ts', 'entryBytes'),
  limit(
    'Devices per shard of the manifest, just after the number of shards has grown',
    'lambdas/domain/gather/manifest.ts',
    'targetPerShard',
  ),
  limit(
    'Devices per shard of the manifest above which the number of shards grows',
    'lambdas/domain/gather/manifest.ts',
    'mostPerShard',
  ),
  imported('Shards in which the devices of a source are listed', number(listingShards.length), `${tables}/keys.ts`),
  limit('Devices that a gather stores in one batch', `${gather}/process-list.ts`, 'batchSize'),
  limit('Rows that a gather has in hand; above it the list waits', `${gather}/process-list.ts`, 'inHand'),
  limit('Users per evaluation message', 'lambdas/adapters/evaluations-queue.ts', 'usersPerMessage'),
  limit('Users of one evaluation message that are evaluated at once', `${evaluate}/evaluate.ts`, 'usersAtOnce'),
  imported('Actions in one request', number(mostActions), 'lambdas/domain/messages/bulk.ts'),
  imported('Actions per part of a bulk', number(partSize), 'lambdas/domain/messages/bulk.ts'),
  limit(
    'Actions in one request that are answered at once; more are a bulk',
    'lambdas/functions/api/action-routes.ts',
    'answeredAtOnce',
  ),
  limit('Enrolments in one import request', 'lambdas/functions/api/enrolment-import.ts', 'mostEnrolments'),
  limit('Lines added to the hash chain in one transaction', `${tables}/journal/hash-chain.ts`, 'linesAtOnce'),
  limit('Journal lines per invocation of the function that publishes', 'infra/cloud/journal-outbox.ts', 'batchSize'),
  limit('Events per call to the bus', 'lambdas/adapters/event-bus.ts', 'mostEntries'),
  imported('Devices per batch of the upload', number(devicesPerBatch), 'lambdas/domain/outbound/upload.ts'),
  imported('Devices that a guard lists', number(mostListed), 'lambdas/domain/quarantine/guard.ts'),
  imported('Longest message of a relay', kilobytes(longestMessageBytes), 'lambdas/domain/relay/relay-protocol.ts'),
  imported('Longest frame of the socket', kilobytes(socketLimits.frameBytes), 'lambdas/domain/relay/relay-protocol.ts'),
  imported('Life of a socket connection', `${socketLimits.lifeMs / 3_600_000} hours`, 'lambdas/domain/relay/relay-protocol.ts'),
  imported('Lease of a relay without a ping', `${heartbeat.leaseMs / 1000} seconds`, 'lambdas/domain/relay/relay-protocol.ts'),
];

const kept = (): readonly Limit[] =>
  [
    limit('Actions, after their end', `${tables}/actions/ledger-item.ts`, 'keptSeconds'),
    limit('Runs of gathers', `${tables}/gather/runs.ts`, 'keptSeconds'),
    limit('Bulks', `${tables}/actions/bulk-staging.ts`, 'keptSeconds'),
    limit('Parts of enrolment snapshots', `${tables}/enrolments/snapshots.ts`, 'keptSeconds'),
  ].map(({ what, file }) => ({ what, file, size: `${constantOf(file, 'keptSeconds') / 86_400} days` }));

const limitRows = (all: readonly Limit[]): string[] => all.map(({ what, size, file }) => row(what, size, link(file)));

const growth: readonly (readonly [work: string, growsWith: string, boundedBy: string])[] = [
  [
    'Gather: requests to the source',
    'Pages of the list; full records of new and moving devices, and of those whose turn it is in the rotation',
    'The `concurrency` of the source',
  ],
  ['Gather: reads', 'The manifest, and the stored devices among the changed and due ones', 'One gather per source'],
  [
    'Gather: writes',
    'Changed devices and their journal lines; a fixed number for lease, run and source',
    'Nothing is written for a device that did not change',
  ],
  ['Gather: memory', 'The manifest', 'Rows in hand'],
  [
    'Evaluation',
    'Users with news; all users after a baseline, new settings, or a change of the enrolment feed',
    'Concurrent workers; a second queue for bulk work',
  ],
  ['Actions', 'Requests', 'The `concurrency` of each source, across all workers and its gather'],
  ['Plan', 'One scan of all devices; memory with the enrolments', 'The time-out of the API'],
  ['Journal and events', 'Changes', 'One chain per source: its lines are added one transaction at a time'],
  [
    'Lists in console and API',
    'The page, for devices that wait, are blocked or undetermined; otherwise the devices examined',
    'A number of devices per request; the cursor continues',
  ],
  ['Relay: bytes sent', 'Changed devices', 'Two messages when nothing changed'],
];

export function scalingPage(): string {
  return page([
    notice('infra/docs/scaling.ts and the constants that it names'),
    '# Scaling',
    '',
    'What grows with what, and which limits are built in. Measured figures are on the [bench page](bench.md) only; `npm run bench -- --rows 6` measures how a steady gather grows.',
    'Terms: [glossary](glossary.md).',
    '',
    '## What grows with what',
    '',
    ...head('Work', 'Grows with', 'Bounded by'),
    ...growth.map((cells) => row(...cells)),
    '',
    'A source is the unit of everything that happens in order: one gather, one lease, one manifest, one hash chain, one limit of requests. Sources share the workers below.',
    '',
    '## Configuration',
    '',
    ...head('Option', 'Default', 'Range', 'Effect'),
    ...configurationLimits().map(({ option, usual, range, effect }) => row(`\`${option}\``, usual, range, effect)),
    '',
    '## Queues and workers',
    '',
    `A message that its worker did not finish is redelivered after ${constantOf('infra/cloud/work-queue.ts', 'hiddenTimes')} × the function's time-out ([record 31](decisions/0031-hidden-messages.md)).`,
    '',
    ...head('Queue', 'Function', 'In order', 'Batch', 'Workers at once', 'Time-out', 'Deliveries before the dead-letter queue'),
    ...Object.entries(queueSpecs).map(([queue, { worker, fifo, batchSize, maximumConcurrency, tries }]) =>
      row(
        `\`${queue}\``,
        `\`${worker}\``,
        fifo ? 'per group' : 'no',
        String(batchSize),
        String(maximumConcurrency),
        `${functionSpecs[worker].timeoutSeconds} s`,
        String(tries),
      ),
    ),
    '',
    'The group is the device for actions, the part for bulks, the snapshot for enrolments.',
    '',
    '## Batches, shards and limits',
    '',
    ...head('What', 'Size', 'In'),
    ...limitRows(limits()),
    '',
    '## How long things are kept',
    '',
    ...head('What', 'Kept for', 'In'),
    ...limitRows(kept()),
    '',
    'Devices, decisions, enrolments and the journal are kept until somebody deletes them.',
  ]);
}
