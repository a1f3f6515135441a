/** How the simulated Domino handles console lines, through the program that stands in for `server -c`. */
import { expect, onTestFinished, test } from 'vitest';
import { startTravelerSimulator } from '#infra/simulators/traveler-simulator';
import { failureOf } from '#test/adapters/traveler/connected';
import { commandConsole } from '../../../relay/domino/command-console.ts';
import { directConsole } from '../actions/parts.ts';

const user = 'Jane Doe/Acme';

async function domino(options: { requireApproval?: boolean } = {}) {
  const server = await startTravelerSimulator({ devices: 0, requireApproval: true, keepsSecurityRecords: true, ...options });
  onTestFinished(() => server.stop());
  const console = directConsole(server.port);
  const program = commandConsole({ command: server.console.command, timeoutMs: 5_000 });
  return {
    server,
    program,
    tell: (line: string) => console.send(`tell traveler ${line}`),
    phone: (deviceId: string) => server.arrive(user, { kind: 'ios-mail', deviceId }),
    shown(deviceId: string) {
      const { approval, access, wipeOptions } = server.find(user, deviceId) ?? {};
      return { approval, access, wipeOptions };
    },
  };
}

test('the program passes a line to the console and prints its output', async () => {
  const { server, program, phone, shown } = await domino();
  phone('ApplA');
  await program.send(`tell traveler security approval approve ApplA ${user}`);
  expect(shown('ApplA')).toEqual({ approval: 2, access: 0, wipeOptions: '' });
  expect(server.console.effects).toMatchObject([{ applied: true, devices: [{ user, deviceId: 'ApplA' }] }]);
});

test.each([
  ['not-authorized', 'denied'],
  ['not-running', 'busy'],
  ['unknown-command', 'permanent'],
] as const)('its %s is classified as %s, and nothing is carried out', async (kind, failure) => {
  const { server, program, phone, shown } = await domino();
  phone('ApplA');
  server.setConsoleFaults([{ kind }, { kind: 'noise', lines: 3_000 }]);
  expect(await failureOf(program.send(`tell traveler security flagsAdd lock ApplA ${user}`))).toMatchObject({ kind: failure });
  expect(shown('ApplA')).toMatchObject({ access: 0 });
});

test('a missing simulator is classified as a server that does not run', async () => {
  const { server, program } = await domino();
  await server.stop();
  expect(await failureOf(program.send(`tell traveler delete ApplA ${user}`))).toMatchObject({ kind: 'busy' });
});

test('deny has no effect on a device without approval; the lock does', async () => {
  const { tell, phone, shown } = await domino({ requireApproval: false });
  phone('ApplA');
  await tell(`security approval deny ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ approval: 16, access: 0 });
  await tell(`security flagsAdd lock ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ approval: 16, access: 1 });
});

test('a wipe denies the device; removing all flags lifts both', async () => {
  const { tell, phone, shown } = await domino();
  phone('ApplA');
  await tell(`security flagsAdd lock ApplA ${user}`);
  await tell(`security flagsAdd wipeDevice/wipeApps ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ access: 1, wipeOptions: 'wipeDevice/wipeApps' });
  await tell(`security flagsRemove wipeApps ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ access: 1, wipeOptions: 'wipeDevice' });
  await tell(`security flagsRemove all ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ access: 0, wipeOptions: '' });
});

test('a wiping device cannot be deleted; a deleted one returns as new', async () => {
  const { tell, phone, shown, server } = await domino();
  phone('ApplA');
  await tell(`security flagsAdd wipeApps ApplA ${user}`);
  await tell(`security delete ApplA ${user}`);
  await tell(`delete ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ wipeOptions: 'wipeApps' });
  await tell(`security flagsRemove all ApplA ${user}`);
  await tell(`security approval deny ApplA ${user}`);
  await tell(`security delete ApplA ${user}`);
  await tell(`delete ApplA ${user}`);
  expect(server.find(user, 'ApplA')).toBeUndefined();
  phone('ApplA');
  expect(shown('ApplA')).toMatchObject({ approval: 1, access: 0 });
});

test('a device deleted without its security record reappears unchanged', async () => {
  const { tell, phone, shown } = await domino();
  phone('ApplA');
  await tell(`security approval deny ApplA ${user}`);
  await tell(`security flagsAdd lock ApplA ${user}`);
  await tell(`delete ApplA ${user}`);
  phone('ApplA');
  expect(shown('ApplA')).toMatchObject({ approval: 8, access: 1 });
});

test('a star means all devices of the user', async () => {
  const { tell, phone, shown, server } = await domino();
  for (const id of ['ApplA', 'ApplB']) phone(id);
  await tell(`security flagsAdd wipeDevice * ${user}`);
  expect([shown('ApplA'), shown('ApplB')]).toMatchObject([{ wipeOptions: 'wipeDevice' }, { wipeOptions: 'wipeDevice' }]);
  expect(server.console.effects[0]?.devices).toHaveLength(2);
});

test('a late effect appears after the program has ended', async () => {
  const { program, server, phone, shown } = await domino();
  phone('ApplA');
  server.setConsoleFaults([{ kind: 'delay', ms: 400, times: 1 }]);
  await program.send(`tell traveler security approval approve ApplA ${user}`);
  expect(shown('ApplA')).toMatchObject({ approval: 1 });
  await expect.poll(() => shown('ApplA'), { timeout: 3_000 }).toMatchObject({ approval: 2 });
});

test('a program that hangs is killed, whatever became of the line', async () => {
  const { server, phone, shown } = await domino();
  phone('ApplA');
  const impatient = commandConsole({ command: server.console.command, timeoutMs: 1_500 });
  server.setConsoleFaults([{ kind: 'hang', effect: true }]);
  expect(await failureOf(impatient.send(`tell traveler security flagsAdd lock ApplA ${user}`))).toMatchObject({
    kind: 'unknown',
  });
  expect(shown('ApplA')).toMatchObject({ access: 1 });
});
