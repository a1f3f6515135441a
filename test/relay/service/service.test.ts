/** The relay as a service: what is written, and how systemd and Windows are called, by argument vector. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leanEnvironment } from '../../../relay/lean-environment.ts';
import { ask, executeSteps } from '../../../relay/service/steps.ts';
import { systemdAnswer, systemdInstall, systemdUninstall } from '../../../relay/service/systemd-plan.ts';
import { systemdUnit, word } from '../../../relay/service/systemd-unit.ts';
import { quoted, taskInstall, taskXml } from '../../../relay/service/windows-task.ts';
import { dataFolder, relay } from '../relay-process.ts';

let folder: string;
let path: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-service-'));
  path = process.env.PATH;
});
afterEach(() => {
  process.env.PATH = path;
});

/** Programs on the PATH that record their arguments and succeed, or fail with the given output. */
function standIns(names: readonly string[], { fails = '' } = {}): () => string[] {
  const notes = join(folder, 'calls');
  writeFileSync(notes, '');
  for (const name of names) {
    const file = join(folder, name);
    const end = name === fails ? 'echo "Access denied" >&2; exit 1' : 'exit 0';
    writeFileSync(file, `#!/bin/sh\n{ printf '%s' '${name}'; printf '|%s' "$@"; echo; } >> '${notes}'\n${end}\n`);
    chmodSync(file, 0o755);
  }
  process.env.PATH = `${folder}:${path}`;
  return () => readFileSync(notes, 'utf8').split('\n').filter(Boolean);
}

const wanted = {
  program: ['/usr/bin/relay'],
  config: '/etc/traveler-relay/relay.json',
  data: '/var/lib/traveler-relay',
  user: 'traveler-relay',
  alsoWrites: [],
};
const facts = () => ({
  unitFile: join(folder, 'units/traveler-relay.service'),
  packaged: false,
  userExists: false,
  configExists: true,
});

describe('systemd', () => {
  test('the unit runs the relay sandboxed, under its own account, with restarts', () => {
    const lines = systemdUnit(wanted).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'User=traveler-relay',
        'ExecStart=/usr/bin/relay run --config /etc/traveler-relay/relay.json --data /var/lib/traveler-relay',
        'Restart=always',
        'StartLimitIntervalSec=0',
        'TimeoutStopSec=15',
        'NoNewPrivileges=yes',
        'ProtectSystem=strict',
        'ReadWritePaths=/var/lib/traveler-relay',
        'StateDirectory=traveler-relay',
        'EnvironmentFile=-/etc/default/traveler-relay',
        'WantedBy=multi-user.target',
      ]),
    );
  });

  test('systemd accepts it, if systemd is available', () => {
    const file = join(folder, 'traveler-relay.service');
    const program = [process.execPath, '/opt/with space/100% $relay.mjs'];
    writeFileSync(file, systemdUnit({ ...wanted, program, user: 'root', alsoWrites: ['/local/notes data'] }));
    const { error, stderr, status } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    const says = error
      ? ''
      : stderr
          .split('\n')
          .filter((line) => line.includes('traveler-relay.service'))
          .join('\n');
    expect(says).toBe('');
    expect(error ? 0 : status).toBe(0);
  });

  test('a word is used unchanged, whatever its content', () => {
    expect(word('/opt/relay')).toBe('/opt/relay');
    expect(word('/a b/100%$x"\\')).toBe('"/a b/100%%$$x\\"\\\\"');
  });

  test('installing sets account and owners first, then enables and starts the unit', () => {
    const calls = standIns(['useradd', 'chown', 'systemctl']);
    const { unitFile } = facts();
    executeSteps(systemdInstall(wanted, facts()));
    expect(calls()).toEqual([
      'useradd|--system|--user-group|--no-create-home|--home-dir|/var/lib/traveler-relay|--shell|/usr/sbin/nologin|traveler-relay',
      'chown|--recursive|traveler-relay:|/var/lib/traveler-relay',
      'chown|traveler-relay:|/etc/traveler-relay/relay.json',
      'systemctl|daemon-reload',
      'systemctl|enable|traveler-relay',
      'systemctl|restart|traveler-relay',
    ]);
    expect(readFileSync(unitFile, 'utf8')).toBe(systemdUnit(wanted));
  });

  test('reinstalling only rewrites the unit; a packaged unit is left alone', () => {
    const again = systemdInstall(wanted, { ...facts(), userExists: true });
    expect(again.map((step) => (step.do === 'run' ? step.argv[0] : step.do))).toEqual([
      'chown',
      'chown',
      'write',
      'systemctl',
      'systemctl',
      'systemctl',
    ]);
    const packaged = systemdInstall(wanted, { ...facts(), userExists: true, packaged: true });
    expect(packaged.some((step) => step.do === 'write')).toBe(false);
    const asNotes = systemdInstall(
      { ...wanted, user: 'notes', alsoWrites: ['/local/notesdata'] },
      { ...facts(), packaged: true },
    );
    expect(asNotes.find((step) => step.do === 'write')).toMatchObject({
      text: expect.stringMatching(/^User=notes$[\s\S]*^ReadWritePaths=\/var\/lib\/traveler-relay \/local\/notesdata$/m),
    });
  });

  test('uninstalling stops it and deletes the unit, even if already gone', () => {
    const calls = standIns(['systemctl']);
    const { unitFile } = facts();
    executeSteps(systemdUninstall({ unitFile }));
    expect(calls()).toEqual(['systemctl|disable|--now|traveler-relay', 'systemctl|daemon-reload']);
  });

  test('a failure is reported in the program’s own words', () => {
    standIns(['systemctl'], { fails: 'systemctl' });
    expect(() => executeSteps([{ do: 'run', argv: ['systemctl', 'enable', 'traveler-relay'] }])).toThrow(
      'systemctl enable traveler-relay failed: Access denied',
    );
    expect(() => ask(['no-such-program-here'])).toThrow(/could not be started/);
  });

  test.each([
    ['LoadState=not-found\nActiveState=inactive', false, /not installed: relay service install/],
    [
      'LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nSubState=running\nMainPID=42\nNRestarts=0',
      true,
      /process 42\) and starts with the machine/,
    ],
    [
      'LoadState=loaded\nUnitFileState=disabled\nActiveState=failed\nSubState=failed\nResult=exit-code\nMainPID=0\nNRestarts=3',
      false,
      /failed, result: exit-code, started again 3 times\) and does not start.*journalctl/,
    ],
  ])('its status as text: %j', (text, runs, says) => {
    expect(systemdAnswer(text)).toEqual({ runs, says: expect.stringMatching(says) });
  });
});

describe('Windows', () => {
  const onWindows = {
    ...wanted,
    program: ['C:\\Program Files\\Traveler Relay\\node.exe', 'C:\\Program Files\\Traveler Relay\\relay.mjs'],
    config: 'C:\\ProgramData\\Traveler & Relay\\relay.json',
    data: 'C:\\ProgramData\\Traveler & Relay',
  };

  test('the task starts with the machine, under LocalService, without a time limit', () => {
    const xml = taskXml(onWindows);
    expect(xml).toContain('<UserId>S-1-5-19</UserId>');
    expect(xml).toContain('<BootTrigger>');
    expect(xml).toContain('<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>');
    expect(xml).toContain('<RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>');
    expect(xml).toContain('<Command>C:\\Program Files\\Traveler Relay\\node.exe</Command>');
    expect(xml).toContain('&quot;C:\\ProgramData\\Traveler &amp; Relay\\relay.json&quot;');
  });

  test('the folder with the key is protected before the task is created', () => {
    const steps = taskInstall(onWindows, { configExists: true });
    expect(steps.map((step) => (step.do === 'run' ? step.argv.slice(0, 2).join(' ') : step.do))).toEqual([
      `icacls ${onWindows.data}`,
      'write',
      'schtasks /Create',
      'schtasks /End',
      'schtasks /Run',
    ]);
    expect(steps.at(0)).toMatchObject({ argv: expect.arrayContaining(['/inheritance:r', '*S-1-5-19:(OI)(CI)F']) });
    expect(steps.find((step) => step.do === 'write')).toMatchObject({
      encoding: 'utf16le',
      text: expect.stringMatching(/^\uFEFF<\?xml/),
    });
  });

  test('an argument arrives unchanged', () => {
    expect(['plain', 'with space', 'C:\\a b\\', 'say "hi"', ''].map(quoted)).toEqual([
      'plain',
      '"with space"',
      '"C:\\a b\\\\"',
      '"say \\"hi\\""',
      '""',
    ]);
  });
});

test('relay service install --dry-run shows all steps and does nothing', async () => {
  const dataDir = dataFolder();
  const { code, out, error } = await relay(
    ['service', 'install', '--dry-run', '--user', 'nobody', '--write', '/local/notesdata'],
    { dataDir },
  );
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toContain('# systemctl enable traveler-relay');
  expect(out).not.toContain('useradd');
  expect(out).toMatch(/^User=nobody$/m);
  expect(out).toContain(`ReadWritePaths=${dataDir} /local/notesdata`);
  const refused = await relay(['service', 'install'], { dataDir });
  expect(refused.code).toBe(1);
  expect(refused.error).toContain('No relay is enrolled');
});

test('the unit and the container both set the environment for low memory', () => {
  const wanted = { program: ['/usr/bin/relay'], config: '/c', data: '/d', user: 'nobody', alsoWrites: [] };
  const container = readFileSync('relay/packaging/Containerfile', 'utf8');
  for (const [name, value] of Object.entries(leanEnvironment)) {
    expect(systemdUnit(wanted)).toMatch(new RegExp(`^Environment=.*${name}=${value}`, 'm'));
    expect(container).toContain(`${name}=${value}`);
  }
});

test('the launchers are valid, and pass on all arguments', () => {
  execFileSync('sh', ['-n', 'relay/packaging/relay']);
  for (const script of ['postinst', 'prerm', 'postrm']) execFileSync('sh', ['-n', `relay/packaging/debian/${script}`]);
  expect(readFileSync('relay/packaging/relay', 'utf8')).toContain('"$@"');
  expect(readFileSync('relay/packaging/relay.cmd', 'utf8')).toContain('%*');
});
