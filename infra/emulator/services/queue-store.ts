/**
 * fauxqs' queues on SQLite in the data folder. Its start function binds every network interface, so its parts are
 * assembled here, with three fixes to its persistence: a message returned to its queue at once is stored as
 * such (it wrote NULL into a NOT NULL column and lost the message until the next start), a receive that moves messages to
 * the dead-letter queue is one transaction (a kill between its two steps lost the message), and commits wait for the
 * operating system only, not for the disk.
 */
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { buildApp } from 'fauxqs';
import type { QueueResource } from '#infra/emulator/model';

export type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type QueueStore = Stores['sqsStore'];
type Queue = ReturnType<QueueStore['createQueue']>;
type Persistence = NonNullable<QueueStore['persistence']>;
/** With the members that its declarations keep private. */
type Opened = Omit<Persistence, never> & { db: DatabaseSync; transaction(work: () => void): void };

export type QueueStores = { stores: Stores; close(): void };

/** Opens the stored queues and creates the missing ones. Attributes are set from the model on each start. */
export async function openQueueStores(dataDir: string, queues: readonly QueueResource[]): Promise<QueueStores> {
  const parts = await loadParts();
  const stores: Stores = { sqsStore: new parts.SqsStore(), snsStore: new parts.SnsStore(), s3Store: new parts.S3Store() };
  const persistence = new parts.PersistenceManager(dataDir);
  fixReturn(persistence);
  updateStored(persistence.db, queues);
  persistence.loadSqsAndSns(stores.sqsStore, stores.snsStore);
  const writer = persistence as unknown as Persistence;
  stores.sqsStore.persistence = writer;
  for (const { name, url, arn, attributes } of queues)
    if (!stores.sqsStore.getQueueByName(name)) stores.sqsStore.createQueue(name, url, arn, complete(attributes));
  for (const queue of stores.sqsStore.allQueues()) {
    queue.persistence = writer;
    fixReceive(queue, persistence);
  }
  return { stores, close: () => persistence.close() };
}

/** Adds the attributes that CreateQueue adds to a FIFO queue. */
function complete(attributes: Record<string, string>): Record<string, string> {
  return attributes.FifoQueue === 'true' ? { ContentBasedDeduplication: 'false', ...attributes } : attributes;
}

/**
 * Sets the model's address and attributes on the stored queues. The receivers of messages in flight ended with the previous
 * stack, so these messages are visible again at once instead of after their visibility time-out; their receive counts remain.
 */
function updateStored(db: DatabaseSync, queues: readonly QueueResource[]): void {
  db.exec('PRAGMA synchronous = NORMAL');
  db.exec('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL');
  const update = db.prepare('UPDATE sqs_queues SET url = ?, arn = ?, attributes = ? WHERE name = ?');
  for (const { name, url, arn, attributes } of queues) update.run(url, arn, JSON.stringify(complete(attributes)), name);
}

function fixReturn(persistence: Opened): void {
  const release = persistence.db.prepare(
    'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?',
  );
  persistence.updateMessageReady = (messageId: string) => void release.run(messageId);
}

function fixReceive(queue: Queue, persistence: Opened): void {
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (...args) => {
    let received: ReturnType<typeof dequeue> = [];
    persistence.transaction(() => {
      received = dequeue(...args);
    });
    return received;
  };
}

type Parts = {
  SqsStore: new () => QueueStore;
  SnsStore: new () => Stores['snsStore'];
  S3Store: new () => Stores['s3Store'];
  PersistenceManager: new (dataDir: string) => Opened;
};

/** Loads modules of the pinned version that its package does not export. */
async function loadParts(): Promise<Parts> {
  const manifest = findPackageJSON('fauxqs', import.meta.url);
  if (manifest === undefined) throw new Error('The package fauxqs is not installed. Run npm ci.');
  const files = ['sqs/sqsStore.js', 'sns/snsStore.js', 's3/s3Store.js', 'persistence.js'];
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(dirname(manifest), 'dist', file)).href) as Promise<Partial<Parts>>),
  );
  return Object.assign({}, ...modules) as Parts;
}
