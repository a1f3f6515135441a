/** Reads MaaS360's devices page by page, each once, and parses them one by one. */
import type { Maas360 } from '#adapters/maas360/maas360';
import { ServiceFailure } from '#adapters/service-failure';
import { type Maas360Device, maas360Device } from '#domain/enrolment/maas360-device';

/** A page's devices that were not on an earlier page; `unreadable`: number of rows without a device id. */
export type DevicesRead = { devices: Maas360Device[]; unreadable: number };

/** Throws ServiceFailure when the pages do not end. */
export async function* devicesOf(source: Pick<Maas360, 'page'>, since: number | null): AsyncGenerator<DevicesRead> {
  const seen = new Set<string>();
  for (let number = 1; ; number++) {
    const { rows, last } = await source.page(number, since);
    if (last && rows.length === 0) return;
    const parsed = rows.map((row) => maas360Device.safeParse(row));
    const devices = parsed.flatMap(({ data }) => (data && !seen.has(data.maas360DeviceID) ? [data] : []));
    const unreadable = parsed.filter(({ success }) => !success).length;
    if (devices.length === 0 && unreadable < rows.length) throw endless(number);
    for (const { maas360DeviceID } of devices) seen.add(maas360DeviceID);
    yield { devices, unreadable };
    if (last) return;
  }
}

function endless(number: number): ServiceFailure {
  return new ServiceFailure('permanent', {
    what: `Page ${number} holds only devices of earlier pages: the list does not come to an end`,
    where: 'MaaS360 device search',
    remedy: 'Nothing was withdrawn. If it stays, try another pageSize in the configuration.',
  });
}
