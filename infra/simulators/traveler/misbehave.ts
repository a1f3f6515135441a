/** Sends a response as the faults of this request require: late, truncated, endless, empty, or as a login page. */
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Reply } from './answer.ts';
import type { Fault, FaultKind, Faults } from './faults.ts';

export type ActiveFaults = ReturnType<Faults['strike']>;
type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

const loginForm = `<!DOCTYPE html>
<html><head><title>Server Login</title></head>
<body><form method="post" action="/names.nsf?Login"><input name="Username"><input type="password" name="Password"></form></body></html>`;

function found<K extends FaultKind>(active: ActiveFaults, kind: K): Of<K> | undefined {
  const entry: Fault | undefined = active.get(kind);
  return entry?.kind === kind ? (entry as Of<K>) : undefined;
}

/** The response that replaces performing the request; undefined if it is to be performed. */
export function instead(active: ActiveFaults): Reply | undefined {
  const status = found(active, 'status');
  if (status) return { status: status.code, type: 'text/plain', body: `Error ${status.code}` };
  if (active.has('login-page')) return { status: 200, type: 'text/html', body: loginForm };
  if (active.has('login-redirect')) return { status: 302, type: 'text/html', body: '' };
  if (active.has('empty-body')) return { status: 200, type: 'application/json', body: '' };
  const code = found(active, 'envelope-code');
  if (code) return { status: 200, type: 'application/json', body: `{"code":"${code.code}","message":"Error","data":[]}` };
  return undefined;
}

export async function delayed(active: ActiveFaults, signal: AbortSignal): Promise<void> {
  const delay = found(active, 'delay');
  if (delay) await wait(delay.ms, undefined, { signal, ref: false });
}

/** Writes the reply, changed by the faults. `hang` keeps the connection open until the client or the simulator closes it. */
export function send(response: ServerResponse, reply: Reply, { active, date }: { active: ActiveFaults; date: number }): void {
  if (active.has('hang')) return;
  if (active.has('lost-answer')) {
    response.destroy();
    return;
  }
  const body = active.has('malformed-json') ? `${reply.body.slice(0, -5)}<oops>` : reply.body;
  const bytes = Buffer.from(body, 'utf8');
  response.writeHead(reply.status, {
    'content-type': reply.type === 'application/json' ? reply.type : `${reply.type}; charset=UTF-8`,
    date: new Date(date).toUTCString(),
    server: 'Lotus-Domino',
    ...extraHeaders(active),
    ...(active.has('endless-body') ? {} : { 'content-length': bytes.length }),
  });
  if (active.has('cut-body')) response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
  else if (active.has('endless-body')) pour(response);
  else response.end(bytes);
}

function extraHeaders(active: ActiveFaults): Record<string, string> {
  const retryAfter = found(active, 'status')?.retryAfter;
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...(active.has('login-redirect') ? { location: '/names.nsf?Login&RedirectTo=/api/traveler/devices' } : {}),
  };
}

/** Writes spaces without end, as fast as the client reads them: valid at the start of any JSON. */
function pour(response: ServerResponse): void {
  const spaces = Buffer.alloc(64 * 1024, ' ');
  const more = () => {
    while (!response.destroyed && response.write(spaces));
  };
  response.on('drain', more);
  more();
}
