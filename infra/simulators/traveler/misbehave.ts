/** Sends a response as the faults of this request require: late, truncated, endless, empty, or as a login page. */
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Reply } from './answer.ts';
import type { Fault, FaultKind, Faults } from './faults.ts';

export type Struck = ReturnType<Faults['strike']>;
type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;

const loginForm = `<!DOCTYPE html>
<html><head><title>Server Login</title></head>
<body><form method="post" action="/names.nsf?Login"><input name="Username"><input type="password" name="Password"></form></body></html>`;

function found<K extends FaultKind>(struck: Struck, kind: K): Of<K> | undefined {
  const entry: Fault | undefined = struck.get(kind);
  return entry?.kind === kind ? (entry as Of<K>) : undefined;
}

/** The response that replaces performing the request; undefined if it is to be performed. */
export function instead(struck: Struck): Reply | undefined {
  const status = found(struck, 'status');
  if (status) return { status: status.code, type: 'text/plain', body: `Error ${status.code}` };
  if (struck.has('login-page')) return { status: 200, type: 'text/html', body: loginForm };
  if (struck.has('login-redirect')) return { status: 302, type: 'text/html', body: '' };
  if (struck.has('empty-body')) return { status: 200, type: 'application/json', body: '' };
  const code = found(struck, 'envelope-code');
  if (code) return { status: 200, type: 'application/json', body: `{"code":"${code.code}","message":"Error","data":[]}` };
  return undefined;
}

export async function delayed(struck: Struck, signal: AbortSignal): Promise<void> {
  const delay = found(struck, 'delay');
  if (delay) await wait(delay.ms, undefined, { signal, ref: false });
}

/** Writes the reply, changed by the faults. `hang` keeps the connection open until the client or the simulator closes it. */
export function send(response: ServerResponse, reply: Reply, { struck, date }: { struck: Struck; date: number }): void {
  if (struck.has('hang')) return;
  if (struck.has('lost-answer')) {
    response.destroy();
    return;
  }
  const body = struck.has('malformed-json') ? `${reply.body.slice(0, -5)}<oops>` : reply.body;
  const bytes = Buffer.from(body, 'utf8');
  response.writeHead(reply.status, {
    'content-type': reply.type === 'application/json' ? reply.type : `${reply.type}; charset=UTF-8`,
    date: new Date(date).toUTCString(),
    server: 'Lotus-Domino',
    ...extraHeaders(struck),
    ...(struck.has('endless-body') ? {} : { 'content-length': bytes.length }),
  });
  if (struck.has('cut-body')) response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
  else if (struck.has('endless-body')) pour(response);
  else response.end(bytes);
}

function extraHeaders(struck: Struck): Record<string, string> {
  const retryAfter = found(struck, 'status')?.retryAfter;
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...(struck.has('login-redirect') ? { location: '/names.nsf?Login&RedirectTo=/api/traveler/devices' } : {}),
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
