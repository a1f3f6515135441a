/** What a Traveler source offers and what it needs: the types that callers and the files beside this share. */
import type { WipeTarget } from '#domain/actions/action';
import type { Approval, DeviceDetail, ListedDevice } from '#domain/devices/device';
import type { ServerFacts } from '#domain/devices/source';

/** `version`: which version of their secret they are from, where that is known. */
export type Credentials = { user: string; password: string; version?: string };
/** `anew`: the kept ones were rejected; they may have been corrected since. */
export type CredentialsReader = (options?: { anew: boolean }) => Promise<Credentials>;

/** `detailAt`: of a row that a relay sent, when its full record was asked for (null: never); absent where the row is as listed. */
export type ListedRow = ListedDevice & { detailAt?: number | null };

/** One page of the list. `rejected` counts rows that could not be read: they are reported, not lost silently. */
export type DevicePage = { devices: ListedRow[]; totalRecords: number | null; rejected: number; page: number };

/** A full record. */
export type Found = ListedDevice & { detail: DeviceDetail };

/** `gone`: the server no longer knows the record (404). Accepted is not confirmed: read the device back. */
export type Written = 'accepted' | 'gone';

export type TravelerSource = {
  /**
   * The whole list, page by page, one page read ahead of the caller. Rows may repeat across pages: de-duplicating on
   * (user, device id) is the caller's. Throws TravelerFailure; what came before is then not a complete list.
   */
  pages(): AsyncIterable<DevicePage>;
  /** Follows a record's href. The caller compares user and device id with what it expects. */
  detail(href: string): Promise<Found | 'gone'>;
  /** Version and approval settings. Settings answered by 404: `settingsAccess` unavailable, `requiresApproval` unknown. */
  serverFacts(): Promise<ServerFacts>;
  /** Sets approval on the server; its notification addresses stay as they are. */
  writeSettings(wanted: { requireApproval: boolean; devicesBeforeApproval: number }): Promise<'written' | 'unavailable'>;
  /**
   * `liftDenial`: access was denied by us, so it is allowed again in the same write. `asBefore`: only that is undone, and the device
   * has this approval again instead of a new one; where a server knows no such write, it is approved.
   */
  approve(href: string, options: { liftDenial: boolean; asBefore?: Approval }): Promise<Written>;
  block(href: string): Promise<Written>;
  allow(href: string): Promise<Written>;
  remove(href: string): Promise<Written>;
  wipe(href: string, targets: readonly WipeTarget[]): Promise<Written>;
  cancelWipe(href: string): Promise<Written>;
  /** From now on at most this many concurrent requests, never more than it was opened with. */
  limitTo(atOnce: number): void;
  /** Requests that are under way now. */
  readonly underWay: number;
  /** HTTP requests sent so far, retries included. */
  readonly requests: number;
  close(): Promise<void>;
};

export type TravelerOptions = {
  /** With or without path and trailing slash; http or https. */
  baseUrl: string;
  credentials: CredentialsReader;
  /** Requests under way at once, over all callers of this source. */
  concurrency: number;
  timeouts?: Partial<Timeouts>;
  /** PEM of the authorities to trust; the usual ones where it is left out. */
  ca?: string[];
  maxBodyBytes?: number;
  retry?: Partial<RetryPolicy>;
  /** `pm` of the list: rows per page divided by 20. */
  pageMultiplier?: number;
  random?: () => number;
  now?: () => number;
};

/** Milliseconds; `total` bounds one try as a whole, so that a body that drips for ever ends. */
export type Timeouts = { connect: number; headers: number; body: number; total: number };
/** Waits are full-jitter: a random part of base * 2^n, at most `longestMs`. A longer Retry-After ends the tries. */
export type RetryPolicy = { tries: number; baseMs: number; longestMs: number };
