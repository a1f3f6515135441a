/** Connections of the relay socket: sends to them and closes them (API Gateway's management API). */
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import type { Post } from '#adapters/relay-link';

export type Sockets = {
  post: Post;
  /** Closes a connection; one that is already gone is not an error. */
  cut(connectionId: string): Promise<void>;
};

export function sockets(endpoint: string, client = new ApiGatewayManagementApiClient({ endpoint })): Sockets {
  return {
    async post(connectionId, text) {
      try {
        await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: Buffer.from(text, 'utf8') }));
        return 'posted';
      } catch (error) {
        if (isGone(error)) return 'gone';
        throw error;
      }
    },
    async cut(connectionId) {
      try {
        await client.send(new DeleteConnectionCommand({ ConnectionId: connectionId }));
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    },
  };
}

const isGone = (error: unknown): boolean =>
  error instanceof GoneException || (error instanceof Error && error.name === 'GoneException');
