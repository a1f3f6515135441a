/**
 * One Traveler user at one source, as `decide` sees them: a single Query of the Devices partition returns devices, decisions,
 * withdrawals and links. Verdicts are written only while the device is unchanged since it was read.
 */
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { ledgerItem } from '#adapters/dynamodb/actions/ledger-item';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { movingKey, verdictKeys } from '#adapters/dynamodb/devices/device-items';
import { timelineItem } from '#adapters/dynamodb/journal/timeline';
import { deviceSk, indexes, parseUserPk, userPk } from '#adapters/dynamodb/keys';
import { allItems, queryItems } from '#adapters/dynamodb/query-pages';
import { refusedBy } from '#adapters/dynamodb/transactions';
import type { Action } from '#domain/actions/action';
import { type Device, device, type ExplainedVerdict, type Match, type UserKey } from '#domain/devices/device';
import { type Link, link } from '#domain/enrolment/enrolment';
import type { TimelineEntry } from '#domain/journal/timeline';
import { type Decision, decision, type Withdrawal, withdrawal } from '#domain/quarantine/decision';

export type UserRecord = { devices: Device[]; decisions: Decision[]; withdrawals: Withdrawal[]; links: Link[] };

/** What an evaluation changes on one device. `before`: the device as it was read; the write is conditional on it. */
export type VerdictWrite = {
  before: Device;
  verdict: ExplainedVerdict;
  match: Match;
  heldSince: number | null;
  entries: readonly TimelineEntry[];
  /** A new action to be put in the ledger in the same transaction. */
  action: Action | null;
  /** What the device shows as its open action afterwards. */
  openAction: Device['openAction'];
};
/** `overtaken`: the device changed since it was read. `known`: the ledger already has an action with that id. */
export type VerdictWritten = 'written' | 'overtaken' | 'known';

export type UserTables = { devices: string; actions: string; journal: string };
export type UserStore = ReturnType<typeof userStore>;

export const emptyUser = (): UserRecord => ({ devices: [], decisions: [], withdrawals: [], links: [] });

/** Adds one item of a user's partition to their record. */
export function takeUserItem(record: UserRecord, item: Record<string, unknown>): void {
  const sk = String(item.sk);
  if (sk.startsWith('device|')) record.devices.push(device.parse(item));
  else if (sk.startsWith('decision|')) record.decisions.push(decision.parse(item));
  else if (sk.startsWith('withdrawal|')) record.withdrawals.push(withdrawal.parse(item));
  else if (sk.startsWith('link|')) record.links.push(link.parse(item));
}

/** Users whose partitions are read concurrently. */
const usersAtOnce = 8;

export function userStore(client: DocumentClient, tables: UserTables) {
  return {
    /** Everything stored about a user. Strongly consistent. */
    readUser: (key: UserKey): Promise<UserRecord> => readUser(client, tables.devices, key),

    /** The same for several users, in the order of their keys; a user who is not stored has an empty record. */
    readUsers: (keys: readonly UserKey[]): Promise<UserRecord[]> =>
      pMap(keys, (key) => readUser(client, tables.devices, key), { concurrency: usersAtOnce }),

    /** Writes verdict, match, timeline and new action of one device, all or nothing. */
    recordVerdict: (write: VerdictWrite): Promise<VerdictWritten> => recordVerdict(client, tables, write),

    /** Traveler users of a source whose common name is this one (lower case), each once. Eventually consistent. */
    async travelerUsersNamed(sourceId: string, nameKey: string): Promise<string[]> {
      const items = await allItems(client, {
        TableName: tables.devices,
        IndexName: indexes.byName,
        KeyConditionExpression: 'nameKey = :name AND begins_with(pk, :source)',
        ExpressionAttributeValues: { ':name': nameKey, ':source': `${sourceId}|` },
      });
      return [...new Set(items.map((item) => parseUserPk(String(item.pk)).user))];
    },
  };
}

async function readUser(client: DocumentClient, table: string, key: UserKey): Promise<UserRecord> {
  const found = emptyUser();
  const query = {
    TableName: table,
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': userPk(key) },
    ConsistentRead: true,
  };
  for await (const item of queryItems(client, query)) takeUserItem(found, item);
  return found;
}

async function recordVerdict(client: DocumentClient, tables: UserTables, write: VerdictWrite): Promise<VerdictWritten> {
  const codes = await refusedBy(client.send(new TransactWriteCommand({ TransactItems: transaction(tables, write) })));
  if (codes === null) return 'written';
  return codes[0] === 'None' && codes[1] === 'ConditionalCheckFailed' && write.action ? 'known' : 'overtaken';
}

function transaction(tables: UserTables, write: VerdictWrite): NonNullable<TransactWriteCommandInput['TransactItems']> {
  const { before, action } = write;
  return [
    { Update: deviceUpdate(tables.devices, write) },
    ...(action
      ? [
          {
            Put: {
              TableName: tables.actions,
              Item: ledgerItem(action, 1),
              ConditionExpression: 'attribute_not_exists(actionId)',
            },
          },
        ]
      : []),
    ...write.entries.map((entry) => ({ Put: { TableName: tables.journal, Item: timelineItem(before, entry) } })),
  ];
}

/** Conditional on what the verdict rests on: registration, what the server shows, our own block, action and verdict. */
function deviceUpdate(table: string, { before, verdict, match, heldSince, openAction }: VerdictWrite) {
  const moving = movingKey({ ...before, heldSince, openAction });
  const listed = verdictKeys({ ...before, verdict, heldSince });
  // Once it is neither blocked nor held, it no longer matters that somebody lifted our block.
  const clearsOverruled = before.overruled && verdict.verdict !== 'block' && verdict.verdict !== 'hold';
  const removes = [
    ...(moving === null ? ['moving'] : []),
    ...(listed === null ? ['verdictKey', 'verdictSince'] : []),
    ...(clearsOverruled ? ['overruled'] : []),
  ];
  return {
    TableName: table,
    Key: { pk: userPk(before), sk: deviceSk(before.deviceId) },
    UpdateExpression: `SET verdict = :verdict, #match = :match, heldSince = :heldSince, openAction = :open${
      moving === null ? '' : ', moving = :moving'
    }${listed === null ? '' : ', verdictKey = :verdictKey, verdictSince = :verdictSince'}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
    ConditionExpression: [
      'registeredAt = :registeredAt',
      'observedSeq = :observedSeq',
      'presence = :presence',
      'baselineRun = :baselineRun',
      'denial = :denial',
      'openAction = :openBefore',
      'verdict = :verdictBefore',
    ].join(' AND '),
    ExpressionAttributeNames: { '#match': 'match' },
    ExpressionAttributeValues: {
      ':verdict': verdict,
      ':match': match,
      ':heldSince': heldSince,
      ':open': openAction,
      ...(moving === null ? {} : { ':moving': moving }),
      ...(listed === null ? {} : { ':verdictKey': listed.verdictKey, ':verdictSince': listed.verdictSince }),
      ':registeredAt': before.registeredAt,
      ':observedSeq': before.observedSeq,
      ':presence': before.presence,
      ':baselineRun': before.baselineRun,
      ':denial': before.denial,
      ':openBefore': before.openAction,
      ':verdictBefore': before.verdict,
    },
  };
}
