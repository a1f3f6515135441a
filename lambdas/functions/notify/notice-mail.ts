/** The mail about newly held devices, as plain text and HTML. Text from a phone or a directory is always escaped. */
import { html } from 'hono/html';
import type { Mail } from '#adapters/mail';
import { deviceLink, type HeldDevice, heldLink } from '#domain/outbound/notice';

export type Notice = { sourceId: string; devices: readonly HeldDevice[]; more: number; consoleUrl: string };

export async function noticeMail({ sourceId, devices, more, consoleUrl }: Notice): Promise<Omit<Mail, 'to'>> {
  const count = devices.length + more;
  // No name in the subject: locked screens show it.
  const subject = count === 1 ? `A device waits for approval (${sourceId})` : `${count} devices wait for approval (${sourceId})`;
  const all = heldLink(consoleUrl, sourceId);
  const rest = more === 0 ? '' : `… and ${more} more.`;
  const facts = devices.map((device) => ({ device, link: deviceLink(consoleUrl, device), rows: rowsOf(device) }));
  const text = [
    `${subject}. Until a rule or a person approves ${count === 1 ? 'it, it gets' : 'them, they get'} no mail.`,
    ...facts.map(({ rows, link }) =>
      [...rows.map(([name, value]) => `${name}: ${oneLine(value)}`), `Decide: ${link}`].join('\n'),
    ),
    ...(rest === '' ? [] : [rest]),
    `All that wait: ${all}`,
  ].join('\n\n');
  const body = await html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${subject}</title></head>
<body style="font-family:sans-serif;color:#16191f">
<p>${subject}. Until a rule or a person approves ${count === 1 ? 'it, it gets' : 'them, they get'} no mail.</p>
${facts.map(
  ({ rows, link }) => html`<table style="border-collapse:collapse;margin:0 0 1em">
${rows.map(
  ([
    name,
    value,
  ]) => html`<tr><th align="left" style="padding:2px 12px 2px 0;font-weight:normal;color:#5f6b7a">${name}</th><td>${oneLine(value)}</td></tr>
`,
)}<tr><th></th><td><a href="${link}">Approve or block it in the console</a></td></tr>
</table>
`,
)}${rest === '' ? '' : html`<p>${rest}</p>`}
<p><a href="${all}">All devices that wait at ${sourceId}</a></p>
</body></html>
`;
  return { subject, text: `${text}\n`, html: String(body) };
}

function rowsOf({ user, deviceId, provider, client, firstSeen, why }: HeldDevice): [string, string][] {
  return [
    ['User', user],
    ['Device', provider === '' ? deviceId : `${provider} (${deviceId})`],
    ['Client', client],
    ['First seen', `${new Date(firstSeen).toISOString().slice(0, 16).replace('T', ' ')} UTC`],
    ['Why', why],
  ];
}

/** A name with line breaks in it must not look like further facts. */
const oneLine = (value: string): string => value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
