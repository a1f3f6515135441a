/**
 * What one steady day costs in the cloud, from counted units at list prices. Pure; what is assumed and not counted is listed
 * here.
 */

import { heartbeat } from '#domain/relay/relay-protocol';
import { listPrices as prices } from '#domain/runtime/list-prices';
import { functionSpecs, queueSpecs } from '#infra/cloud/function-specs';

/** Of one steady gather, as counted. `ownMs`: what it takes when the server answers at once. */
export type GatherCost = { reads: number; writes: number; pages: number; details: number; ownMs: number };
/** What exists regardless of load, as counted in the template. */
export type Standing = { alarms: number; keys: number; secrets: number; schedules: { function: FunctionName; aDay: number }[] };
export type CostLine = { of: string; cost: number };
type FunctionName = keyof typeof functionSpecs;

const assumed = {
  gathersADay: 96,
  /** How long a Traveler server takes to answer, for a page of 2,000 devices and for a full record; records 8 at a time. */
  pageMs: 300,
  detailMs: 100,
  detailsAtOnce: 8,
  /** Billed for a call that finds nothing to do, start included. */
  idleCallMs: 100,
  heartbeatCallMs: 30,
  /** A scheduled check of what may be due; what an answer to a heartbeat reads and writes (the lease, the connection). */
  scheduleReads: 3,
  heartbeatReads: 2,
  heartbeatWrites: 1,
  /** How AWS polls a queue for a function: the number of concurrent polls, and how long each waits. */
  pollers: 5,
  pollSeconds: 20,
  eventsAGather: 2,
  logBytesACall: 1_000,
  /** A device and its lines in the journal. */
  storedBytesADevice: 14_000,
};
const [million, gigabyte, daySeconds, monthDays] = [1e6, 1e9, 86_400, 30];

export function dailyCost(devices: number, gather: GatherCost, standing: Standing): CostLine[] {
  const beats = (daySeconds * 1000) / heartbeat.everyMs;
  const scheduled = standing.schedules.reduce((sum, { aDay }) => sum + aDay, 0);
  const calls = assumed.gathersADay + scheduled + beats;
  const gatherMs = gather.ownMs + gather.pages * assumed.pageMs + (gather.details / assumed.detailsAtOnce) * assumed.detailMs;
  const gigabyteSeconds =
    used('gather', assumed.gathersADay, gatherMs) +
    used('relay-socket', beats, assumed.heartbeatCallMs) +
    standing.schedules.reduce((sum, { function: name, aDay }) => sum + used(name, aDay, assumed.idleCallMs), 0);
  const reads = assumed.gathersADay * gather.reads + scheduled * assumed.scheduleReads + beats * assumed.heartbeatReads;
  const writes = assumed.gathersADay * gather.writes + beats * assumed.heartbeatWrites;
  const stored = (devices * assumed.storedBytesADevice) / gigabyte;
  return [
    { of: 'DynamoDB reads', cost: (reads / million) * prices.readUnits },
    { of: 'DynamoDB writes', cost: (writes / million) * prices.writeUnits },
    { of: 'DynamoDB storage and backup', cost: (stored * (prices.storage + prices.pointInTimeRecovery)) / monthDays },
    { of: 'Lambda time', cost: (gigabyteSeconds / million) * prices.functionSeconds },
    { of: 'Lambda requests', cost: (calls / million) * prices.functionRequests },
    { of: 'SQS', cost: polling() + (assumed.gathersADay * 3 * prices.queueRequests) / million },
    { of: 'EventBridge', cost: (assumed.gathersADay * assumed.eventsAGather * prices.events) / million },
    { of: 'Scheduler', cost: (scheduled * prices.scheduledStarts) / million },
    {
      of: 'WebSocket of one relay',
      cost: (beats * 2 * prices.socketMessages + (daySeconds / 60) * prices.socketMinutes) / million,
    },
    { of: 'logs', cost: ((calls * assumed.logBytesACall) / gigabyte) * prices.logs },
    {
      of: 'secrets',
      cost: (standing.secrets * prices.secrets) / monthDays + (assumed.gathersADay * prices.secretReadings) / million,
    },
    { of: 'alarms', cost: (standing.alarms * prices.alarms) / monthDays },
    { of: 'key', cost: (standing.keys * prices.keys) / monthDays },
  ];
}

const used = (name: FunctionName, times: number, ms: number) => (times * ms * functionSpecs[name].memoryMb) / 1024 / 1000;

/** AWS polls each queue all day, whether or not there is any work. */
function polling(): number {
  const asked = (assumed.pollers * daySeconds) / assumed.pollSeconds;
  const price = (fifo: boolean) => (fifo ? prices.fifoQueueRequests : prices.queueRequests);
  return Object.values(queueSpecs).reduce((sum, { fifo }) => sum + (asked * price(fifo)) / million, 0);
}
