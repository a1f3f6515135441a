/** Every alarm has a line in the runbook that links to what to do. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { everything, templatesFor } from './templates.ts';

const page = readFileSync('docs/operations.md', 'utf8');
const [, section = ''] = page.split('\n## Alarms\n');
const names = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name ?? '');
/** A logical id ends in a hash of eight digits. */
const nameOf = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, '');

test('every alarm is in the table of docs/operations.md', async () => {
  const templates = await templatesFor(everything);
  const alarms = templates.ofType('AWS::CloudWatch::Alarm').map(([id]) => nameOf(id));
  expect(alarms.length).toBeGreaterThan(20);
  expect(alarms.filter((alarm) => !names.some((name) => alarm.endsWith(name)))).toEqual([]);
  expect(names.filter((name) => !alarms.some((alarm) => alarm.endsWith(name)))).toEqual([]);
});

test('every link of the table leads to a section', () => {
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...section.matchAll(/\(#([\w-]+)\)/g)].map(([, anchor]) => anchor ?? '');
  expect(links.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
});
