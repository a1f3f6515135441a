/**
 * Row 16: actions drained. So many blocks lie in the queue; act works them off as its mapping would call it (batches of ten, ten
 * at once, each within the slots that it can lease of the source), on a real database in its own process and a Traveler server
 * in its own, each of whose answers takes 20 ms. The floor is what that server takes at most: as many requests at once as the source allows, 20 ms each; an action needs three
 * (read, write, read back).
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { SQSRecord } from 'aws-lambda';
import pMap from 'p-map';
import { actionOutgoing } from '#adapters/action-queue';
import { actedDevices } from '#adapters/dynamodb/acted-device';
import { putAll } from '#adapters/dynamodb/batches';
import { deviceItem } from '#adapters/dynamodb/device-items';
import { ledger } from '#adapters/dynamodb/ledger';
import { ledgerItem } from '#adapters/dynamodb/ledger-item';
import { slotStore } from '#adapters/dynamodb/slots';
import { sourceStore } from '#adapters/dynamodb/sources';
import { wipeCounts } from '#adapters/dynamodb/wipe-counts';
import { travelerSource } from '#adapters/traveler/source';
import type { Action } from '#domain/action';
import type { Device } from '#domain/device';
import { actionMessage } from '#domain/messages';
import { act } from '#functions/act/act';
import { economical } from '#functions/act/economy';
import { sideBySide } from '#functions/act/side-by-side';
import { startDynamoDb } from '#test/fixtures/dynamodb';
import { relaySide } from '#test/fixtures/relay-side';
import { aRequest, newDevice, sourceId } from '#test/fixtures/spine';
import { bareClient, hrefsOf } from './bare-client.ts';
import { concurrency } from './gather-world.ts';
import type { Row } from './row.ts';
import { forkSimulator } from './simulator-process.ts';

const upstreamMs = 20;
const requestsEach = 3;
const mark = 0.8;
/** As the event source mapping of act: messages a batch, batches at once. */
const batch = { size: 10, atOnce: 10 };

export async function drainRow({ full = false }: { full?: boolean } = {}): Promise<Row> {
  const actions = full ? 10_000 : 2_000;
  const world = await drainWorld(actions);
  try {
    const used = process.cpuUsage();
    const ms = await world.drain();
    const { user, system } = process.cpuUsage(used);
    const cpuMs = (user + system) / 1000 / actions;
    const rate = (actions / ms) * 1000;
    const floor = (concurrency * 1000) / upstreamMs / requestsEach;
    const value = rate / floor;
    const bare = await world.bareRate(actions / 4);
    const scaled = full ? '' : `; ${actions.toLocaleString('en')} measured, --full drains 10,000`;
    return {
      row: 16,
      measure: `actions drained, upstream ${upstreamMs} ms: ${rate.toFixed(0)} a second`,
      value,
      unit: 'of the limit',
      against: `${concurrency} at once / ${upstreamMs} ms / ${requestsEach} requests each: ${floor.toFixed(0)} a second`,
      mark: `at least ${mark}`,
      met: value >= mark,
      note: `one act process, one database and one server share this machine; act uses ${cpuMs.toFixed(1)} ms of processor an action. A bare client gets ${bare.toFixed(0)} a second through the same server in the same run: of that it is ${(rate / bare).toFixed(2)}${scaled}`,
    };
  } finally {
    await world.stop();
  }
}

async function drainWorld(count: number) {
  const [simulator, database] = await Promise.all([forkSimulator(count), startDynamoDb()]);
  const { client, tables } = database;
  const source = travelerSource({ baseUrl: simulator.url, credentials: async () => simulator.credentials, concurrency });
  const actions = await seed();
  await simulator.tell({ faults: [{ kind: 'delay', ms: upstreamMs, on: 'any' }] });
  let awake = 0;
  // As each function process has: one client of the database, and what a batch asks for at the same moment asked for once.
  const dependencies = () =>
    economical({
      ledger: ledger(client, tables),
      devices: actedDevices(client, tables.devices),
      sources: sourceStore(client, tables.control),
      reach: () => ({ how: 'direct', source }),
      link: relaySide(client, tables.control, Date.now).link,
      wipes: wipeCounts(client, tables.control),
      maxWipesPerHour: 10,
      alarm: () => undefined,
      evaluations: {
        send: async (messages) => {
          awake += messages.length;
        },
      },
      now: Date.now,
      random: Math.random,
      pause: (ms) => pause(ms),
      worker: 'bench',
    });
  const slots = slotStore(client, tables.control);
  const records = actions.map(recordOf);

  async function worker(holder: string): Promise<void> {
    const carryOut = act(dependencies());
    const bounds = {
      slots,
      limitOf: () => concurrency,
      now: Date.now,
      random: Math.random,
      pause: (ms: number) => pause(ms),
      full: new Map<string, number>(),
    };
    for (let some = records.splice(0, batch.size); some.length > 0; some = records.splice(0, batch.size)) {
      const until = Date.now() + 100_000;
      await sideBySide(bounds, {
        records: some,
        sourceOf: () => sourceId,
        each: ({ body, attributes }, { slots: mine }) => {
          if (mine === null) records.push(...some.filter((one) => one.body === body));
          if (mine === null) return Promise.resolve();
          const delivery = { queuedAt: Number(attributes.SentTimestamp), until, slots: mine };
          return carryOut(actionMessage.parse(JSON.parse(body)), delivery);
        },
        onFailure: (_, error) => {
          throw error;
        },
        holder,
        until,
      });
    }
  }

  async function seed(): Promise<Action[]> {
    const wanted: Action[] = [];
    for await (const { devices } of source.pages()) {
      const now = Date.now();
      const some = devices.map((row): Device => newDevice({ ...row, baselineRun: 'seed', now }));
      const asked = some.map((device, nth) => {
        const actionId = `drain ${wanted.length + nth}`;
        return aRequest(device, { actionId, type: 'block', requestedAt: now, state: 'queued' });
      });
      const shown = some.map((device, nth) => {
        const { actionId = '', type = 'block', state = 'queued' } = asked[nth] ?? {};
        return deviceItem({ ...device, openAction: { actionId, type, state } });
      });
      await Promise.all([
        putAll(client, tables.devices, shown),
        putAll(
          client,
          tables.actions,
          asked.map((action) => ledgerItem(action, 1)),
        ),
      ]);
      wanted.push(...asked);
    }
    return wanted;
  }

  return {
    /** Milliseconds until every action is confirmed. Throws when one is not. */
    async drain(): Promise<number> {
      const from = performance.now();
      await Promise.all(Array.from({ length: batch.atOnce }, (_, nth) => worker(`worker ${nth}`)));
      const ms = performance.now() - from;
      if (awake !== actions.length) throw new Error(`${awake} of ${actions.length} actions came to an end`);
      const book = ledger(client, tables);
      for (const { actionId } of actions.filter((_, nth) => nth % 97 === 0)) {
        const ended = await book.read(actionId);
        if (ended?.state !== 'confirmed') throw new Error(`Action ${actionId} is ${ended?.state}, not confirmed`);
      }
      return ms;
    },
    /** Actions a second of a client that asks the same three times for each and does nothing else. */
    async bareRate(many: number): Promise<number> {
      const bare = bareClient(simulator, concurrency);
      try {
        const hrefs = hrefsOf(await bare.list()).slice(0, many);
        const from = performance.now();
        const asked = hrefs.flatMap((href) => Array.from({ length: requestsEach }, () => href));
        await pMap(asked, (href) => bare.get(href), { concurrency });
        return (hrefs.length * 1000) / (performance.now() - from);
      } finally {
        await bare.close();
      }
    },
    async stop() {
      await source.close();
      await Promise.all([simulator.stop(), database.stop()]);
    },
  };
}

function recordOf(action: Action): SQSRecord {
  const { body, group = '' } = actionOutgoing(action);
  return {
    messageId: action.actionId,
    receiptHandle: action.actionId,
    body: JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(action.requestedAt),
      SenderId: 'bench',
      ApproximateFirstReceiveTimestamp: String(action.requestedAt),
      MessageGroupId: group,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn',
    awsRegion: 'us-east-1',
  };
}
