/**
 * The simulated devices. A device is computed from (seed, index), so a million of them take no memory; only deviations are
 * stored: arrivals, removals and writes.
 */
import { oddUserName, userName } from './people.ts';
import { oddDeviceId, type Phone, phoneOf } from './phones.ts';
import { hash32, scramble, unscramble } from './random.ts';

/** Codes of the protocol ( 0, 1, 2, 4, 8, 16), so that unknown ones can be simulated too. */
export type State = {
  approval: number;
  access: number;
  wipeOptions: string;
  wipeStatus: string;
  /** Epoch ms; 0 = never. */
  wipeDate: number;
  approvalDate: number;
  approver: string;
};
/** Possible changes of a device; `level` is the build of its mail client. */
export type Change = Partial<State & { level: string }>;
export type SimulatedDevice = Phone & State & { index: number; user: string; href: string };
export type FleetOptions = { seed: number; devices: number; basePath: string; initial: (index: number, place: number) => number };

/** Seven devices belong to three users: 1, 2 and 4. So 700 devices are 300 users. */
const block = 7;
const usersOfBlock = 3;
const ownerInBlock = [0, 1, 1, 2, 2, 2, 2];
const placeInBlock = [1, 1, 2, 1, 2, 3, 4];
const countOfUser = [1, 2, 4];
const firstOfUser = [0, 1, 3];

export class Fleet {
  readonly #options: FleetOptions;
  readonly #arrivals = new Map<number, { user: string; phone: Phone }>();
  readonly #states = new Map<number, Change>();
  /** Ascending. */
  #removed: number[] = [];
  #total: number;
  /** Every n-th user and device gets an odd name; 0 = none. */
  oddEvery = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#total = options.devices;
  }

  get count(): number {
    return this.#total - this.#removed.length;
  }

  /** The index at a position of the list; positions count present devices. */
  indexAt(position: number): number {
    let index = position;
    for (const gone of this.#removed) {
      if (gone > index) break;
      index += 1;
    }
    return index;
  }

  has(index: number): boolean {
    return index >= 0 && index < this.#total && !this.#removed.includes(index);
  }

  device(index: number): SimulatedDevice {
    const arrival = this.#arrivals.get(index);
    const state = this.#states.get(index);
    return {
      ...(arrival?.phone ?? this.#phone(index)),
      index,
      user: arrival?.user ?? this.#user(index),
      href: `${this.#options.basePath}/api/traveler/devices/${this.#code(index)}`,
      ...initialState(this.#options.initial(index, placeInBlock[index % block] ?? 1)),
      ...state,
    };
  }

  /** Its changes so far; a new object after each change, so that comparing references detects a change. */
  changesOf(index: number): Readonly<Change> | undefined {
    return this.#states.get(index);
  }

  /** Decodes the last part of an href; undefined for a device that does not exist or was removed. */
  indexOfCode(code: string): number | undefined {
    if (!/^[0-9a-f]{8}$/.test(code)) return undefined;
    const index = unscramble(Number.parseInt(code, 16), this.#options.seed);
    return this.has(index) ? index : undefined;
  }

  /** The present devices of one user: those of its block, and arrivals. Scans the user names: seconds at a million. */
  ofUser(user: string): SimulatedDevice[] {
    const own: number[] = [];
    const users = Math.ceil(this.#options.devices / block) * usersOfBlock;
    for (let number = 0; number < users; number++) {
      if (this.#userNamed(number) !== user) continue;
      const start = Math.floor(number / usersOfBlock) * block + (firstOfUser[number % usersOfBlock] ?? 0);
      for (let nth = 0; nth < (countOfUser[number % usersOfBlock] ?? 0); nth++) own.push(start + nth);
      break;
    }
    const base = own.filter((index) => index < this.#options.devices);
    const arrived = [...this.#arrivals].filter(([, arrival]) => arrival.user === user).map(([index]) => index);
    return [...base, ...arrived].filter((index) => this.has(index)).map((index) => this.device(index));
  }

  find(user: string, deviceId: string): SimulatedDevice | undefined {
    return this.ofUser(user).find((device) => device.deviceId === deviceId);
  }

  arrive(user: string, phone: Phone, state: Change): SimulatedDevice {
    const index = this.#total;
    this.#arrivals.set(index, { user, phone });
    this.#states.set(index, state);
    this.#total += 1;
    return this.device(index);
  }

  change(index: number, state: Change): void {
    this.#states.set(index, { ...this.#states.get(index), ...state });
  }

  remove(index: number): void {
    if (!this.has(index)) return;
    this.#removed = [...this.#removed, index].sort((a, b) => a - b);
    this.#states.delete(index);
  }

  /** A key that no device has, for the next phone to arrive. */
  nextKey(): number {
    return scramble(this.#total, this.#options.seed);
  }

  #code(index: number): string {
    return scramble(index, this.#options.seed).toString(16).padStart(8, '0');
  }

  #phone(index: number): Phone {
    const phone = phoneOf(scramble(index, this.#options.seed));
    if (!this.#isOdd(index)) return phone;
    return { ...phone, deviceId: oddDeviceId(phone.deviceId, index) };
  }

  #user(index: number): string {
    return this.#userNamed(Math.floor(index / block) * usersOfBlock + (ownerInBlock[index % block] ?? 0));
  }

  #userNamed(number: number): string {
    const name = userName(number, this.#options.seed);
    return this.#isOdd(number) ? oddUserName(name, number) : name;
  }

  #isOdd(number: number): boolean {
    return this.oddEvery > 0 && number % this.oddEvery === 0;
  }
}

function initialState(approval: number): State {
  const access = approval === 8 ? 1 : 0;
  return { approval, access, wipeOptions: '', wipeStatus: '0', wipeDate: 0, approvalDate: 0, approver: '' };
}

const quarterHour = 15 * 60_000;
const day = 86_400_000;

/** When a device last synced, as of `now`, epoch ms: most within a quarter of an hour, some days ago, a few never (0). */
export function lastSyncOf(index: number, seed: number, now: number): number {
  const mood = hash32(index, seed ^ 0x5eed);
  if (mood % 100 === 0) return 0;
  if (mood % 10 === 1) return now - (now % day) - ((mood >>> 8) % 60) * day;
  return now - ((now + (mood % quarterHour)) % quarterHour);
}
