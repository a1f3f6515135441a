/** A conversation of protocol 1, as a relay one release back has it, with the cloud of this release at the other end. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { actionCommand, type ToRelay } from '#domain/relay/relay-protocol';
import { gather } from '#functions/gather/gather';
import type { Peer } from '#functions/relay-socket/dependencies';
import { receive } from '#functions/relay-socket/receive';
import { type RelayedWorld, startRelayedWorld } from './relayed-world.ts';

const line = z.discriminatedUnion('from', [
  z.object({ from: z.literal('relay'), message: z.looseObject({ type: z.string(), n: z.number() }) }),
  z.object({ from: z.literal('cloud'), message: z.looseObject({ type: z.string() }) }),
  z.object({ from: z.literal('schedule'), gather: z.string() }),
  z.object({ from: z.literal('worker'), action: actionCommand.omit({ n: true, fence: true }) }),
]);
const conversation = readFileSync(new URL('../../fixtures/relay-protocol-1.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((text) => line.parse(JSON.parse(text)));

let world: RelayedWorld;
let peer: Peer;
const unread: ToRelay[] = [];
let received = 0;

beforeAll(async () => {
  world = await startRelayedWorld({ devices: 4 });
  peer = await world.enrol('recorded');
});
afterAll(() => world.stop());

/** What it received since, oldest first; messages that it does not wait for are ignored. */
function nextMessage(type: string): ToRelay {
  unread.push(...world.relay.posted.slice(received).map(({ message }) => message));
  received = world.relay.posted.length;
  const found = unread.find((message) => message.type === type);
  if (!found) throw new Error(`the cloud said no ${type}, but ${unread.map((message) => message.type).join(', ')}`);
  unread.splice(unread.indexOf(found), 1);
  return found;
}

test('protocol 1 keeps working: hello, gather, action, and the newer release', async () => {
  for (const step of conversation) {
    if (step.from === 'relay') await receive(world.socket, peer, JSON.stringify(step.message));
    if (step.from === 'cloud') expect(nextMessage(step.message.type)).toMatchObject(step.message);
    if (step.from === 'schedule') {
      world.gathers.length = 0;
      const message = { ...world.message(step.gather), sourceId: 'hq' };
      await gather(world.dependencies)(message, { remainingMs: () => 900_000 });
      world.gathers.length = 0;
    }
    if (step.from === 'worker') await world.relay.link.send('hq', (numbered) => ({ ...step.action, ...numbered }));
  }
  expect(world.ignored).toBe(0);
  expect(world.relay.said('welcome')[0]?.advice).toMatch(/release behind/);

  const asked = Date.parse('2026-03-02T12:00:00Z');
  await world.queued();
  expect(await world.source()).toMatchObject({ devices: 4, problem: null });
  const devices = (await world.devices()).filter(({ sourceId }) => sourceId === 'hq');
  expect(devices.map(({ detail }) => detail !== null)).toEqual([true, true, true, true]);
  expect(devices.map(({ observedAt }) => observedAt)).toEqual([asked, asked, asked, asked]);
  expect(world.actions).toMatchObject([{ actionId: 'recorded-1', result: { outcome: { how: 'written' } } }]);
  expect((await world.relay.relays.read('recorded'))?.protocol).toBe(1);
});
