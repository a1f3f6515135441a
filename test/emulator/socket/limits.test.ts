import { describe, expect, test } from 'vitest';
import { socketLimitsFrom } from '#infra/emulator/socket/limits';
import { StartError } from '#infra/emulator/start-error';

describe('the limits of a WebSocket', () => {
  test('are those of API Gateway', () => {
    expect(socketLimitsFrom({})).toEqual({
      frameBytes: 32_768,
      messageBytes: 131_072,
      idleMs: 600_000,
      lifeMs: 7_200_000,
    });
  });

  test('can be shortened in time', () => {
    expect(socketLimitsFrom({ SOCKET_IDLE_MS: '500', SOCKET_LIFE_MS: '2000' })).toMatchObject({ idleMs: 500, lifeMs: 2000 });
  });

  test.each([
    [{ SOCKET_IDLE_MS: '600001' }, /SOCKET_IDLE_MS: API Gateway allows 600000 ms at most/],
    [{ SOCKET_LIFE_MS: 'long' }, /SOCKET_LIFE_MS: expected whole milliseconds from 1 to 7200000/],
    [{ SOCKET_LIFE_MS: '0' }, /SOCKET_LIFE_MS: /],
    [{ SOCKET_IDLE_MS: '1.5', SOCKET_LIFE_MS: '' }, /SOCKET_IDLE_MS: .*\nSOCKET_LIFE_MS: /],
  ])('are never longer than in the cloud, and never invalid: %j', (environment, says) => {
    expect(() => socketLimitsFrom(environment)).toThrow(says);
    expect(() => socketLimitsFrom(environment)).toThrow(StartError);
  });
});
