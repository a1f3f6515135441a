/**
 * SES, API v2, over the real protocol: SendEmail with simple content. Each mail becomes a file that any mail program can open,
 * in `mail/` of the data folder; none leaves the machine.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { account, region } from '../template/intrinsics.ts';
import type { Need } from './authorise.ts';
import { Unreadable } from './required-permissions.ts';
import { type Answer, jsonAnswer, ServiceError } from './wire.ts';

const part = z.object({ Data: z.string() });
const sendEmail = z.object({
  FromEmailAddress: z.email(),
  Destination: z.object({ ToAddresses: z.array(z.email()).min(1).max(50) }),
  Content: z.object({ Simple: z.object({ Subject: part, Body: z.object({ Text: part.optional(), Html: part.optional() }) }) }),
});

export type LocalMail = {
  call(operation: string, body: unknown): Promise<Answer>;
  needs(operation: string, body: unknown): Need[];
};

/** `folder`: where mails are stored; created with the first one. */
export function localMail(folder: string, now: () => Date = () => new Date()): LocalMail {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    async call(operation, body) {
      if (operation !== 'SendEmail')
        throw new ServiceError('NotFoundException', `The local SES sends mail only, it has no ${operation}.`, 404);
      const { FromEmailAddress, Destination, Content } = read(body);
      const { Subject, Body } = Content.Simple;
      const date = now();
      const id = randomUUID();
      const { message } = await composer.sendMail({
        from: FromEmailAddress,
        to: Destination.ToAddresses,
        subject: Subject.Data,
        ...(Body.Text ? { text: Body.Text.Data } : {}),
        ...(Body.Html ? { html: Body.Html.Data } : {}),
        date,
        messageId: `<${id}@ses.local>`,
      });
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${date.toISOString().replaceAll(':', '-')}-${id.slice(0, 8)}.eml`);
      await writeFile(`${file}.part`, message, { mode: 0o600 });
      await rename(`${file}.part`, file);
      return jsonAnswer('ses', { MessageId: id });
    },
    needs(operation, body) {
      const { FromEmailAddress: from } = read(body);
      const resource = `arn:aws:ses:${region}:${account}:identity/${from}`;
      return [{ action: `ses:${operation}`, resource, context: { 'ses:FromAddress': from } }];
    },
  };
}

function read(body: unknown): z.infer<typeof sendEmail> {
  const parsed = sendEmail.safeParse(body);
  if (!parsed.success) throw new Unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}
