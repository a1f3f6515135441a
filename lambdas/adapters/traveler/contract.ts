/** The types of a Traveler source, shared by its callers and the other files of this folder. */
import type { WipeTarget } from '#domain/actions/action';
import type { Approval, DeviceDetail, ListedDevice } from '#domain/devices/device';
import type { ServerFacts } from '#domain/devices/source';

/** `version`: the version of the secret that they are from, if known. */
export type Credentials = { user: string; password: string; version?: string };
/** `anew`: the cached ones were rejected; read them again, they may have been corrected. */
export type CredentialsReader = (options?: { anew: boolean }) => Promise<Credentials>;

/**
 * `detailAt`: of a row that a relay sent, when its full record was requested (epoch ms; null: never); absent for a row of the
 * list.
 */
export type ListedRow = ListedDevice & { detailAt?: number | null };

/** One page of the list. `rejected`: the number of rows that could not be read; they are reported, not dropped silently. */
export type DevicePage = { devices: ListedRow[]; totalRecords: number | null; rejected: number; page: number };

/** A full record. */
export type Found = ListedDevice & { detail: DeviceDetail };

/** `gone`: the server no longer knows the record (404). Accepted is not confirmed: read the device back. */
export type Written = 'accepted' | 'gone';

export type TravelerSource = {
  /**
   * The whole list, page by page, reading one page ahead of the caller. Rows may repeat across pages: the caller deduplicates by
   * (user, device id). Throws TravelerFailure; the pages before it are then not a complete list.
   */
  pages(): AsyncIterable<DevicePage>;
  /** Follows a record's href. The caller compares user and device id with what it expects. */
  detail(href: string): Promise<Found | 'gone'>;
  /** Version and approval settings. When the settings return 404: `settingsAccess` unavailable, `requiresApproval` unknown. */
  serverFacts(): Promise<ServerFacts>;
  /** Sets approval on the server; its notification addresses stay as they are. */
  writeSettings(wanted: { requireApproval: boolean; devicesBeforeApproval: number }): Promise<'written' | 'unavailable'>;
  /**
   * `liftDenial`: we denied access, so the same write allows it again. `asBefore`: only undoes our denial, and gives the device
   * this approval back instead of a new one; on a server without such a write, the device is approved.
   */
  approve(href: string, options: { liftDenial: boolean; asBefore?: Approval }): Promise<Written>;
  block(href: string): Promise<Written>;
  allow(href: string): Promise<Written>;
  remove(href: string): Promise<Written>;
  wipe(href: string, targets: readonly WipeTarget[]): Promise<Written>;
  cancelWipe(href: string): Promise<Written>;
  /** From now on at most this many concurrent requests, but never more than the configured `concurrency`. */
  limitTo(atOnce: number): void;
  /** Number of requests in progress. */
  readonly underWay: number;
  /** HTTP requests sent so far, retries included. */
  readonly requests: number;
  close(): Promise<void>;
};

export type TravelerOptions = {
  /** With or without path and trailing slash; http or https. */
  baseUrl: string;
  credentials: CredentialsReader;
  /** Maximum number of concurrent requests, over all callers of this source. */
  concurrency: number;
  timeouts?: Partial<Timeouts>;
  /** PEM of the authorities to trust; default: the usual ones. */
  ca?: string[];
  maxBodyBytes?: number;
  retry?: Partial<RetryPolicy>;
  /** `pm` of the list: rows per page divided by 20. */
  pageMultiplier?: number;
  random?: () => number;
  now?: () => number;
};

/** Milliseconds; `total` limits one whole try, so that an endlessly slow body ends. */
export type Timeouts = { connect: number; headers: number; body: number; total: number };
/** Pauses have full jitter: a random part of base * 2^n, at most `longestMs`. A longer Retry-After ends the retries. */
export type RetryPolicy = { tries: number; baseMs: number; longestMs: number };
