/** The management API of WebSocket connections (`/{stage}/@connections/{id}`), as functions call it through the SDK. */
import type { SocketApi } from '#infra/emulator/model';
import type { Connections } from '../socket/connections.ts';
import { account, region } from '../template/intrinsics.ts';
import type { Need } from './authorise.ts';
import { Unreadable } from './required-permissions.ts';
import { type Answer, jsonAnswer, ServiceError } from './wire.ts';

export type ConnectionCalls = {
  needs(method: string, path: unknown): Need[];
  call(request: { operation: string; target: string; body: Buffer }): Promise<Answer>;
};

export function connectionCalls(apis: readonly SocketApi[], connections: Connections): ConnectionCalls {
  /** Throws for an unknown stage like API Gateway: without revealing which stages exist. */
  function targetOf(path: string): { api: SocketApi; stage: string; connectionId: string } {
    const [, stage = '', , connectionId = ''] = path.split('/').map(decoded);
    const api = apis.find((one) => one.stage === stage);
    if (!api) throw new ServiceError('ForbiddenException', 'Forbidden', 403);
    return { api, stage, connectionId };
  }

  return {
    needs(method, path) {
      const { api, stage, connectionId } = targetOf(String(path));
      const resource = `${api.id}/${stage}/${method}/@connections/${connectionId}`;
      return [{ action: 'execute-api:ManageConnections', resource: `arn:aws:execute-api:${region}:${account}:${resource}` }];
    },
    async call({ operation, target, body }) {
      const { connectionId } = targetOf(target);
      switch (operation) {
        case 'POST':
          await connections.post(connectionId, body);
          return jsonAnswer('connections', {});
        case 'GET':
          return jsonAnswer('connections', connections.describe(connectionId));
        case 'DELETE':
          connections.cut(connectionId);
          return { status: 204, headers: {}, body: '' };
        default:
          throw new ServiceError('ForbiddenException', 'Forbidden', 403);
      }
    },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Unreadable('the path is not encoded properly');
  }
}
