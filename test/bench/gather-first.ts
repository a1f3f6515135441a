/**
 * Rows 3 and 4: the first gather of a source whose full records take 20 ms each, against the same requests with the answers
 * discarded, and against a plain script that requests one record and stores it before it requests the next.
 */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import pMap from 'p-map';
import { clientOf, startDynamoDb } from '#test/fixtures/dynamodb';
import { type BareClient, bareClient, hrefsOf } from './bare-client.ts';
import { concurrency, gatherWorld } from './gather-world.ts';
import type { Row } from './row.ts';

const devices = 5_000;
const detailMs = 20;
const sampled = 400;
const floorMark = 1.3;
const rivalMark = 10;

/** `full`: the plain script goes through all devices (two minutes) instead of a sample, scaled. */
export async function firstRows({ full }: { full: boolean }): Promise<Row[]> {
  const world = await gatherWorld(devices);
  const bare = bareClient(world.simulator, concurrency);
  try {
    await world.simulator.send({ faults: [{ kind: 'delay', ms: detailMs, on: 'detail' }] });
    await bare.list();
    const floor = await timed(() => sameRequests(bare));
    const { ms, run } = await world.gather();
    if (run.counts.added !== devices) throw new Error(`${run.counts.added} of ${devices} devices were stored`);
    const some = full ? devices : sampled;
    const rival = (await timed(() => plainScript(bare, some))) * (devices / some);
    return [floorRow(ms, floor), rivalRow(ms, rival, some)];
  } finally {
    await bare.close();
    await world.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function sameRequests(bare: BareClient): Promise<void> {
  await pMap(hrefsOf(await bare.list()), (href) => bare.get(href), { concurrency });
}

async function plainScript(bare: BareClient, count: number): Promise<void> {
  const database = await startDynamoDb();
  const client = clientOf(database.endpoint);
  for (const href of hrefsOf(await bare.list()).slice(0, count)) {
    const { data } = JSON.parse(await bare.get(href)) as { data: Record<string, string> };
    const Item = marshall({ ...data, pk: data.username, sk: data.deviceid });
    await client.send(new PutItemCommand({ TableName: database.tables.control, Item }));
  }
  client.destroy();
  await database.stop();
}

const size = `${devices.toLocaleString('en')} devices, details ${detailMs} ms each`;

function floorRow(ms: number, floor: number): Row {
  const value = ms / floor;
  return {
    row: 3,
    measure: `first gather, ${size}: ${(ms / 1000).toFixed(1)} s`,
    value,
    unit: 'x',
    against: `same requests, ${concurrency} at once, answers thrown away: ${(floor / 1000).toFixed(1)} s`,
    mark: `at most ${floorMark} x`,
    met: value <= floorMark,
  };
}

function rivalRow(ms: number, rival: number, some: number): Row {
  const value = rival / ms;
  return {
    row: 4,
    measure: `first gather, ${size}: ${(ms / 1000).toFixed(1)} s`,
    value,
    unit: 'times faster',
    against: `plain script, one detail and one PutItem at a time: ${(rival / 1000).toFixed(0)} s`,
    mark: `at least ${rivalMark} times faster`,
    met: value >= rivalMark,
    ...(some === devices ? {} : { note: `the script was timed on ${some} devices and scaled; --full times all of them` }),
  };
}
