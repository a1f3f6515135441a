import { expect, test } from 'vitest';
import { nameOf, sourceAt } from '../../relay/run/source.ts';

const nobody = async () => ({ user: 'nobody', password: 'nothing' });
const traveler = { url: undefined, read: 'notes' as const, concurrency: 4 };
type Described = Parameters<typeof sourceAt>[0];

test('Notes reads and acts through the same client', async () => {
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

test('reading through Notes with another console is rejected with a remedy', () => {
  const how = { by: 'command', command: ['/bin/true', '{line}'], directory: undefined, timeoutSeconds: 5 };
  expect(() => sourceAt({ traveler, console: how } as Described, nobody)).toThrow('console.by "notes"');
});

test('stored state belongs to one server, address and way of reading', () => {
  const by = (server: string) => ({ by: 'notes', server, timeoutSeconds: 5 });
  const over = { ...traveler, url: 'http://traveler.example' };
  const described = [
    { traveler, console: by('Mail01/Acme') },
    { traveler, console: by('Mail02/Acme') },
    { traveler: { ...over, read: 'http' }, console: { by: 'rest' } },
    { traveler: { ...over, read: 'rest' }, console: { by: 'rest' } },
  ] as Described[];
  expect(new Set(described.map((one) => nameOf(one, 'hq'))).size).toBe(4);
});
