import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { deadline } from '#adapters/deadline';

test('aborts with a TimeoutError when the time is over', async () => {
  using limited = deadline(5);
  await wait(20);
  expect(limited.signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('aborts with the outer reason, also if the outer signal aborted before', () => {
  const outer = new AbortController();
  using before = deadline(60_000, outer.signal);
  outer.abort(new Error('stopped'));
  using after = deadline(60_000, outer.signal);
  for (const { signal } of [before, after]) expect(signal.reason).toMatchObject({ message: 'stopped' });
});

test('after disposal, neither its timer nor the outer signal matters, and nothing leaks', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const [outer, before] = [new AbortController(), timers()];
  let limited: ReturnType<typeof deadline> | undefined;
  {
    using within = deadline(5, outer.signal);
    limited = within;
  }
  expect(timers()).toBe(before);
  outer.abort();
  await wait(20);
  expect(limited.signal.aborted).toBe(false);
});
