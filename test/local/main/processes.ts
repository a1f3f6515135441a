/** What a stack has started, read from Linux's /proc: its processes and the addresses that they listen on. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

type Running = { pid: number; parent: number };

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function running(): Running[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [state = '', parent = ''] = read(`/proc/${name}/stat`).split(') ').at(-1)?.split(' ') ?? [];
      return parent && state !== 'Z' ? [{ pid: Number(name), parent: Number(parent) }] : [];
    });
}

/** `root` and all processes below it. */
export function familyOf(root: number): number[] {
  const all = running();
  const family = [root];
  for (const pid of family) family.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid));
  return family;
}

export function alive(pids: readonly number[]): number[] {
  const now = new Set(running().map(({ pid }) => pid));
  return pids.filter((pid) => now.has(pid));
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Local addresses, in the kernel's hexadecimal, of all TCP sockets that these processes listen on. */
export function listeningOn(pids: readonly number[]): string[] {
  const inodes = new Set(pids.flatMap(socketsOf));
  return ['tcp', 'tcp6'].flatMap((kind) =>
    read(`/proc/net/${kind}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .flatMap(([, local = '', , state, , , , , , inode = '']) =>
        state === '0A' && inodes.has(inode) ? [local.split(':')[0] ?? ''] : [],
      ),
  );
}
