/**
 * Random histories: devices with a few actions each, a relay that crashes at random places and is restarted, commands that arrive
 * twice, late and out of order, a console that acts late. Traveler gets each line once, in order, none missing.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TravelerSource } from '#adapters/traveler/source';
import type { ActionCommand, ActionOutcome } from '#domain/relay/relay-protocol';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { type Random, randomOf } from '#test/histories/random';
import type { RelayActions } from '../../../relay/actions/relay-actions.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import type { Link } from '../../../relay/ports.ts';
import { until } from '../until.ts';
import { cloud, restOf } from './acting.ts';
import { aCommand } from './commands.ts';
import { crashAt, crashingLink, crashingRelay } from './crashing-relay.ts';

const user = 'Jane Doe/Acme';

type Asked = Pick<ActionCommand, 'what' | 'liftDenial' | 'lockBelongs'> & { lines: string[] };
type State = 'pending' | 'approved' | 'blocked';

/** What may be requested for a device in its state, and which lines Traveler must get for it. */
function plan({ pick }: Random): Asked[] {
  const asked: Asked[] = [];
  let state: State = 'pending';
  for (let n = 0; n < 4; n++) {
    const what: ActionCommand['what'] = pick(['approve', 'block', 'wipe', 'remove']);
    const blocked = state === 'blocked';
    const about = { liftDenial: blocked, lockBelongs: blocked };
    if ((what === 'approve' && state === 'approved') || (what === 'block' && blocked)) continue;
    if (what === 'approve')
      asked.push({ what, ...about, lines: blocked ? ['approval approve', 'flagsRemove all'] : ['approval approve'] });
    if (what === 'block') asked.push({ what, ...about, lines: ['approval deny', 'flagsAdd lock'] });
    if (what === 'wipe') {
      asked.push({ what, ...about, lines: ['flagsAdd wipeDevice'] });
      asked.push({
        what: 'cancel-wipe',
        ...about,
        lines: blocked ? ['flagsRemove all', 'flagsAdd lock'] : ['flagsRemove all'],
      });
    }
    if (what === 'remove') {
      asked.push({ what, ...about, lines: ['delete', 'tell traveler delete'] });
      break;
    }
    if (what !== 'wipe') state = what === 'approve' ? 'approved' : 'blocked';
  }
  return asked;
}

type World = { server: TravelerSimulator; rest: TravelerSource };

/** A relay that may crash after any call, and its successors on the same journal. */
function crashingRelays({ server, rest }: World, { between }: Random) {
  const journal = memoryJournal();
  const at = cloud();
  const counts = { crashes: 0 };
  let current = start();

  function start(): { relay: RelayActions; link: Link; gone: Promise<void> } {
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const place = crashAt(between(1, 120), () => {
      counts.crashes += 1;
      current = start();
      void current.relay.resume(current.link);
      resolve();
    });
    const link = crashingLink(at.link, place);
    return { relay: crashingRelay({ port: server.port, rest, journal }, place), link, gone };
  }
  return { at, counts, journal, deliver: (command: ActionCommand) => void current.relay.act(command, current.link) };
}

async function history(world: World, seed: number) {
  const random = randomOf(seed);
  const { at, counts, deliver, journal } = crashingRelays(world, random);
  const sent: ActionCommand[] = [];

  /** Like a cloud: repeats commands until there is a result, and now and then an old one for no reason. */
  async function resultOf(command: ActionCommand): Promise<ActionOutcome> {
    sent.push(command);
    for (let tries = 0; tries < 2_000; tries++) {
      if (tries % 10 === 0) deliver(command);
      if (random.chance(0.05)) deliver(random.pick([command, ...sent]));
      const found = at.results().find(({ actionId, attempt }) => actionId === command.actionId && attempt === command.attempt);
      if (found) return found.outcome;
      await wait(4);
    }
    throw new Error(`Seed ${seed}: no answer to ${command.what}, attempt ${command.attempt}`);
  }

  async function carriedOut(command: ActionCommand): Promise<ActionOutcome> {
    for (let attempt = 1; ; attempt += 2) {
      const outcome = await resultOf({ ...command, attempt });
      if (outcome.how !== 'unknown') return outcome;
      // The outcome is unknown: read it first, and repeat only if the effect is missing.
      const readOutcome = await resultOf({ ...command, attempt: attempt + 1, step: 'look' });
      const there = readOutcome.how === 'looked' && (readOutcome.before.wipe === 'requested') === (command.what === 'wipe');
      if (readOutcome.how === 'gone' || (command.what === 'wipe' && there)) return readOutcome;
    }
  }

  const devices = await Promise.all(
    Array.from({ length: 5 }, async (_, n) => {
      const deviceId = `Appl${seed}x${n}`;
      const { href } = world.server.arrive(user, { kind: 'ios-mail', deviceId });
      const asked = plan(random);
      const ends: string[] = [];
      for (const [nth, { what, liftDenial, lockBelongs }] of asked.entries()) {
        const target = { sourceId: 'hq', user, deviceId };
        const command = aCommand({ what, actionId: `${deviceId}-${nth}`, target, href, liftDenial, lockBelongs });
        ends.push((await carriedOut(command)).how);
      }
      return { deviceId, asked, ends };
    }),
  );
  // What was redelivered last for no reason gets a result, too.
  await until('every answer', async () => (await journal.open()).length === 0, { ms: 5_000 });
  return { devices, crashes: counts.crashes };
}

/** Compares the lines that Traveler got for a device with the requests: in order, single lines once, of two lines each at least where needed. */
function differences({ server }: World, { deviceId, asked }: { deviceId: string; asked: Asked[] }): string[] {
  const linesSent = server.console.effects
    .filter(({ line, applied }) => applied && line.includes(`${deviceId} `))
    .map(({ line }) => line.slice(0, line.indexOf(` ${deviceId}`)).replace('tell traveler security ', ''));
  const left = [...linesSent];
  const wrong: string[] = [];
  for (const { what, lines } of asked) {
    const matched: string[] = [];
    while (left[0] !== undefined && lines.includes(left[0]) && (lines.length > 1 || matched.length === 0))
      matched.push(left.shift() ?? '');
    if (matched[0] !== lines[0]) wrong.push(`${what} was told as ${matched.join(' · ') || 'nothing'}`);
  }
  if (left.length > 0) wrong.push(`told for nothing: ${left.join(' · ')}`);
  return wrong.map(
    (what) => `${deviceId}: ${what} (all: ${linesSent.join(' · ')}; asked: ${asked.map((one) => one.what).join(' · ')})`,
  );
}

// Concurrent: most of their time is spent waiting between an effect and reading it.
test.concurrent.for([0, 15])(
  'each effect once, in order, none missing, despite failures (console %i ms late)',
  { timeout: 120_000 },
  async (ms, { onTestFinished }) => {
    const server = await startTravelerSimulator({ devices: 0, requireApproval: true });
    onTestFinished(() => server.stop());
    const rest = restOf(server);
    onTestFinished(() => rest.close());
    const world = { server, rest };
    server.setConsoleFaults(ms > 0 ? [{ kind: 'delay', ms }] : []);
    let crashes = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const played = await history(world, seed * 1_000 + ms);
      crashes += played.crashes;
      expect(
        played.devices.flatMap((device) => differences(world, device)),
        `seed ${seed * 1_000 + ms}`,
      ).toEqual([]);
      for (const { ends } of played.devices) for (const how of ends) expect(how).toMatch(/written|already|gone|looked/);
    }
    expect(crashes).toBeGreaterThan(40);
  },
);
