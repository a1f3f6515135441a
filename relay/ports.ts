/**
 * How the parts of the relay use each other. The session maintains the connection and the lease; workers gather and act, and pass
 * their messages to the session, which redelivers them until the cloud has acknowledged them.
 */
import type { DevicePage, Found, Written } from '#adapters/traveler/contract';
import type { WipeTarget } from '#domain/actions/action';
import type { Approval, DeviceKey, Wipe } from '#domain/devices/device';
import type { ServerFacts } from '#domain/devices/source';
import type { ActionCommand, GatherCommand, SettingsCommand, ToCloud } from '#domain/relay/relay-protocol';

/** A message without its number, which the session assigns. */
export type OutgoingMessage = ToCloud extends infer M ? (M extends { n: number } ? Omit<M, 'n' | 'fence'> : never) : never;

export type Link = {
  /**
   * Sends, and redelivers over later connections, until the cloud has acknowledged; then resolves. Bounded: callers keep only a
   * few in transit and wait for earlier ones. Rejects with the signal's reason when aborted.
   */
  deliver(message: OutgoingMessage, options?: { signal?: AbortSignal }): Promise<void>;
  /** Sends once, if connected; for progress. */
  mention(message: OutgoingMessage): void;
  /** The lease that this relay holds now, by its own monotonic clock; null if it holds none. */
  held(): { fence: number } | null;
  /** The cloud's clock, as accurately as it is known. Epoch ms. */
  cloudNow(): number;
};

/** What the session calls. Each resolves when done; an error of the source is sent over the link, not thrown. */
export type Workers = {
  gather(command: GatherCommand, link: Link, signal: AbortSignal): Promise<void>;
  /** Resolves once the journal has recorded `received` (then it is acknowledged); continues by itself, in order per device. */
  act(command: ActionCommand, link: Link): Promise<void>;
  settings(command: SettingsCommand, link: Link): Promise<void>;
  /** Sends parts of a gather that did not arrive at the cloud. */
  resend(runId: string, parts: readonly number[], link: Link): Promise<void>;
  /** After each (re)connection that holds the lease: redelivers what the cloud has not acknowledged, e.g. results from the journal. */
  resume(link: Link): Promise<void>;
  /** Digest of the snapshot that the cloud committed last; null if there is none. */
  digest(): Promise<string | null>;
  /** Current problems, for `hello` and `ping`. */
  problems(): string[];
  /** Finishes or journals the work in progress, within `ms`. */
  stop(ms: number): Promise<void>;
};

/** A Traveler server as the relay reads and writes it: REST, Notes, or 8.5's database. Failures are TravelerFailure. */
export type RelaySource = {
  /** As TravelerSource.pages: rows carry `detail` if this way of reading provides it. */
  pages(): AsyncIterable<DevicePage>;
  /** One full record. `gone`: the server has none. */
  read(target: DeviceKey & { href: string }): Promise<Found | 'gone'>;
  facts(): Promise<ServerFacts>;
  writeSettings(wanted: { requireApproval: boolean; devicesBeforeApproval: number }): Promise<'written' | 'unavailable'>;
  /**
   * `liftDenial`: the block on the device is ours. `wipe`: as just read; a block is never lifted while a wipe is pending.
   * `asBefore`: only our block is undone, and the device gets this approval again if the server can be given it.
   */
  approve(
    target: DeviceKey & { href: string },
    options: { liftDenial: boolean; wipe: Wipe; asBefore?: Approval },
  ): Promise<Written>;
  block(target: DeviceKey & { href: string }): Promise<Written>;
  remove(target: DeviceKey & { href: string }): Promise<Written>;
  wipe(target: DeviceKey & { href: string }, targets: readonly WipeTarget[]): Promise<Written>;
  /** `lock`: the device must stay locked out afterwards. `approval`: as just read. */
  cancelWipe(target: DeviceKey & { href: string }, options: { lock: boolean; approval: Approval }): Promise<Written>;
  /** Requests and console lines so far. */
  readonly requests: number;
  /** Delays between reading back after a write, ms: a console takes effect later than REST. */
  readonly readBack: readonly number[];
  close(): Promise<void>;
};
