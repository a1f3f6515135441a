import { beforeEach, describe, expect, test } from 'vitest';
import { createCloudClock } from '../../../relay/session/cloud-clock.ts';
import { createInbox } from '../../../relay/session/inbox.ts';
import { createLeaseKeeper, type LeaseKeeper, type Moment } from '../../../relay/session/lease.ts';

let at: Moment;
let lease: LeaseKeeper;
beforeEach(() => {
  at = { monotonic: 5_000, wall: 1_000_000 };
  lease = createLeaseKeeper(() => at);
});
const pass = (ms: number, { wall = ms } = {}) => {
  at = { monotonic: at.monotonic + ms, wall: at.wall + wall };
};
/** From a cloud whose clock shows 9,000,000. */
const granted = { held: true, fence: 3, until: 9_030_000, now: 9_000_000 };

describe('the lease', () => {
  test('counts from its request, so that a slow response makes it shorter', () => {
    const asked = at;
    pass(12_000);
    lease.answered(granted, asked);
    expect(lease.held()).toEqual({ fence: 3 });
    pass(17_999);
    expect(lease.held()).toEqual({ fence: 3 });
    pass(1);
    expect(lease.held()).toBeNull();
  });

  test('that expired before its response arrived is never held', () => {
    const asked = at;
    pass(30_000);
    lease.answered(granted, asked);
    expect(lease.held()).toBeNull();
  });

  test('ends by the wall clock if the monotonic one stopped in sleep', () => {
    lease.answered(granted, at);
    pass(10, { wall: 60_000 });
    expect(lease.held()).toBeNull();
  });

  test('is not extended by a wall clock that was set back', () => {
    lease.answered(granted, at);
    pass(30_000, { wall: -3_600_000 });
    expect(lease.held()).toBeNull();
  });

  test('follows the newest response, even if responses overtake each other', () => {
    const first = at;
    pass(100);
    const second = at;
    lease.answered({ ...granted, held: false, fence: 4 }, second);
    lease.answered(granted, first);
    expect(lease.held()).toBeNull();
    expect(lease.view()).toEqual({ holding: false, following: true, fence: 4 });
    lease.answered({ ...granted, fence: 4, held: false }, second);
    lease.answered({ ...granted, fence: 4 }, first);
    expect(lease.held()).toBeNull();
  });

  test('can be withdrawn by an unrequested message, never granted', () => {
    lease.notified(granted);
    expect(lease.view()).toEqual({ holding: false, following: false, fence: null });
    lease.answered(granted, at);
    lease.notified({ ...granted, fence: 2, held: false });
    expect(lease.held()).toEqual({ fence: 3 });
    lease.notified({ ...granted, fence: 4, held: false });
    expect(lease.held()).toBeNull();
    lease.notified({ ...granted, fence: 5, held: true });
    expect(lease.held()).toBeNull();
  });
});

describe('the cloud’s clock', () => {
  test('is this machine’s at first, then that of the quickest response', () => {
    const clock = createCloudClock(() => at);
    expect(clock.now()).toBe(at.wall);
    expect(clock.offset()).toBeNull();
    clock.seen(2_000_000);
    expect(clock.offset()).toBe(1_000_000);
    let asked = at;
    pass(400);
    clock.answered(2_000_350, asked);
    asked = at;
    pass(10);
    clock.answered(2_000_405, asked);
    expect(clock.now()).toBe(2_000_410);
    asked = at;
    pass(2_000);
    clock.answered(2_002_400, asked);
    expect(clock.now()).toBe(2_002_410);
  });

  test('is measured again after this machine slept', () => {
    const clock = createCloudClock(() => at);
    clock.answered(2_000_000, at);
    pass(10, { wall: 3_600_000 });
    const asked = at;
    pass(20);
    clock.answered(5_600_020, asked);
    expect(clock.now()).toBe(5_600_030);
  });
});

describe('a received message', () => {
  test('is handled once, whether redelivered meanwhile or later', () => {
    const inbox = createInbox();
    expect(inbox.take(5)).toBe('new');
    expect(inbox.take(5)).toBe('under-way');
    inbox.keep(5);
    expect(inbox.take(5)).toBe('seen');
  });

  test('that could not be handled may be redelivered', () => {
    const inbox = createInbox();
    inbox.take(5);
    inbox.forget(5);
    expect(inbox.take(5)).toBe('new');
  });

  test('is remembered up to a limit, the newest first', () => {
    const inbox = createInbox({ most: 3 });
    for (const n of [1, 2, 3, 4]) {
      inbox.take(n);
      inbox.keep(n);
    }
    expect(inbox.take(4)).toBe('seen');
    expect(inbox.take(1)).toBe('new');
  });
});
