/** What an enrolment can be found by: the partition keys of its pointer items. They only find it; `decide` does the matching. */
import { mailPointerPk, namePointerPk, pointerSk, travelerPointerPk } from '#adapters/dynamodb/keys';
import { canonicalName } from '#domain/devices/names';
import type { Enrolment } from '#domain/enrolment/enrolment';

/** An iOS mail device id is `Appl` followed by the phone's serial number. */
export const appleDeviceId = (serial: string) => `Appl${serial}`;

/** Every device id that this enrolment vouches for, as spelled, each once. */
export function deviceIdsOf({ mailDeviceIds, secureMailDeviceIds = [], serial }: Enrolment): string[] {
  return [...new Set([...mailDeviceIds, ...secureMailDeviceIds, ...(serial?.trim() ? [appleDeviceId(serial.trim())] : [])])];
}

export function pointerKeysOf(enrolment: Enrolment): { pk: string; sk: string }[] {
  const { email, name, travelerUser } = enrolment.user;
  const pks = [
    ...deviceIdsOf(enrolment).map(mailPointerPk),
    ...(name?.trim() ? [namePointerPk(name.trim())] : []),
    ...(travelerUser?.trim() ? [travelerPointerPk(canonicalName(travelerUser))] : []),
  ];
  return [...new Set(pks)].map((pk) => ({ pk, sk: pointerSk(email, enrolment.id) }));
}
