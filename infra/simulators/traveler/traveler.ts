/** The simulated server's logic: its approval rule, its settings, the effects of writes, and a log of every write. */
import { z } from 'zod';
import { type FaultInput, Faults } from './faults.ts';
import { Fleet, type SimulatedDevice, type State } from './fleet.ts';
import { type Phone, phoneOf } from './phones.ts';
import { hash32 } from './random.ts';

export type ServerSettings = { require_approval: boolean; devices_before_approval: number; approval_notify: string[] };

export type Effect = {
  /** Epoch ms of the machine's clock. */
  at: number;
  method: 'PUT' | 'DELETE';
  href: string;
  /** Null for settings, and for a record that is gone. */
  device: { user: string; deviceId: string } | null;
  body: unknown;
  /** Whether it changed anything: false when ignored on request, unreadable, or the record is gone. */
  applied: boolean;
};

/** 8.5: no REST, but LotusTraveler.nsf as Domino shows it over HTTP. */
export type Release = '8.5' | '9';

export type TravelerOptions = {
  release: Release;
  seed: number;
  devices: number;
  basePath: string;
  build: string;
  requireApproval: boolean;
  devicesBeforeApproval: number;
  /** Share of the first devices that an administrator denied. */
  deniedShare: number;
  now: () => number;
  /** A removed device's security record is kept for a while and applies again if the device returns (as on premises). */
  keepsSecurityRecords?: boolean;
};

const deviceWrite = z.object({
  approval_policy: z.coerce.number().int().optional(),
  access_status: z.coerce.number().int().optional(),
  requested_wipe_options: z.string().optional(),
});
const settingsWrite = z.object({
  require_approval: z.boolean().optional(),
  devices_before_approval: z.number().int().min(0).optional(),
  approval_notify: z.array(z.string()).optional(),
});

const pending = 1;
const autoApproved = 4;
const denied = 8;
const notRequired = 16;
const keptEffects = 100_000;
const securityRecordMs = 30 * 86_400_000;
const unsecured = { approvalDate: 0, approver: '', access: 0, wipeOptions: '', wipeStatus: '0', wipeDate: 0 };

export class Traveler {
  readonly options: TravelerOptions;
  readonly faults = new Faults();
  readonly fleet: Fleet;
  readonly effects: Effect[] = [];
  settings: ServerSettings;
  readonly #securityRecords = new Map<string, { at: number; state: Partial<State> }>();
  readonly #forgotten = new Set<number>();

  constructor(options: TravelerOptions) {
    this.options = options;
    this.settings = {
      require_approval: options.requireApproval,
      devices_before_approval: options.devicesBeforeApproval,
      approval_notify: ['traveler-admins@acme.example'],
    };
    const { requireApproval, devicesBeforeApproval, deniedShare, seed, devices, basePath } = options;
    this.fleet = new Fleet({
      seed,
      devices,
      basePath,
      initial: (index, place) => {
        if (hash32(index, seed ^ 0xdead) < deniedShare * 2 ** 32) return denied;
        if (!requireApproval) return notRequired;
        return place <= devicesBeforeApproval ? autoApproved : pending;
      },
    });
  }

  setFaults(faults: readonly FaultInput[]): void {
    this.faults.set(faults);
    this.fleet.oddEvery = this.faults.get('odd-names')?.every ?? 0;
  }

  /** The server's clock, which may be wrong. Epoch ms. */
  now(): number {
    return this.options.now() + (this.faults.get('clock-skew')?.ms ?? 0);
  }

  /** A phone registers: the approval rule determines its initial approval. */
  arrive(user: string, phone: Phone = phoneOf(this.fleet.nextKey())): SimulatedDevice {
    const place = this.fleet.ofUser(user).length + 1;
    const { require_approval, devices_before_approval } = this.settings;
    const approval = !require_approval ? notRequired : place <= devices_before_approval ? autoApproved : pending;
    const approvalDate = approval === autoApproved ? this.now() : 0;
    const kept = this.#securityRecordOf(user, phone.deviceId);
    return this.fleet.arrive(user, phone, { approval, approvalDate, access: 0, ...kept });
  }

  #securityRecordOf(user: string, deviceId: string): Partial<State> | undefined {
    if (!this.options.keepsSecurityRecords && !this.faults.get('security-record')) return undefined;
    const record = this.#securityRecords.get(JSON.stringify([user, deviceId]));
    return record && this.now() - record.at < securityRecordMs ? record.state : undefined;
  }

  /** Resets approval and blocks of a device: it is like one that has just registered, and leaves no record when removed. */
  forgetSecurity(index: number): void {
    const approval = this.settings.require_approval ? pending : notRequired;
    this.fleet.change(index, { ...unsecured, approval });
    this.#forgotten.add(index);
  }

  remove(index: number): void {
    const { user, deviceId, approval, access, wipeOptions, wipeStatus, wipeDate } = this.fleet.device(index);
    const name = JSON.stringify([user, deviceId]);
    const state = { approval, access, wipeOptions, wipeStatus, wipeDate };
    if (this.#forgotten.delete(index)) this.#securityRecords.delete(name);
    else this.#securityRecords.set(name, { at: this.now(), state });
    this.fleet.remove(index);
  }

  /** PUT on a record. `invalid` for a malformed body. */
  put(href: string, index: number | undefined, body: unknown): 'done' | 'gone' | 'invalid' {
    const parsed = deviceWrite.safeParse(body);
    const applied = parsed.success && index !== undefined && !this.faults.get('ignored-writes');
    this.#record({ method: 'PUT', href, body, applied, device: this.#named(index) });
    if (!parsed.success) return 'invalid';
    if (index === undefined) return 'gone';
    if (applied) this.fleet.change(index, this.#changeOf(parsed.data));
    return 'done';
  }

  delete(href: string, index: number | undefined): 'done' | 'gone' {
    const applied = index !== undefined && !this.faults.get('ignored-writes');
    this.#record({ method: 'DELETE', href, body: null, applied, device: this.#named(index) });
    if (applied) this.remove(index);
    return index === undefined ? 'gone' : 'done';
  }

  putSettings(href: string, body: unknown): 'done' | 'invalid' {
    const parsed = settingsWrite.safeParse(body);
    const applied = parsed.success && !this.faults.get('ignored-writes');
    this.#record({ method: 'PUT', href, body, applied, device: null });
    if (!parsed.success) return 'invalid';
    const { require_approval, devices_before_approval, approval_notify } = parsed.data;
    if (applied)
      this.settings = {
        require_approval: require_approval ?? this.settings.require_approval,
        devices_before_approval: devices_before_approval ?? this.settings.devices_before_approval,
        approval_notify: approval_notify ?? this.settings.approval_notify,
      };
    return 'done';
  }

  /** The phone carries out the requested wipe, if there is one. */
  completeWipe(index: number): void {
    const { wipeOptions, wipeStatus } = this.fleet.device(index);
    if (wipeOptions !== '' || wipeStatus !== '0') this.fleet.change(index, { wipeStatus: '2', wipeDate: this.now() });
  }

  /** The phone fetches the requested wipe and is about to carry it out: no longer pending, and not yet done. */
  fetchWipe(index: number): void {
    if (this.fleet.device(index).wipeOptions !== '') this.fleet.change(index, { wipeOptions: '', wipeStatus: '1' });
  }

  #changeOf(wanted: z.infer<typeof deviceWrite>): Partial<State> {
    const { approval_policy: approval, access_status: access, requested_wipe_options: wipeOptions } = wanted;
    const wiping = wipeOptions === undefined ? {} : { wipeOptions, wipeStatus: wipeOptions === '' ? '0' : '1', wipeDate: 0 };
    return {
      ...(approval === undefined ? {} : { approval, approvalDate: this.now(), approver: 'extender' }),
      ...(access === undefined ? {} : { access }),
      ...(wipeOptions === '' && this.faults.get('cancel-lifts-lock') ? { access: 0, approval: 2 } : {}),
      ...wiping,
    };
  }

  #named(index: number | undefined): Effect['device'] {
    if (index === undefined) return null;
    const { user, deviceId } = this.fleet.device(index);
    return { user, deviceId };
  }

  #record(effect: Omit<Effect, 'at'>): void {
    this.effects.push({ at: Date.now(), ...effect });
    if (this.effects.length > keptEffects) this.effects.shift();
  }
}
