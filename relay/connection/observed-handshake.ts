/** Exposes what undici's WebSocket does not: the response to the handshake, why it failed, and the underlying stream. */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { describeError } from './describe-error.ts';

type Observer = {
  /** `date`: the Date header of the response, epoch ms. */
  answered(date: number): void;
  upgraded(stream: Duplex): void;
};
type Outcome = { status: number | null; detail: string };

export function observed(dispatcher: Dispatcher, observer: Observer): { dispatcher: Dispatcher; outcome(): Outcome } {
  let outcome: Outcome = { status: null, detail: 'no answer' };
  const noteResponse = (status: number, headers: Record<string, string | string[] | undefined>) => {
    outcome = { status, detail: `answered with status ${status}` };
    const date = Date.parse(String(headers.date));
    if (!Number.isNaN(date)) observer.answered(date);
  };

  const observing = (handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler => ({
    onRequestStart: (...given) => handler.onRequestStart?.(...given),
    onRequestUpgrade(controller, status, headers, stream) {
      noteResponse(status, headers);
      observer.upgraded(stream);
      handler.onRequestUpgrade?.(controller, status, headers, stream);
    },
    onResponseStarted: () => handler.onResponseStarted?.(),
    onResponseStart(controller, status, headers, message) {
      noteResponse(status, headers);
      handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData: (...given) => handler.onResponseData?.(...given),
    onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
    onResponseError(controller, error) {
      if (outcome.status === null) outcome = { status: null, detail: describeError(error) };
      handler.onResponseError?.(controller, error);
    },
  });

  return {
    dispatcher: dispatcher.compose((dispatch) => (options, handler) => dispatch(options, observing(handler))),
    outcome: () => outcome,
  };
}
