/** The writing half of a source, however a write reaches the Traveler server. */
import type { RelaySource } from '../ports.ts';

export type DeviceWrites = Pick<
  RelaySource,
  'writeSettings' | 'approve' | 'block' | 'remove' | 'wipe' | 'cancelWipe' | 'readBack' | 'requests'
>;
/** The reading half. */
export type DeviceReads = Pick<RelaySource, 'pages' | 'read' | 'facts' | 'requests' | 'close'>;

/** Both halves as one source. */
export function sourceOf(reading: DeviceReads, writes: DeviceWrites): RelaySource {
  return {
    pages: () => reading.pages(),
    read: (target) => reading.read(target),
    facts: () => reading.facts(),
    writeSettings: (wanted) => writes.writeSettings(wanted),
    approve: (target, options) => writes.approve(target, options),
    block: (target) => writes.block(target),
    remove: (target) => writes.remove(target),
    wipe: (target, targets) => writes.wipe(target, targets),
    cancelWipe: (target, options) => writes.cancelWipe(target, options),
    readBack: writes.readBack,
    get requests() {
      return reading.requests + writes.requests;
    },
    close: () => reading.close(),
  };
}
