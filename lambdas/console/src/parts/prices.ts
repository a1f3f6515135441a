/** The list prices that the capacity page starts with, for the reader to change; it shows their date. */
import { listPrices as all } from '#domain/runtime/list-prices';

export { pricesAsOf } from '#domain/runtime/list-prices';

const { readUnits, writeUnits, storage, functionRequests, functionSeconds, events, logs, secrets, keys, alarms } = all;
export const listPrices = {
  ...{ readUnits, writeUnits, storage, functionRequests, functionSeconds },
  /** FIFO queues cost more, so their price is used for all. */
  queueRequests: all.fifoQueueRequests,
  ...{ events, logs, secrets, keys, alarms },
};
export type Prices = typeof listPrices;
