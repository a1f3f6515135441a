/**
 * Walks a chain and reports the first place where it is not as it was written. Entries are passed unparsed, so that an unreadable
 * one is a finding too. Pure: the hash function is passed in.
 */
import { type ChainEntry, type ChainHead, chainEntry, type Hash, seal } from '#domain/journal/hash-chain';

export type Finding = {
  kind: 'altered' | 'missing' | 'moved' | 'unreadable' | 'timeline';
  sourceId: string;
  /** Line number. */
  seq: number;
  /** Time, user and device of the line found there, as far as it can be read. */
  at: number | null;
  user: string | null;
  deviceId: string | null;
  says: string;
};

/** A line's copy in the timeline, if that was compared. */
export type Kept = 'same' | 'altered' | 'missing';
export type Checked = { ok: true; head: ChainHead } | { ok: false; finding: Finding };

export function checkNext(before: ChainHead, given: unknown, { sourceId, hash }: { sourceId: string; hash: Hash }): Checked {
  const parsed = chainEntry.safeParse(given);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'the whole'))].join(', ');
    return found({ kind: 'unreadable', sourceId, seq: before.seq + 1, says: `The line cannot be read: ${fields}.` });
  }
  const entry = parsed.data;
  const place = { sourceId, ...placeOf(entry) };
  const wanted = before.seq + 1;
  if (entry.line.sourceId !== sourceId)
    return found({ ...place, kind: 'moved', says: `The line is of source ${entry.line.sourceId}.` });
  if (entry.seq > wanted) {
    const last = entry.seq - 1;
    const which = last === wanted ? `Line ${wanted} is` : `Lines ${wanted} to ${last} are`;
    return found({
      ...place,
      seq: wanted,
      kind: 'missing',
      says: `${which} missing; the line after is of the time and device named.`,
    });
  }
  if (entry.seq < wanted)
    return found({ ...place, kind: 'moved', says: `Line ${entry.seq} stands again, or behind line ${before.seq}.` });
  if (seal(entry, hash) !== entry.hash)
    return found({ ...place, kind: 'altered', says: 'The line is not what it was when it was sealed.' });
  if (entry.previousHash !== before.hash)
    return found({
      ...place,
      kind: 'altered',
      says:
        before.seq === 0
          ? 'The chain does not begin with this line.'
          : `Sealed anew: it does not follow from line ${before.seq} as that stands now.`,
    });
  return { ok: true, head: { seq: entry.seq, hash: entry.hash } };
}

/** Compares the last entry with the chain's head as it was when the walk began (null if unknown). Null when they agree. */
export function checkEnd(last: ChainHead, head: ChainHead | null, sourceId: string): Finding | null {
  if (head === null || last.seq > head.seq) return null;
  const seq = last.seq + 1;
  if (last.seq < head.seq)
    return finding({ kind: 'missing', sourceId, seq, says: `The chain ends here, though it once had ${head.seq} lines.` });
  return last.hash === head.hash
    ? null
    : finding({
        kind: 'altered',
        sourceId,
        seq: last.seq,
        says: 'The last line is not the one that the head of the chain names.',
      });
}

/** The finding for a chain entry whose copy in the timeline differs or is missing; null when it is the same. */
export function keptFinding(entry: ChainEntry, kept: Kept | undefined): Finding | null {
  if (kept === undefined || kept === 'same') return null;
  const what = kept === 'missing' ? 'is missing from' : 'was altered in';
  const place = { sourceId: entry.line.sourceId, ...placeOf(entry) };
  return finding({ ...place, kind: 'timeline', says: `The line ${what} the timeline; the chain still has it as it was.` });
}

type Given = Partial<Finding> & Pick<Finding, 'kind' | 'sourceId' | 'seq' | 'says'>;
const finding = (given: Given): Finding => ({ at: null, user: null, deviceId: null, ...given });
const found = (given: Given): Checked => ({ ok: false, finding: finding(given) });
const placeOf = ({ seq, line: { at, user, deviceId } }: ChainEntry) => ({ seq, at, user, deviceId });
