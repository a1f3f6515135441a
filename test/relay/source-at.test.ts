import { expect, test } from 'vitest';
import { sourceAt } from '../../relay/run/source.ts';

const nobody = async () => ({ user: 'nobody', password: 'nothing' });
const traveler = { url: undefined, read: 'notes' as const, concurrency: 4 };
type Described = Parameters<typeof sourceAt>[0];

test('what is read through the Notes client is acted on through the same one', async () => {
  const how = { by: 'notes', server: 'Mail01/Acme', script: undefined, passwordFile: undefined, timeoutSeconds: 5 };
  const source = sourceAt({ traveler, console: how } as Described, nobody);
  expect(await source.facts()).toMatchObject({
    aqSupport: 'unsupported',
    requiresApproval: 'unknown',
    settingsAccess: 'unavailable',
  });
  expect(await source.writeSettings({ requireApproval: true, devicesBeforeApproval: 0 })).toBe('unavailable');
  await source.close();
});

test('reading through Notes beside another console is refused with what to do', () => {
  const how = { by: 'command', command: ['/bin/true', '{line}'], directory: undefined, timeoutSeconds: 5 };
  expect(() => sourceAt({ traveler, console: how } as Described, nobody)).toThrow('console.by "notes"');
});
