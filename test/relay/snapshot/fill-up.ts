/** Run with a limit on the size of files: commits a little, stages until the disk is full, prints what is left. */
import { deviceHash } from '#adapters/fingerprint';
import { unknownServer } from '#domain/devices/source';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import type { RelayedDevice } from '#domain/relay/relay-protocol';
import { openSnapshot } from '../../../relay/snapshot/snapshot.ts';

const totals = { devices: 0, totalRecords: null, rejected: 0, pages: 0, details: 0, requests: 0 };
const device = (name: string, level = ''): RelayedDevice => ({
  ...{ user: name, deviceId: name, provider: 'x', type: 'Android 14', level, notification: 'activesync' },
  ...{ lastSync: null, href: `/${name}`, detail: null, detailAt: null },
});
const staged = (row: RelayedDevice) => ({ hash: deviceHash(row), row, listed: rowFingerprint(row), moving: false });

const snapshot = openSnapshot({ directory: process.argv[2] ?? '', of: 'x', log: () => undefined });
const first = snapshot.begin({ runId: 'first', askedBase: null, scope: 'full', startedAt: 1 });
first.stage([staged(device('a'))]);
const { digest } = first.complete({ server: unknownServer, totals });
snapshot.commit();

const full = snapshot.begin({ runId: 'full', askedBase: digest, scope: 'delta', startedAt: 2 });
let failure = 'none';
try {
  for (let nth = 0; nth < 20_000; nth++) full.stage([staged(device(`p${nth}`, 'x'.repeat(4_000)))]);
} catch (error) {
  failure = String(error);
}
const kept = snapshot.kept(deviceHash(device('a')))?.type;
const committed = snapshot.committed()?.digest === digest;
console.log(JSON.stringify({ failure, committed, kept }));
