import { expect, test } from 'vitest';
import type { Problem } from '#domain/devices/source';
import { genesis } from '#domain/journal/hash-chain';
import { defaultSettings } from '#domain/quarantine/settings';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { readServices, type ServiceStatusDependencies } from '#functions/api/service-status';

const at = Date.parse('2026-03-02T08:00:00Z');
const problem: Problem = { kind: 'busy', what: 'The portal asks for patience', where: 'The portal', remedy: 'Wait.', at };
const cursor = {
  revision: 1,
  seq: 7,
  pendingTo: null,
  snapshot: null,
  lastSnapshotAt: at,
  lastUploadAt: at,
  trouble: null,
};
const state = {
  since: at,
  lastFullAt: at,
  lastCompleteAt: at,
  interrupted: false,
  absent: [],
  devices: 12,
  unreadable: 2,
  problem: null,
  retryAt: null,
};

function services(given: object, { notify = [], ...deviation }: { notify?: string[] } & Partial<ServiceStatusDependencies> = {}) {
  const current = {
    scope: '*',
    version: 1,
    settings: { ...defaultSettings, notify },
    publishedBy: 'someone',
    publishedAt: at,
  };
  return readServices({
    configuration: runtimeConfiguration.parse({ sources: [{ id: 'hq', kind: 'traveler' }], ...given }),
    chain: { head: async () => ({ ...genesis, seq: 10 }) },
    uploads: { cursor: async () => cursor, trouble: async () => null },
    notices: { read: async () => null },
    maas360: { read: async () => state },
    settings: { current: async () => current },
    now: () => at,
    ...deviation,
  })();
}

test('what is not configured is off, and no error', async () => {
  expect(await services({})).toMatchObject([
    { service: 'portal', state: 'off', problem: null },
    { service: 'mail', state: 'off', problem: null },
    { service: 'maas360', state: 'off', problem: null },
  ]);
});

test('addresses without a sender are reported: no mail is sent', async () => {
  const [, mail] = await services({}, { notify: ['admin@acme.example'] });
  expect(mail).toMatchObject({
    state: 'off',
    problem: { what: expect.stringContaining('no sender'), remedy: expect.stringContaining('from') },
  });
});

test('a portal with a url and no token is reported', async () => {
  const [portal] = await services({ portal: { url: 'https://portal.example' } });
  expect(portal).toMatchObject({ state: 'failed', problem: { what: expect.stringContaining('no token') } });
});

const everything = {
  portal: { url: 'https://portal.example', secretName: 'extender/portal' },
  mail: { from: 'extender@acme.example' },
  maas360: { billingId: '1', credentials: { secretName: 'extender/maas360' } },
};

test('a healthy service shows its last success and its progress', async () => {
  const time = '2026-03-02T08:00:00.000Z';
  expect(await services(everything, { notify: ['admin@acme.example'] })).toMatchObject([
    { state: 'ok', lastAt: time, note: '3 journal lines are still to be looked at for the portal.' },
    { state: 'new', lastAt: null, note: 'Notices go to one address.' },
    { state: 'ok', lastAt: time, note: '12 devices at the last whole read, 2 of them unreadable or of nobody.' },
  ]);
});

test('an error outranks earlier successes', async () => {
  const failure = { notBefore: at, failures: 1, problem };
  const [portal] = await services(everything, { uploads: { cursor: async () => cursor, trouble: async () => failure } });
  expect(portal).toMatchObject({ state: 'failed', problem: { what: problem.what, remedy: 'Wait.' } });
});
