/**
 * List prices for the console's capacity page and the bench: USD, on demand, without free tier. AWS changes them now and then:
 * this table is the one place to update, and prices should be checked before a total is quoted.
 */
export const pricesAsOf = 'November 2026';
export const pricesRegion = 'US East (N. Virginia)';

export const listPrices = {
  /** A million read units (eventually consistent reads of up to 4 KB count half). */
  readUnits: 0.125,
  /** A million write units. */
  writeUnits: 0.625,
  /** A GB of table a month. */
  storage: 0.25,
  /** Point-in-time recovery of a GB of table, a month. */
  pointInTimeRecovery: 0.2,
  /** A million requests of a function. */
  functionRequests: 0.2,
  /** A million GB-seconds of a function on Arm. */
  functionSeconds: 13.3334,
  /** A million requests to a queue. */
  queueRequests: 0.4,
  /** A million requests to a FIFO queue. */
  fifoQueueRequests: 0.5,
  /** A million events. */
  events: 1,
  /** A million starts by a schedule. */
  scheduledStarts: 1,
  /** A million messages of a WebSocket API, each of up to 32 KB. */
  socketMessages: 1,
  /** A million minutes of open WebSocket connections. */
  socketMinutes: 0.25,
  /** A GB of log. */
  logs: 0.5,
  /** A secret a month. */
  secrets: 0.4,
  /** A million reads of secrets. */
  secretReadings: 5,
  /** A customer-managed key a month. */
  keys: 1,
  /** An alarm a month. */
  alarms: 0.1,
};
