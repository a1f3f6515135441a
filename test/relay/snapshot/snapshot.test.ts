import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { deviceHash } from '#adapters/fingerprint';
import { unknownServer } from '#domain/devices/source';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import { longestMessageBytes, type RelayedDevice } from '#domain/relay/relay-protocol';
import type { RunStart, Snapshot, Staged } from '../../../relay/snapshot/contract.ts';
import { openSnapshot } from '../../../relay/snapshot/snapshot.ts';
import { digestOf } from '../gather/cloud.ts';
import { temporaryDirectory } from '../gather/relay-side.ts';

const totals = { devices: 0, totalRecords: null, rejected: 0, pages: 0, details: 0, requests: 0 };
const device = (name: string, type = 'Android 14'): RelayedDevice => ({
  ...{ user: `${name}/Acme`, deviceId: name, provider: 'x', type, level: '', notification: 'activesync' },
  ...{ lastSync: null, href: `/${name}`, detail: null, detailAt: null },
});
const staged = (row: RelayedDevice, moving = false): Staged => ({
  hash: deviceHash(row),
  row,
  listed: rowFingerprint(row),
  moving,
});
const run = (runId: string, scope: RunStart['scope'], askedBase: string | null = null): RunStart => ({
  ...{ runId, scope, askedBase, startedAt: 5 },
});
const names = (snapshot: Snapshot, runId: string, part = 0) =>
  snapshot
    .part(runId, part)
    ?.devices.map(({ deviceId }) => deviceId)
    .sort();

function opened(directory = temporaryDirectory(), of = 'rest|http://one') {
  const logged: { level: string; fields: Record<string, unknown> }[] = [];
  const open = () => openSnapshot({ directory, of, log: (level, _, fields) => void logged.push({ level, fields }) });
  return { directory, logged, open, snapshot: open() };
}

/** A full run of these devices, staged and committed. */
function committed(snapshot: Snapshot, rows: readonly RelayedDevice[]) {
  const staging = snapshot.begin(run('first', 'full'));
  staging.stage(rows.map((row) => staged(row)));
  const { digest } = staging.complete({ server: unknownServer, totals });
  snapshot.commit();
  return digest;
}

describe('committed and pending', () => {
  test('a complete full run is pending, and committed once the cloud has it', () => {
    const { snapshot } = opened();
    const rows = [device('a'), device('b'), device('c')];
    const staging = snapshot.begin(run('r', 'full'));
    staging.stage(rows.map((row) => staged(row)));
    expect(snapshot.pending()).toBeNull();
    const { digest, parts, devices } = staging.complete({ server: unknownServer, totals });
    expect([digest, parts, devices]).toEqual([digestOf(rows), 1, 3]);
    expect([snapshot.committed(), snapshot.pending()?.digest]).toEqual([null, digest]);
    expect(names(snapshot, 'r')).toEqual(['a', 'b', 'c']);
    snapshot.commit();
    expect([snapshot.committed(), snapshot.pending()]).toEqual([{ digest, devices: 3, startedAt: 5 }, null]);
    expect(snapshot.kept(deviceHash(device('a')))).toEqual(device('a'));
    expect(snapshot.listed().present()).toBe(3);
  });

  test('a difference overlays the committed snapshot, and its digest covers both', () => {
    const { snapshot } = opened();
    const before = committed(snapshot, [device('a'), device('b'), device('c')]);
    const staging = snapshot.begin(run('r', 'delta', before));
    staging.stage([staged(device('b', 'Android 15')), staged(device('d'))]);
    staging.remove([deviceHash(device('c'))]);
    const { digest, devices } = staging.complete({ server: unknownServer, totals });
    expect([digest, devices]).toEqual([digestOf([device('a'), device('b', 'Android 15'), device('d')]), 3]);
    expect(snapshot.part('r', 0)?.removed).toEqual([deviceHash(device('c'))]);
    expect(snapshot.kept(deviceHash(device('b')))?.type).toBe('Android 14');
    snapshot.commit();
    expect(snapshot.kept(deviceHash(device('b')))?.type).toBe('Android 15');
    expect(snapshot.kept(deviceHash(device('c')))).toBeNull();
  });

  test('an uncommitted run leaves nothing behind when the next one begins', () => {
    const { snapshot } = opened();
    const before = committed(snapshot, [device('a')]);
    const lost = snapshot.begin(run('lost', 'delta', before));
    lost.stage([staged(device('z'))]);
    lost.complete({ server: unknownServer, totals });
    const { digest, parts } = snapshot.begin(run('next', 'delta', before)).complete({ server: unknownServer, totals });
    expect([digest, parts, snapshot.part('lost', 0)]).toEqual([before, 0, null]);
  });

  test('only the newest staging can write', () => {
    const { snapshot } = opened();
    const old = snapshot.begin(run('old', 'full'));
    snapshot.begin(run('new', 'full'));
    expect(() => old.stage([staged(device('a'))])).toThrow(/newer gather/);
    expect(() => old.complete({ server: unknownServer, totals })).toThrow(/newer gather/);
  });

  test('a restart changes nothing, except for an interrupted run', () => {
    const { snapshot, open } = opened();
    const digest = committed(snapshot, [device('a'), device('b')]);
    const staging = snapshot.begin(run('r', 'delta', digest));
    staging.stage([staged(device('c'))]);
    snapshot.close();
    const again = open();
    expect([again.committed()?.digest, again.pending(), again.part('r', 0)]).toEqual([digest, null, null]);
    again.close();
  });

  test('moving and touched devices are separate; a commit clears the touched ones', () => {
    const { snapshot } = opened();
    const digest = committed(snapshot, [device('a'), device('b')]);
    snapshot.touch('00000000000000aa');
    const staging = snapshot.begin(run('r', 'delta', digest));
    snapshot.touch('00000000000000bb');
    staging.stage([staged(device('a', 'Android 15'), true)]);
    staging.complete({ server: unknownServer, totals });
    expect([...snapshot.touched()].sort()).toEqual(['00000000000000aa', '00000000000000bb']);
    snapshot.commit();
    expect([[...snapshot.moving()], [...snapshot.touched()]]).toEqual([[deviceHash(device('a'))], ['00000000000000bb']]);
  });

  test('the stored state of another source is ignored', () => {
    const { snapshot, directory } = opened();
    committed(snapshot, [device('a')]);
    snapshot.close();
    const other = opened(directory, 'http|http://two').snapshot;
    expect([other.committed(), other.listed().size]).toEqual([null, 0]);
    other.close();
  });
});

describe('parts', () => {
  test('parts fit into one message exactly, and together contain everything in order', () => {
    const { snapshot } = opened();
    const rows = Array.from({ length: 400 }, (_, nth) => device(`phone-${nth}-${'ü"\\'.repeat(nth % 90)}`));
    const staging = snapshot.begin(run('r', 'full'));
    staging.stage(rows.map((row) => staged(row)));
    staging.remove(Array.from({ length: 2_000 }, (_, nth) => (nth * 9_007_199_254).toString(16).padStart(16, '0')));
    const { parts } = staging.complete({ server: unknownServer, totals });
    const most = Number.MAX_SAFE_INTEGER;
    const sent = Array.from({ length: parts }, (_, part) => snapshot.part('r', part));
    const sizes = sent.map((part, number) =>
      Buffer.byteLength(JSON.stringify({ type: 'gatherPart', n: most, fence: most, runId: 'r', part: number, ...part })),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(longestMessageBytes);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(longestMessageBytes - 2_000);
    expect(sent.flatMap((part) => part?.devices ?? [])).toHaveLength(400);
    expect(sent.flatMap((part) => part?.removed ?? [])).toHaveLength(2_000);
    expect(snapshot.part('r', parts)).toBeNull();
  });
});

describe('a failing disk', () => {
  test.each([
    ['torn', (path: string) => truncateSync(path, 5_000)],
    ['overwritten', (path: string) => writeFileSync(path, 'no database at all, but long enough to look like one'.repeat(99))],
    ['scribbled on', (path: string) => scribble(path)],
  ])('a file that is %s is moved away and logged, and a new one begins', (_, harm) => {
    const { snapshot, directory, open, logged } = opened();
    committed(
      snapshot,
      Array.from({ length: 200 }, (_unused, nth) => device(`p${nth}`)),
    );
    snapshot.close();
    harm(join(directory, 'snapshot.db'));
    const again = open();
    expect([again.committed(), again.listed().size]).toEqual([null, 0]);
    expect(logged).toEqual([{ level: 'error', fields: { aside: join(directory, 'snapshot.db.broken') } }]);
    expect(readdirSync(directory)).toContain('snapshot.db.broken');
    expect(committed(again, [device('a')])).toBe(digestOf([device('a')]));
    again.close();
  });

  test('a file that breaks while open is moved away once', () => {
    const { snapshot, directory, logged } = opened();
    committed(
      snapshot,
      Array.from({ length: 2_000 }, (_, nth) => device(`p${nth}-${'x'.repeat(300)}`)),
    );
    scribble(join(directory, 'snapshot.db'));
    expect(() => snapshot.listed()).toThrow(/set aside/);
    expect([snapshot.committed(), logged.length]).toEqual([null, 1]);
    expect(committed(snapshot, [device('a')])).toBe(digestOf([device('a')]));
  });

  test('a file of another version is replaced', async () => {
    const { snapshot, directory, open } = opened();
    committed(snapshot, [device('a')]);
    snapshot.close();
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(join(directory, 'snapshot.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    const again = open();
    expect(again.committed()).toBeNull();
    again.close();
  });

  test('a full disk fails with a remedy, and keeps what was committed', async () => {
    const directory = temporaryDirectory();
    const script = join(import.meta.dirname, 'fill-up.ts');
    // A limit on the size of files simulates a full disk: the same error, of the same write.
    const { stdout } = await promisify(execFile)('bash', [
      ...['-c', 'ulimit -f 3000; exec "$0" "$@"', process.execPath, script, directory],
    ]);
    expect(JSON.parse(stdout)).toEqual({
      failure: expect.stringMatching(
        /^SnapshotFailure: The disk with the relay's data directory (is full|cannot be read or written)/,
      ),
      committed: true,
      kept: 'Android 14',
    });
    // There is space again.
    const { snapshot } = opened(directory, 'x');
    expect(snapshot.committed()?.devices).toBe(1);
    expect(committed(snapshot, [device('a'), device('b')])).toBe(digestOf([device('a'), device('b')]));
  });
});

function scribble(path: string): void {
  const bytes = readFileSync(path);
  for (let at = 4_096; at < bytes.length; at += 1_024) bytes.fill(0xa5, at, at + 300);
  writeFileSync(path, bytes);
}
