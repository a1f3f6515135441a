/**
 * A relay killed before and after each call that it makes, in turn, for each type of action; the next one continues from the journal,
 * with the command redelivered. The places are found by counting, not chosen. For a wipe it is a separate process each time, killed
 * by SIGKILL with a journal on disk; for the other types a relay that crashes within this process.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { TravelerSource } from '#adapters/traveler/source';
import { isAdmitted, isDenied } from '#domain/actions/own-block';
import type { ActionCommand, ActionOutcome } from '#domain/relay/relay-protocol';
import { type SimulatedDevice, startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { relayActions } from '../../../relay/actions/relay-actions.ts';
import { consoleWrites } from '../../../relay/domino/console-writes.ts';
import { sourceOf } from '../../../relay/domino/device-writes.ts';
import type { ActionJournal } from '../../../relay/journal/action-journal.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import { sqliteJournal } from '../../../relay/journal/sqlite-journal.ts';
import { quietLog } from '../quiet-log.ts';
import { cloud, quick, restOf } from './acting.ts';
import { aCommand } from './commands.ts';
import { crashAt, crashingLink, crashingRelay } from './crashing-relay.ts';
import { directConsole, readsOf } from './parts.ts';

let server: TravelerSimulator;
let rest: TravelerSource;
let folder: string;
const user = 'Jane Doe/Acme';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'killed-'));
  server = await startTravelerSimulator({ devices: 0, requireApproval: true });
  rest = restOf(server);
});
afterAll(async () => {
  await rest.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

type Scenario = {
  what: ActionCommand['what'];
  changes?: Partial<ActionCommand>;
  prepare?(device: SimulatedDevice): void;
  /** The lines that Traveler got, from the first word after `security`. */
  lines: string[];
  ends: ActionOutcome['how'];
  /** Runs in a separate process. */
  process?: true;
};
const locked = (device: SimulatedDevice) => server.adminDeny(device);
const wiping = (device: SimulatedDevice) =>
  server.adminChange(device, { approval: 8, access: 1, wipeOptions: 'wipeDevice', wipeStatus: '1' });
const scenarios: Scenario[] = [
  { what: 'wipe', lines: ['flagsAdd wipeDevice'], ends: 'written', process: true },
  { what: 'block', lines: ['approval deny', 'flagsAdd lock'], ends: 'written' },
  {
    what: 'approve',
    changes: { liftDenial: true },
    prepare: locked,
    lines: ['approval approve', 'flagsRemove all'],
    ends: 'written',
  },
  {
    what: 'cancel-wipe',
    changes: { lockBelongs: true },
    prepare: wiping,
    lines: ['flagsRemove all', 'flagsAdd lock'],
    ends: 'written',
  },
  { what: 'remove', lines: ['delete', 'tell traveler delete'], ends: 'gone' },
];

const fromChild = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ killedAt: z.string() }),
  z.object({ ended: z.literal(true) }),
  z.object({ told: z.looseObject({ actionId: z.string(), outcome: z.looseObject({ how: z.string() }) }) }),
]);

/** Runs a process that is killed at that place; resolves with the place, or null if it finished. */
async function inChild(command: ActionCommand, journal: string, killAt: number): Promise<string | null> {
  const { url, port, credentials } = server;
  const given = JSON.stringify({ journal, url, port, credentials, killAt });
  const child = fork(join(import.meta.dirname, 'relay-process.ts'), [given], { stdio: 'inherit' });
  let where: string | null = null;
  child.on('message', (message) => {
    const said = fromChild.parse(message);
    if ('ready' in said) child.send({ command });
    if ('killedAt' in said) where = said.killedAt;
    if ('told' in said) child.send({ acknowledge: said.told.actionId });
    if ('ended' in said) child.kill('SIGKILL');
  });
  await once(child, 'exit');
  return where;
}

/** A relay in this process that crashes there. */
async function inProcess(command: ActionCommand, journal: ActionJournal, killAt: number): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const crash = crashAt(killAt, resolve);
  const place = async (name: string) => {
    await crash(name);
    if (name === 'after acknowledged') resolve(null);
  };
  const at = cloud();
  const relay = crashingRelay({ port: server.port, rest, journal }, place);
  void relay.act(command, crashingLink(at.link, place));
  return promise;
}

/** The process that follows, and a cloud that retries unknown outcomes: it reads first, then repeats the action. */
async function afterwards(command: ActionCommand, journal: ActionJournal): Promise<ActionOutcome> {
  const source = sourceOf(readsOf(rest), quick(consoleWrites(directConsole(server.port))));
  const relay = relayActions({ source, journal, log: quietLog });
  const at = cloud();
  try {
    await relay.resume(at.link);
    for (let attempt = 1; ; attempt++) {
      const one = { ...command, attempt, sent: attempt > 1 };
      await relay.act(one, at.link);
      const outcome = await at.resultOf(one);
      if (outcome.how !== 'unknown' || attempt > 3) return outcome;
    }
  } finally {
    await relay.stop(1_000);
    await journal.close();
  }
}

const beyond = 1_000_000;
let sequence = 0;
async function run({ what, changes = {}, prepare, process }: Scenario, killAt: number) {
  const deviceId = `ApplKILL${++sequence}`;
  const device = server.arrive(user, { kind: 'ios-mail', deviceId });
  prepare?.(device);
  const target = { sourceId: 'hq', user, deviceId };
  const command = aCommand({ what, actionId: deviceId, target, href: device.href, ...changes });
  const file = join(folder, `${deviceId}.db`);
  const memory = memoryJournal();
  const where = await (process ? inChild(command, file, killAt) : inProcess(command, memory, killAt));
  const outcome = await afterwards(command, process ? sqliteJournal(file) : memory);
  const said = server.console.effects.filter(({ line }) => line.includes(`${deviceId} `));
  const lines = said.map(({ line }) => line.slice(0, line.indexOf(` ${deviceId}`)).replace('tell traveler security ', ''));
  const found = await rest.detail(device.href);
  const shown = found === 'gone' ? found : { in: isAdmitted(found.detail), out: isDenied(found.detail), wipe: found.detail.wipe };
  return { where, outcome, lines, shown };
}

test.for(scenarios)('killed anywhere, $what takes effect exactly once', { timeout: 120_000 }, async (scenario) => {
  const undisturbed = await run(scenario, beyond);
  expect(undisturbed).toMatchObject({ where: null, lines: scenario.lines, outcome: { how: scenario.ends } });
  const places: string[] = [];
  for (let at = 1; ; at++) {
    const killed = await run(scenario, at);
    if (killed.where === null) break;
    places.push(killed.where);
    const found = `killed ${killed.where} (place ${at}): ${killed.outcome.how}, ${killed.lines.join(' · ')}`;
    expect(killed.shown, found).toEqual(undisturbed.shown);
    expect(killed.outcome.how, found).toMatch(/written|already|gone/);
    // Between two lines of one write the first may be repeated; a wipe is one line.
    const between = killed.where.endsWith('console') && scenario.lines.length > 1;
    if (between) expect([...new Set(killed.lines)], found).toEqual(scenario.lines.filter((line) => killed.lines.includes(line)));
    else expect(killed.lines, found).toEqual(scenario.lines);
  }
  expect(places.length).toBeGreaterThan(20);
  for (const step of ['received', 'started', 'console', 'written', 'read', 'done', 'deliver', 'acknowledged'])
    expect(places).toEqual(expect.arrayContaining([`before ${step}`, `after ${step}`]));
});
