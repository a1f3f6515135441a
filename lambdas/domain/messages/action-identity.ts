/** What makes two requests with one id the same: what the caller requested, without what was derived on receipt. */
import type { Action } from '#domain/actions/action';
import type { ActionRequested } from '#domain/messages/events-in';

type Content = Pick<Action, 'sourceId' | 'user' | 'deviceId' | 'type' | 'wipeTargets' | 'requestedBy' | 'reason' | 'purpose'>;

export function contentOf({ sourceId, user, deviceId, type, wipeTargets = [], requestedBy, reason, purpose }: Content): string {
  return JSON.stringify([sourceId, user, deviceId, type, wipeTargets, requestedBy.kind, requestedBy.name, reason, purpose]);
}

export const contentOfRequest = ({ target, type, wipe, requestedBy, reason = '' }: ActionRequested): string =>
  contentOf({ ...target, type, ...(wipe ? { wipeTargets: wipe } : {}), requestedBy, reason, purpose: 'decision' });
