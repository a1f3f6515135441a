import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { failureOf } from '#test/adapters/traveler/connected';
import { commandConsole } from '../../../relay/domino/command-console.ts';
import { whyNotCommand } from '../../../relay/domino/command-line.ts';
import { consoleWrites } from '../../../relay/domino/console-writes.ts';
import { standIn } from './stand-in.ts';

const line = 'tell traveler security approval approve ApplDX3 Jane Doe/Acme';
/** Whether the process runs: one that has exited but was not yet reaped by its parent does not. */
const runs = (pid: number) => existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const target = { sourceId: 'hq', user: 'Jane Doe/Acme', deviceId: 'ApplDX3', href: '' };

test('the line is one argument, whatever its content, without a shell', async () => {
  const program = standIn();
  const said = `${line} $(touch pwned) && rm -rf "x" {line} $& %PATH% '`;
  await commandConsole({ command: [program.program, '-c', '{line}', '--as={line}!'] }).send(said);
  expect(program.calls().map(({ argv }) => argv)).toEqual([['-c', said, `--as=${said}!`]]);
});

test('the program starts in the configured folder, without our secrets', async () => {
  const program = standIn();
  const environment = {
    PATH: process.env.PATH,
    NOTESDATA: '/local/notesdata',
    TRAVELER_PASSWORD: 'geheim',
    HTTPS_PROXY: 'http://u:p@proxy',
    https_proxy: 'http://u:p@proxy',
    RELAY_CONFIG: '/etc/x',
    NODE_OPTIONS: '--no-warnings',
    API_TOKEN: 'geheim',
  };
  await commandConsole({ command: program.command, directory: program.folder, environment }).send(line);
  const [call] = program.calls();
  expect(call?.cwd).toBe(program.folder);
  expect(Object.keys(call?.env ?? {})).toEqual(expect.arrayContaining(['PATH', 'NOTESDATA']));
  expect(JSON.stringify(call?.env)).not.toMatch(/geheim|proxy|RELAY|NODE_OPTIONS/i);
});

test('silence is not a failure', async () => {
  await expect(commandConsole({ command: standIn().command }).send(line)).resolves.toBeUndefined();
});

test('“not authorized” is a lack of rights, anywhere in the output', async () => {
  const noise = `for (let n = 0; n < 2000; n++) console.log('[0' + n % 10 + '] Router: message ' + n + ' delivered to Somebody/Acme');`;
  const program = standIn(`${noise} console.error('You are Not Authorized to use the remote console on this server'); ${noise}`);
  const failure = await failureOf(commandConsole({ command: program.command }).send(line));
  expect(failure).toMatchObject({
    kind: 'denied',
    problem: { where: 'Domino console', remedy: expect.stringContaining('administrators') },
  });
  expect(failure.message).not.toContain('Somebody');
});

test('the echo of our own line is not a reply', async () => {
  const program = standIn('console.log("> " + process.argv[3]);');
  await expect(commandConsole({ command: program.command }).send(`${line} not authorized/Acme`)).resolves.toBeUndefined();
});

test('a server that is not running is reported, with nothing started', async () => {
  const program = standIn('console.log("Task traveler is not running on this server."); process.exit(1);');
  expect(await failureOf(commandConsole({ command: program.command }).send(line))).toMatchObject({
    kind: 'busy',
    unreachable: true,
  });
});

test('a command that the server does not know fails permanently', async () => {
  const program = standIn('console.log("Invalid console command");');
  expect(await failureOf(commandConsole({ command: program.command }).send(line))).toMatchObject({ kind: 'permanent' });
});

test('a program that fails silently leaves the outcome unknown', async () => {
  const program = standIn('process.exit(3);');
  expect(await failureOf(commandConsole({ command: program.command }).send(line))).toMatchObject({
    kind: 'unknown',
    problem: { what: expect.stringContaining('code 3') },
  });
});

test('a program that does not end is killed; the outcome is unknown', async () => {
  const program = standIn(`
import { spawn } from 'node:child_process';
const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'inherit' });
appendFileSync(process.argv[1] + '.child', String(child.pid));
setInterval(() => console.log('and on'), 5);`);
  const failure = await failureOf(commandConsole({ command: program.command, timeoutMs: 700 }).send(line));
  expect(failure).toMatchObject({ kind: 'unknown', problem: { what: expect.stringContaining('did not end') } });
  const pids = [program.calls()[0]?.pid ?? 0, Number(readFileSync(`${program.program}.child`, 'utf8'))];
  await wait(50);
  expect(pids.filter(runs)).toEqual([]);
});

test('a program that prints the whole console stays within memory and time', async () => {
  const program = standIn(`const block = 'x'.repeat(65536) + '\\n'; for (let n = 0; n < 800; n++) process.stdout.write(block);`);
  const before = process.memoryUsage().rss;
  await commandConsole({ command: program.command }).send(line);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
});

test.each([['/nowhere/server'], [import.meta.filename], ['']])(
  'a program that cannot be started (%s) begins nothing, and says what to correct',
  async (program) => {
    const failure = await failureOf(commandConsole({ command: [program, '-c', '{line}'] }).send(line));
    expect(failure).toMatchObject({
      kind: 'busy',
      unreachable: true,
      problem: { remedy: expect.stringContaining('console.command') },
    });
  },
);

test('hostile ids and names never reach a process', async () => {
  const program = standIn();
  const writes = consoleWrites(commandConsole({ command: program.command }), { timeoutMs: 0 });
  const hostile = [
    ...['*', 'a b', '"a"', 'a;b', '$(reboot)', '', 'Gerät', 'a\ntell http quit', 'x'.repeat(129)].map((deviceId) => ({
      deviceId,
    })),
    ...['*', '*/Acme', ' Jane', 'Jane\ntell http quit', 'a"b', 'a;b', ''].map((user) => ({ user })),
  ];
  for (const given of hostile) {
    const one = { ...target, ...given };
    const tries = [
      writes.approve(one, { liftDenial: true, wipe: 'none' }),
      writes.block(one),
      writes.remove(one),
      writes.wipe(one, ['device']),
      writes.cancelWipe(one, { lock: true, approval: 'denied' }),
    ];
    for (const tried of tries) expect(await failureOf(tried)).toMatchObject({ kind: 'invalid' });
  }
  expect(program.calls()).toEqual([]);
});

test('lines run in sequence per device, otherwise in parallel, with a limit', async () => {
  const running = new Set<string>();
  const [log, most] = [[] as string[], { lines: 0 }];
  const writes = consoleWrites(
    {
      async send(said) {
        running.add(said);
        most.lines = Math.max(most.lines, running.size);
        const device = said.split(' ').find((word) => word.startsWith('Appl')) ?? '';
        expect([...running].filter((other) => other.includes(`${device} `))).toEqual([said]);
        await wait(3);
        running.delete(said);
        log.push(said);
      },
    },
    { atOnce: 3 },
  );
  const device = (n: number) => ({ ...target, deviceId: `Appl${n}` });
  await Promise.all(
    [0, 1, 2, 3, 4, 5].flatMap((n) => [writes.block(device(n)), writes.approve(device(n), { liftDenial: true, wipe: 'none' })]),
  );
  expect(most.lines).toBe(3);
  for (const n of [0, 1, 2, 3, 4, 5])
    expect(log.filter((said) => said.includes(`Appl${n} `)).map((said) => said.split(' ').slice(3, 5).join(' '))).toEqual([
      'approval deny',
      'flagsAdd lock',
      'approval approve',
      'flagsRemove all',
    ]);
  expect(writes.requests).toBe(24);
});

test('a lock is never lifted while a wipe is pending', async () => {
  const said: string[] = [];
  const writes = consoleWrites({ send: async (one) => void said.push(one) });
  for (const wipe of ['none', 'wiped', 'requested', 'unknown'] as const) await writes.approve(target, { liftDenial: true, wipe });
  expect(said.map((one) => one.split(' ')[3])).toEqual([
    'approval',
    'flagsRemove',
    'approval',
    'flagsRemove',
    'approval',
    'approval',
  ]);
});

test('a later line that cannot start is not reported as nothing started', async () => {
  const program = standIn(`
if (process.argv[3].includes('flagsAdd')) { console.log('Task traveler is not running'); process.exit(1); }`);
  const writes = consoleWrites(commandConsole({ command: program.command }));
  expect(await failureOf(writes.block(target))).toMatchObject({ kind: 'unknown' });
});

test.each([
  [['server', '-c', '{line}'], null],
  [['C:\\Domino\\nserver.exe', '-c', '{line}'], null],
  [[], 'Name the program'],
  [['server', '-c'], 'Put {line} where'],
  [['{line}', '{line}'], 'not into the name'],
  [['/bin/sh', '-c', 'server -c "{line}"'], 'a shell'],
  [['C:\\Windows\\System32\\cmd.exe', '/c', '{line}'], 'a shell'],
  [['ssh', 'domino', 'server -c {line}'], 'a shell'],
  [['C:\\tools\\console.bat', '{line}'], 'a shell'],
])('the command %j is validated before it is used', (command, why) => {
  const found = whyNotCommand(command);
  if (why === null) expect(found).toBeNull();
  else expect(found).toContain(why);
});
