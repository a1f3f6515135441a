/**
 * Devices in an order of the reader's choice. The API has an order of its own, so all that match must be read before they can be
 * sorted; with more than `mostSorted` the reader has to narrow the filter first.
 */
import { useEffect, useState } from 'react';
import { messageOf } from '../api.ts';
import type { ExplainedDevice } from '../schemas.ts';
import { allDevices } from './csv.ts';
import { deviceColumns } from './device-columns.tsx';

export const mostSorted = 2000;
export type Sorting = { id: string; descending: boolean };
export type Sorted =
  | { state: 'off' }
  | { state: 'collecting'; count: number }
  | { state: 'too-many' }
  | { state: 'failed'; why: string }
  | { state: 'sorted'; devices: readonly ExplainedDevice[] };

export function useSortedDevices(filter: string, sorting: Sorting | null): Sorted {
  const [all, setAll] = useState<Sorted>({ state: 'off' });
  const isOn = sorting !== null;
  useEffect(() => {
    if (!isOn) return setAll({ state: 'off' });
    let current = true;
    setAll({ state: 'collecting', count: 0 });
    allDevices(new URLSearchParams(filter), {
      most: mostSorted + 1,
      onPage: (count) => current && setAll({ state: 'collecting', count }),
    }).then(
      (devices) => current && setAll(devices.length > mostSorted ? { state: 'too-many' } : { state: 'sorted', devices }),
      (error) => current && setAll({ state: 'failed', why: messageOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [filter, isOn]);
  if (all.state !== 'sorted' || sorting === null) return all;
  const compare = deviceColumns.find(({ id }) => id === sorting.id)?.sortingComparator ?? (() => 0);
  const devices = all.devices.toSorted((a, b) => (sorting.descending ? compare(b, a) : compare(a, b)));
  return { state: 'sorted', devices };
}
