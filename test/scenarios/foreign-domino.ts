/**
 * A third-party Domino beside a third-party Traveler: its `server -c` is a shell script that leaves the line in a file and prints
 * nothing, as the real one does; the server reads lines from there a moment later. What it makes of them is written from the wire
 * note alone.
 */
import { chmodSync, closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignDevice, ForeignTraveler } from './foreign-traveler.ts';

const program = (spool: string) => `#!/bin/sh
# usage: server -c "<console command>"
[ "$#" -eq 2 ] && [ "$1" = "-c" ] || { echo "usage: server -c command" >&2; exit 64; }
printf '%s\\n' "$2" >> '${spool}'
`;
const line = /^tell traveler (security )?(approval (?:approve|deny)|flagsAdd|flagsRemove|delete) ?(.*)$/;
const readEveryMs = 25;
const [notRequired, pending] = [16, 1];

/** `folder`: where the program and its file are put. */
export function startForeignDomino(server: Pick<ForeignTraveler, 'device' | 'remove'>, folder: string) {
  const spool = join(folder, 'console.in');
  const path = join(folder, 'server');
  writeFileSync(spool, '');
  writeFileSync(path, program(spool));
  chmodSync(path, 0o755);
  const received: string[] = [];
  const file = openSync(spool, 'r');
  let [at, rest] = [0, ''];
  const bytes = Buffer.alloc(64 * 1024);

  const timer = setInterval(() => {
    const read = readSync(file, bytes, 0, bytes.length, at);
    at += read;
    const lines = (rest + bytes.toString('utf8', 0, read)).split('\n');
    rest = lines.pop() ?? '';
    for (const one of lines) {
      received.push(one);
      obey(one);
    }
  }, readEveryMs);

  function obey(said: string): void {
    const [, security = '', verb = '', after = ''] = line.exec(said) ?? [];
    const [first = '', ...more] = after.split(' ');
    const flagged = verb.startsWith('flags');
    const [deviceid = '', ...user] = flagged ? more : [first, ...more];
    const username = user.join(' ');
    const device = server.device(username, deviceid);
    if (!device) return;
    if (verb === 'delete') {
      if (security === '' && device.requested_wipe_options === '') server.remove(username, deviceid);
    } else if (flagged) flag(device, { adds: verb === 'flagsAdd', flags: first.split('/') });
    else if (device.approval_policy !== notRequired) judge(device, verb.endsWith('approve'));
  }
  return {
    /** What to put into `console.command` of relay.json. */
    command: [path, '-c', '{line}'],
    /** Every line as it reached the server, in order. */
    received,
    stop() {
      clearInterval(timer);
      closeSync(file);
    },
  };
}
export type ForeignDomino = ReturnType<typeof startForeignDomino>;

function judge(device: ForeignDevice, approved: boolean): void {
  // What waits is denied by waiting alone; a lock stays.
  if (device.approval_policy === pending) device.access_status = approved ? 0 : 1;
  device.approval_policy = approved ? 2 : 8;
}

function flag(device: ForeignDevice, { adds, flags }: { adds: boolean; flags: readonly string[] }): void {
  if (!adds) {
    const access = device.approval_policy === pending ? 1 : 0;
    return void Object.assign(device, { access_status: access, requested_wipe_options: '', wipe_request_status: '0' });
  }
  const wipes = flags.filter((one) => one.startsWith('wipe'));
  if (flags.includes('lock')) device.access_status = 1;
  if (wipes.length > 0) Object.assign(device, { requested_wipe_options: wipes.join('/'), wipe_request_status: '1' });
}
