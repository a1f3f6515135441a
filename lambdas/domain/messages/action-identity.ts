/** What makes two requests under one id the same: what the caller asked for, without what was derived when it came in. */
import type { Action } from '#domain/actions/action';
import type { ActionRequested } from '#domain/messages/events-in';

type Content = Pick<Action, 'sourceId' | 'user' | 'deviceId' | 'type' | 'wipeTargets' | 'requestedBy' | 'reason' | 'purpose'>;

export function contentOf({ sourceId, user, deviceId, type, wipeTargets = [], requestedBy, reason, purpose }: Content): string {
  return JSON.stringify([sourceId, user, deviceId, type, wipeTargets, requestedBy.kind, requestedBy.name, reason, purpose]);
}

export const contentAsked = ({ target, type, wipe, requestedBy, reason = '' }: ActionRequested): string =>
  contentOf({ ...target, type, ...(wipe ? { wipeTargets: wipe } : {}), requestedBy, reason, purpose: 'decision' });
