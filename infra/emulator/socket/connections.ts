/** The open connections of a WebSocket API, as its management API uses them. */
import { ServiceError } from '../services/wire.ts';
import type { Closing, Connection } from './connection.ts';
import type { SocketLimits } from './limits.ts';

export type Connections = {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** All three throw GoneException for a connection that is not open. */
  post(connectionId: string, message: Buffer): Promise<void>;
  describe(connectionId: string): { connectedAt: Date; lastActiveAt: Date; identity: { sourceIp: string; userAgent: string } };
  cut(connectionId: string): void;
  closeAll(closing: Closing): void;
};

/** Throws PayloadTooLargeException for a message above the limit. */
export function openConnections({ messageBytes }: Pick<SocketLimits, 'messageBytes'>): Connections {
  const all = new Map<string, Connection>();

  function found(connectionId: string): Connection {
    const connection = all.get(connectionId);
    if (!connection?.open()) throw new ServiceError('GoneException', 'The connection is gone.', 410);
    return connection;
  }

  return {
    add: (connection) => void all.set(connection.client.connectionId, connection),
    remove: ({ client }) => void all.delete(client.connectionId),
    async post(connectionId, message) {
      if (message.length > messageBytes)
        throw new ServiceError('PayloadTooLargeException', `A message holds ${messageBytes} bytes at most.`, 413);
      await found(connectionId)
        .send(message)
        .catch(() => {
          throw new ServiceError('GoneException', 'The connection broke.', 410);
        });
    },
    describe(connectionId) {
      const { client, lastActiveAt } = found(connectionId);
      return {
        connectedAt: new Date(client.connectedAt),
        lastActiveAt: new Date(lastActiveAt()),
        identity: { sourceIp: client.sourceIp, userAgent: client.userAgent ?? '' },
      };
    },
    cut: (connectionId) => found(connectionId).close({ code: 1000, reason: 'Connection Closed Normally' }),
    closeAll(closing) {
      for (const connection of all.values()) connection.close(closing);
    },
  };
}
