/**
 * Row 16: actions drained. The queue holds that many blocks; act processes them as its mapping would: ten processes, each with
 * one batch of ten at a time, each within the slots that it can lease of the source; on a real database and a Traveler server
 * each of whose answers takes 20 ms. The limit is what that server takes at most: as many requests at once as the source allows,
 * 20 ms each; an action needs three (read, write, read back).
 */

import pMap from 'p-map';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { ledgerItem } from '#adapters/dynamodb/actions/ledger-item';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { travelerSource } from '#adapters/traveler/source';
import type { Action } from '#domain/actions/action';
import type { Device } from '#domain/devices/device';
import type { ActionMessage } from '#domain/messages/queue-messages';
import { queueSpecs } from '#infra/cloud/function-specs';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { aRequest, newDevice } from '#test/fixtures/spine';
import { forkAct } from './act-process.ts';
import { bareClient, hrefsOf } from './bare-client.ts';

import { concurrency } from './gather-world.ts';

import type { Row } from './row.ts';
import { forkSimulator, type SimulatorProcess } from './simulator-process.ts';

const upstreamMs = 20;
const requestsEach = 3;
const mark = 0.8;
/** How many requests the source takes at once: few enough that the actions wait for it, and not for this machine. */
const fewAtOnce = 8;
/** The first ones warm up the compiler: each process has had ten batches before the clock starts. */
const warmUp = 1_000;
const { batchSize, maximumConcurrency } = queueSpecs.actions;

export async function drainRow({ full = false }: { full?: boolean } = {}): Promise<Row> {
  const actions = full ? 10_000 : 2_000;
  const measured = await drainedAt(fewAtOnce, actions);
  const wider = await drainedAt(concurrency, actions);
  const scaled = full ? '' : `; ${actions.toLocaleString('en')} measured, --full drains 10,000`;
  return {
    row: 16,
    measure: `actions drained, upstream ${upstreamMs} ms: ${measured.rate.toFixed(0)} a second`,
    value: measured.share,
    unit: 'of the limit',
    against: `${fewAtOnce} at once / ${upstreamMs} ms / ${requestsEach} requests each: ${limitOf(fewAtOnce).toFixed(0)} a second`,
    mark: `at least ${mark}`,
    met: measured.share >= mark,
    note: `a bare client gets ${measured.bare.toFixed(0)} a second through the same server in the same run. With ${concurrency} at once ${maximumConcurrency} act processes, one database and one server fill this machine's processors: ${wider.rate.toFixed(0)} a second, ${wider.share.toFixed(2)} of that limit, at ${wider.cpuMs.toFixed(1)} ms of processor an action in act alone${scaled}`,
  };
}

const limitOf = (atOnce: number): number => (atOnce * 1000) / upstreamMs / requestsEach;

async function drainedAt(atOnce: number, actions: number) {
  const world = await drainWorld(actions + warmUp, atOnce);
  try {
    const { ms, cpuMs } = await world.drain();
    const rate = (actions / ms) * 1000;
    return { rate, share: rate / limitOf(atOnce), cpuMs: cpuMs / actions, bare: await world.bareRate(actions / 4) };
  } finally {
    await world.stop();
  }
}

async function drainWorld(count: number, atOnce: number) {
  const [simulator, database] = await Promise.all([forkSimulator(count), startDynamoDb()]);
  const { url, credentials } = simulator;
  const actions = await seed(simulator, database);
  const workers = await pMap(Array.from({ length: maximumConcurrency }), (_, nth) =>
    forkAct({ endpoint: database.endpoint, url, credentials, concurrency: atOnce, name: `act ${nth}` }),
  );
  await simulator.send({ faults: [{ kind: 'delay', ms: upstreamMs, on: 'any' }] });
  const totals = { awake: 0, cpuMs: 0 };

  async function processActions(some: readonly Action[]): Promise<void> {
    const waiting = some.map(({ sourceId, user, deviceId, actionId }): ActionMessage => ({ sourceId, user, deviceId, actionId }));
    await pMap(workers, async (worker) => {
      for (let batch = waiting.splice(0, batchSize); batch.length > 0; batch = waiting.splice(0, batchSize)) {
        const { again, awake, cpuMs } = await worker.work(batch);
        waiting.push(...again);
        totals.awake += awake;
        totals.cpuMs += cpuMs;
      }
    });
  }

  return {
    /** Milliseconds until every action is confirmed, without the first ones. Throws when one is not. */
    async drain(): Promise<{ ms: number; cpuMs: number }> {
      await processActions(actions.slice(0, warmUp));
      const before = totals.cpuMs;
      const from = performance.now();
      await processActions(actions.slice(warmUp));
      const ms = performance.now() - from;
      if (totals.awake !== actions.length) throw new Error(`${totals.awake} of ${actions.length} actions came to an end`);
      const book = ledger(database.client, database.tables);
      for (const { actionId } of actions.filter((_, nth) => nth % 97 === 0)) {
        const ended = await book.read(actionId);
        if (ended?.state !== 'confirmed') throw new Error(`Action ${actionId} is ${ended?.state}, not confirmed`);
      }
      return { ms, cpuMs: totals.cpuMs - before };
    },
    /** Actions a second of a client that makes the same three requests for each and does nothing else. */
    async bareRate(many: number): Promise<number> {
      const bare = bareClient(simulator, atOnce);
      try {
        const hrefs = hrefsOf(await bare.list()).slice(0, many);
        const from = performance.now();
        const asked = hrefs.flatMap((href) => Array.from({ length: requestsEach }, () => href));
        await pMap(asked, (href) => bare.get(href), { concurrency: atOnce });
        return (hrefs.length * 1000) / (performance.now() - from);
      } finally {
        await bare.close();
      }
    },
    async stop() {
      await Promise.all([...workers.map((worker) => worker.stop()), simulator.stop(), database.stop()]);
    },
  };
}

/** A block of every device that the server lists, stored as it is when its message is in the queue. */
async function seed({ url, credentials }: SimulatorProcess, { client, tables }: TestDatabase): Promise<Action[]> {
  const source = travelerSource({ baseUrl: url, credentials: async () => credentials, concurrency });
  const wanted: Action[] = [];
  try {
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
      const stored = asked.map((action) => ledgerItem(action, 1));
      await Promise.all([putAll(client, tables.devices, shown), putAll(client, tables.actions, stored)]);
      wanted.push(...asked);
    }
  } finally {
    await source.close();
  }
  return wanted;
}
