/**
 * List prices that the capacity page reckons with before the reader changes them: USD, US East (N. Virginia), on demand, without
 * free tier. AWS changes them now and then: the page says of when they are and lets each be edited.
 */
export const pricesAsOf = 'November 2026';

export const listPrices = {
  /** A million read units (eventually consistent reads of up to 4 KB count half). */
  readUnits: 0.125,
  /** A million write units. */
  writeUnits: 0.625,
  /** A GB of table a month. */
  storage: 0.25,
  /** A million requests of a function. */
  functionRequests: 0.2,
  /** A million GB-seconds of a function on Arm. */
  functionSeconds: 13.3334,
  /** A million requests to a queue; FIFO queues are the dearer ones, and counted for all. */
  queueRequests: 0.5,
  /** A million events. */
  events: 1,
  /** A GB of log. */
  logs: 0.5,
  /** A secret a month. */
  secrets: 0.4,
  /** A customer-managed key a month. */
  keys: 1,
  /** An alarm a month. */
  alarms: 0.1,
};
export type Prices = typeof listPrices;
