/** What is known of a Traveler 8.5 server, however its database is read. */
import type { ServerFacts } from '#domain/devices/source';

/** It has no REST to ask for its version or its approval settings. Auto-Quarantine needs 9.0. */
export const traveler8Facts: ServerFacts = {
  requiresApproval: 'unknown',
  devicesBeforeApproval: null,
  settingsAccess: 'unavailable',
  build: '8.5',
  aqSupport: 'unsupported',
};
