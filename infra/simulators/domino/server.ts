/**
 * `node infra/simulators/domino/server.ts --simulator http://127.0.0.1:8800 -c "<line>"`: stands in for Domino's `server -c`. Sends
 * the line to the simulated console, prints its output, and ends as it specifies. Imports only Node's modules, to start fast.
 */
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { simulator: { type: 'string' }, c: { type: 'string', short: 'c' } } });
if (values.simulator === undefined || values.c === undefined) {
  console.error('Usage: server --simulator <address of the simulator> -c "<console line>"');
  process.exit(2);
}

const body = JSON.stringify({ line: values.c });
const headers = { 'content-type': 'application/json' };
const address = new URL('/simulator/console', values.simulator);
const pending = request(address, { method: 'POST', headers }, (answer) => print(answer).catch(notRunning));
pending.on('error', notRunning);
pending.end(body);

async function print(answer: IncomingMessage): Promise<void> {
  const { output = '', afterMs = 0, code = 1, error } = JSON.parse(await text(answer));
  if (error !== undefined) console.error(error);
  process.stdout.write(output, () => {
    // A program that hangs keeps its output open and waits forever.
    if (code === null) setInterval(() => undefined, 3_600_000);
    else setTimeout(() => process.exit(code), afterMs);
  });
}

function notRunning({ message }: Error): void {
  console.error(`The Domino server is not running (${message}).`);
  process.exit(1);
}
