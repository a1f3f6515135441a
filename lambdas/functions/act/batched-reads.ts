/** The dependencies of act, with the simultaneous reads of a batch combined into one call (adapters/data-loader.ts). */

import { batchedSender, dataLoader } from '#adapters/data-loader';
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { DevicesForActions } from '#adapters/dynamodb/devices/action-devices';
import { deviceText } from '#adapters/dynamodb/keys';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { SourceState } from '#domain/devices/source';
import type { ActDependencies } from './dependencies.ts';

type Batching = {
  ledger: Pick<Ledger, 'readMany'>;
  devices: Pick<DevicesForActions, 'readMany'>;
};

export function withBatchedReads<D extends Omit<ActDependencies, 'worker'> & Batching>(deps: D): D {
  const source = dataLoader((ids: readonly string[]) => Promise.all(ids.map((id) => deps.sources.read(id))), {
    nameOf: (one: string | SourceState) => (typeof one === 'string' ? one : one.sourceId),
  });
  return {
    ...deps,
    ledger: {
      ...deps.ledger,
      read: dataLoader(deps.ledger.readMany, { nameOf: (one) => (typeof one === 'string' ? one : one.actionId) }),
    },
    devices: { ...deps.devices, read: dataLoader<DeviceKey, Device>(deps.devices.readMany, { nameOf: deviceText }) },
    sources: { ...deps.sources, read: async (sourceId: string) => (await source(sourceId)) ?? deps.sources.read(sourceId) },
    evaluations: batchedSender(deps.evaluations),
  };
}
