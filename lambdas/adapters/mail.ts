/** Sends one mail through SES (API v2). Does not retry: the failure's kind says whether a retry is safe. */
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { ServiceFailure } from '#adapters/service-failure';

export type Mail = { to: readonly string[]; subject: string; text: string; html: string };
/** Resolves once SES has accepted it. Throws ServiceFailure; kind `unknown` means that it may have been accepted. */
export type SendMail = (mail: Mail) => Promise<void>;

/** SES allows this many addresses in one mail. */
export const mostRecipients = 50;

export function sesMail(from: string, client = new SESv2Client({ maxAttempts: 1 })): SendMail {
  return async ({ to, subject, text, html }) => {
    const charset = { Charset: 'UTF-8' };
    const command = new SendEmailCommand({
      FromEmailAddress: from,
      Destination: { ToAddresses: [...to] },
      Content: {
        Simple: {
          Subject: { Data: subject, ...charset },
          Body: { Text: { Data: text, ...charset }, Html: { Data: html, ...charset } },
        },
      },
    });
    try {
      await client.send(command);
    } catch (error) {
      throw failureOf(error);
    }
  };
}

const busy = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'LimitExceededException',
  'SendingPausedException',
  'AccountSuspendedException',
]);
/** The request never reached SES. */
const unreached = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

function failureOf(error: unknown): ServiceFailure {
  const name = error instanceof Error ? error.name : 'unknown error';
  const { status, code } = particulars(error);
  const failure = (kind: ServiceFailure['kind'], what: string, remedy: string) =>
    new ServiceFailure(kind, { what, where: 'SES, notice of held devices', remedy }, { cause: error });
  if (busy.has(name))
    return failure(
      'busy',
      `SES does not send now (${name})`,
      'It is tried again by itself; see the sending limits in the SES console.',
    );
  if (unreached.has(code)) return failure('transient', `SES could not be reached (${code})`, 'It is tried again by itself.');
  if (status >= 400 && status < 500)
    return failure(
      'permanent',
      `SES refuses the mail (${name})`,
      'Verify the address or domain of "mail.from" in SES, and leave its sandbox or verify the addresses in "notify" too.',
    );
  return failure(
    'unknown',
    `SES gave no clear answer (${name}): the mail may have been sent or not`,
    'It is not sent again, so that nobody is told twice. The devices that wait are in the console.',
  );
}

function particulars(error: unknown): { status: number; code: string } {
  if (!(error instanceof Error)) return { status: 0, code: '' };
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number }) : {};
  return { status: metadata.httpStatusCode ?? 0, code: 'code' in error ? String(error.code) : '' };
}
