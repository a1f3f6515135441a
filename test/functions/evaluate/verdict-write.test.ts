import { expect, test } from 'vitest';
import type { Verdict } from '#domain/quarantine/decide';
import { verdictWrite } from '#functions/evaluate/verdict-write';
import { aDevice } from '#test/functions/portal-events/portal-side';

function lineOf(evidence: string): string | undefined {
  const device = aDevice();
  const match = { kind: 'none' as const, enrolmentIds: [], portalUsers: [], evidence: '' };
  const verdict: Verdict = {
    ...{ deviceId: device.deviceId, client: 'ios-mail', verdict: 'block', rule: 'manual-decision', evidence },
    ...{ wouldChange: '', match, place: 1 },
  };
  const change = { verdict, held: false, action: null, openAction: null, settingsVersion: 1, digest: () => 'd', now: 1 };
  return verdictWrite(device, change)?.entries[0]?.says;
}

test("a person's reason is quoted unchanged, full stops included", () => {
  expect(lineOf('ann blocked it: lost.. see ticket 7')).toBe(
    'Verdict block by rule manual-decision: ann blocked it: lost.. see ticket 7.',
  );
});

test('evidence that ends with a full stop gets no second one', () => {
  expect(lineOf('ann blocked it: lost.')).toBe('Verdict block by rule manual-decision: ann blocked it: lost.');
});
