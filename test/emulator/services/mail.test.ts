import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sesMail } from '#adapters/mail';
import { aFolder, aFunction, allow, arn, startStack, type TestStack } from './stack.ts';

const from = 'extender@acme.example';
const mayMail = aFunction('notify', [
  allow(['ses:SendEmail'], [arn('ses', `identity/${from}`)], { StringEquals: { 'ses:FromAddress': from } }),
]);

let stack: TestStack;
let folder: Awaited<ReturnType<typeof aFolder>>;
beforeEach(async () => {
  folder = await aFolder();
  stack = await startStack(folder.path, { functions: [mayMail] });
});
afterEach(async () => {
  await stack.stop();
  await folder.remove();
});

const client = (accessKeyId = 'operator') =>
  new SESv2Client({
    endpoint: stack.services.endpoints.ses,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'local' },
  });
const mail = {
  to: ['admin@acme.example', 'other@acme.example'],
  subject: 'Zwei Geräte',
  text: 'Müller wartet.\n',
  html: '<p>Müller wartet.</p>',
};

test('a mail sent with the real SES client becomes a readable mail file', async () => {
  await sesMail(from, client('notify'))(mail);
  const [file = ''] = await readdir(join(folder.path, 'mail'));
  expect(file).toMatch(/\.eml$/);
  const text = await readFile(join(folder.path, 'mail', file), 'utf8');
  expect(text).toContain(`From: ${from}`);
  expect(text).toContain('To: admin@acme.example, other@acme.example');
  expect(text).toMatch(/Subject: =\?UTF-8\?Q\?Zwei_Ger=C3=A4te\?=/);
  expect(text).toContain('multipart/alternative');
  expect(text).toContain('M=C3=BCller wartet.');
});

test('another sender address is denied by the role of the function', async () => {
  await expect(sesMail('boss@acme.example', client('notify'))(mail)).rejects.toMatchObject({
    kind: 'permanent',
    message: expect.stringContaining('AccessDenied'),
  });
  await expect(readdir(join(folder.path, 'mail'))).rejects.toThrow();
});

test('an unreachable SES was surely not reached: the mail may be retried', async () => {
  const nowhere = new SESv2Client({
    endpoint: 'http://127.0.0.1:9',
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  await expect(sesMail(from, nowhere)(mail)).rejects.toMatchObject({ kind: 'transient' });
});
