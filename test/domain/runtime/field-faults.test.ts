/** What is wrong with external input: each fault names the field and what was expected there, never what was found. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readDeadLetter } from '#domain/messages/dead-letter';
import { actionRequested, eventsIn } from '#domain/messages/events-in';
import { fieldFaults } from '#domain/runtime/field-faults';

const faultsIn = (schema: z.ZodType, given: unknown) => {
  const { error } = schema.safeParse(given);
  return error === undefined ? [] : fieldFaults(error, ['detail']);
};
const request = {
  actionId: 'a',
  requestedAt: '2026-03-01T08:00:00Z',
  requestedBy: { kind: 'person', name: 'ann' },
  type: 'approve',
  target: { sourceId: 'cloud', user: 'Jane Doe/Acme', deviceId: 'Appl1' },
};

test.each([
  ['a text that is no time', 'yesterday'],
  ['nothing', undefined],
  ['a list', [1]],
  ['a broken number', 1.5],
])('for a time given as %s, field and time formats are named', (_, requestedAt) => {
  const [fault, ...others] = faultsIn(actionRequested, { ...request, requestedAt });
  expect(others).toEqual([]);
  expect(fault?.path).toBe('detail.requestedAt');
  expect(fault?.message).toMatch(/expected a time, ISO 8601 .*, or epoch milliseconds$/);
  expect(fault?.message).not.toContain('yesterday');
});

test('for a choice, the faults of the intended alternative are named', () => {
  const choice = z.union([z.object({ ids: z.array(z.string()) }), z.object({ all: z.literal(true) })]);
  expect(faultsIn(choice, { ids: [5] })).toEqual([
    { path: 'detail.ids.0', message: 'Invalid input: expected string, received number' },
  ]);
});

test('for a choice that nothing resembles, the alternatives are named', () => {
  const choice = z.union([z.iso.datetime(), z.int(), z.literal('never')]);
  expect(faultsIn(choice, true)).toEqual([
    { path: 'detail', message: 'Invalid input: expected a text, or a number, or "never"' },
  ]);
});

test('every missing or mistyped field of an event is reported with what was expected', () => {
  const kinds = Object.entries(eventsIn);
  const vague = kinds.flatMap(([kind, schema]) =>
    Object.keys(schema.shape).flatMap((name) =>
      [undefined, null, {}, 'x', -0.5, []].flatMap((by) =>
        faultsIn(schema, { [name]: by })
          .filter(({ path, message }) => path.startsWith(`detail.${name}`) && !/expected|must/i.test(message))
          .map(({ path, message }) => `${kind} ${path}: ${message}`),
      ),
    ),
  );
  expect(vague).toEqual([]);
});

test('a dead letter names its faults, and says how many it leaves out', () => {
  const letter = (kind: string, detail: unknown) =>
    readDeadLetter('portalEvents', JSON.stringify({ id: 'e', source: 'portal', 'detail-type': kind, time: 't', detail }));
  expect(letter('ActionRequested', { ...request, requestedAt: 'yesterday' })).toMatchObject({
    because: expect.stringMatching(/^field detail\.requestedAt: Invalid input: expected a time, ISO 8601/),
  });
  const enrolments = Array.from({ length: 20 }, () => 5);
  expect(letter('EnrolmentSnapshot', { snapshotId: 's', part: 1, parts: 1, enrolments })).toMatchObject({
    because: expect.stringMatching(/field detail\.enrolments\.0: .*; and 8 more$/),
  });
  expect(letter('Nonsense', {})).toMatchObject({ because: expect.stringContaining('ActionRequested, EnrolmentChanged') });
});
