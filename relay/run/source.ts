/** The Traveler server that relay.json describes: how it is read and written, with limits shared by both. */
import { getCACertificates } from 'node:tls';
import type { CredentialsReader } from '#adapters/traveler/contract';
import { travelerSource } from '#adapters/traveler/source';
import type { DeviceKey } from '#domain/devices/device';
import type { RelayConfiguration } from '../configuration/load.ts';
import { configuredWrites } from '../domino/configured-writes.ts';
import { type DeviceReads, sourceOf } from '../domino/device-writes.ts';
import type { RelaySource } from '../ports.ts';
import { RelayRefusal } from '../refusal.ts';
import { httpReads } from '../sources/http-reads.ts';
import { type NotesReadsOptions, notesReads } from '../sources/notes-reads.ts';
import { restReads } from '../sources/rest-reads.ts';

type Described = Pick<RelayConfiguration, 'traveler' | 'console' | 'ca'>;

/** Throws RelayRefusal for an impossible combination; relay.json was checked for that before. */
export function sourceAt({ traveler, console: how, ca }: Described, credentials: CredentialsReader): RelaySource {
  const { url, read, concurrency } = traveler;
  if (read === 'notes') return sourceOf(notesReads(notesClient(how)), configuredWrites(how, { rest: null }));
  if (url === undefined) throw new RelayRefusal('traveler.url is missing.', 'Put the address of the server into relay.json.');
  const trusted = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  const options = { baseUrl: url, credentials, concurrency, ...trusted };
  if (read === 'http') return sourceOf(httpReads(options), configuredWrites(how, { rest: null }));
  const rest = travelerSource(options);
  const reads: DeviceReads = restReads(rest);
  return sourceOf(reads, configuredWrites(how, { rest }));
}

/** Reads and acts through the same Notes client. */
function notesClient(how: Described['console']): Pick<NotesReadsOptions, 'server' | 'script' | 'passwordFile'> {
  if (how.by !== 'notes')
    throw new RelayRefusal('traveler.read "notes" needs console.by "notes".', 'Name the Domino server there: console.server.');
  return { server: how.server, script: how.script, passwordFile: how.passwordFile };
}

/** Stored state of one server, read one way, does not apply to another. */
export const nameOf = ({ traveler: { url, read }, console: how }: Described, sourceId: string): string =>
  JSON.stringify([sourceId, read, read === 'notes' && how.by === 'notes' ? how.server : (url ?? null)]);

/** Like `source`, but calls `touched` with each device before a write to it, whether or not the write succeeds. */
export function watched(source: RelaySource, touched: (key: DeviceKey) => void): RelaySource {
  const noting = <A extends [DeviceKey, ...unknown[]], R>(write: (...given: A) => R) => {
    return (...given: A): R => {
      touched(given[0]);
      return write(...given);
    };
  };
  return {
    ...source,
    get requests() {
      return source.requests;
    },
    approve: noting(source.approve),
    block: noting(source.block),
    remove: noting(source.remove),
    wipe: noting(source.wipe),
    cancelWipe: noting(source.cancelWipe),
  };
}
