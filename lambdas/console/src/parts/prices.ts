/**
 * List prices that the capacity page reckons with, USD, US East (N. Virginia), on demand, without free tier, as published by AWS in
 * 2026. Where they change, this table is the one place to change.
 */
export const prices = {
  /** A million read units (eventually consistent reads of up to 4 KB count half). */
  readUnits: 0.125,
  /** A million write units. */
  writeUnits: 0.625,
  /** A GB of table a month. */
  storage: 0.25,
  /** A million requests of a function. */
  functionRequests: 0.2,
  /** A GB-second of a function on Arm. */
  functionSeconds: 0.0000133334,
  /** A million requests to a queue. */
  queueRequests: 0.4,
  /** A million events. */
  events: 1,
  /** A GB of log. */
  logs: 0.5,
  /** A secret a month. */
  secrets: 0.4,
} as const;
