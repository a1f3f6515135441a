/** The list prices that the capacity page reckons with before the reader changes them; it says of when they are. */
import { listPrices as all } from '#domain/runtime/list-prices';

export { pricesAsOf } from '#domain/runtime/list-prices';

const { readUnits, writeUnits, storage, functionRequests, functionSeconds, events, logs, secrets, keys, alarms } = all;
export const listPrices = {
  ...{ readUnits, writeUnits, storage, functionRequests, functionSeconds },
  /** FIFO queues are the dearer ones, and counted for all. */
  queueRequests: all.fifoQueueRequests,
  ...{ events, logs, secrets, keys, alarms },
};
export type Prices = typeof listPrices;
