/** What the end of a connection means for the next try: by close code, by the response to the handshake, by the cloud's goodbye. */
import { closeCodes } from '#domain/relay/relay-protocol';
import type { Pace } from './backoff.ts';

export type Why =
  | 'unreachable'
  | 'refused'
  | 'cut'
  | 'silent'
  | 'unwelcome'
  | 'restarting'
  | 'busy'
  | 'enrol-again'
  | 'too-old'
  | 'wrong-cloud'
  | 'too-large'
  /** An unexpected error in the relay itself. */
  | 'failed';
/** `detail`: the error of the network or the proxy, for the log; never a secret. */
export type Ending = { why: Why; pace: Pace; detail?: string };

/** What a person is shown, with what to do. Null: nothing needs to be done. */
export const cures: Record<Why, string | null> = {
  unreachable: 'The cloud cannot be reached: check DNS, firewall and proxy (outbound 443), then see relay doctor.',
  refused:
    'The cloud refused this relay: it may have been revoked, or this machine’s clock is wrong. See relay doctor; if it was revoked, enrol it again.',
  cut: null,
  silent: null,
  unwelcome:
    'The cloud took the connection but did not answer hello: something between may cut WebSockets, or the cloud is in trouble.',
  restarting: null,
  busy: null,
  'enrol-again': 'This relay was revoked: make a new enrolment token and run relay enrol again.',
  'too-old': 'This relay is too old for its cloud: install the newer version.',
  'wrong-cloud':
    'What answered is not the cloud this relay was enrolled with: nothing was sent to it. Check the proxy and DNS; if the cloud was set up anew, enrol again.',
  'too-large': 'The cloud closed the connection because a message was too large: update the relay.',
  failed: 'The relay failed on its own machine: its log there says why. It goes on trying.',
};

const byCode: Record<number, Pick<Ending, 'why' | 'pace'>> = {
  [closeCodes.reconnectNow]: { why: 'restarting', pace: 'now' },
  [closeCodes.reconnectLater]: { why: 'busy', pace: 'later' },
  [closeCodes.enrolAgain]: { why: 'enrol-again', pace: 'slow' },
  [closeCodes.tooOld]: { why: 'too-old', pace: 'slow' },
  1009: { why: 'too-large', pace: 'later' },
};

/** For an open connection that ended. Unknown codes count as a cut connection: try again. */
export const closed = (code: number): Ending => byCode[code] ?? { why: 'cut', pace: 'soon' };

/** For a failed handshake. `status`: of the response, if there was one. */
export function refusal({ status, detail }: { status: number | null; detail: string }): Ending {
  const turnedAway = status === 401 || status === 403;
  return turnedAway ? { why: 'refused', pace: 'slow', detail } : { why: 'unreachable', pace: 'soon', detail };
}
