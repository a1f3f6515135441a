/**
 * Local versions of the addresses that the template builds from an API's id (`https://{api}.execute-api.…`). There is no
 * attribute for the address at which functions manage a WebSocket API's connections, so it is recognised in the resolved text.
 */
import { region } from './intrinsics.ts';
import type { StackDocument } from './stack-document.ts';

export type LocalPlaces = {
  /** Address of the local services. */
  endpoint: string;
  /** Address of the APIs. */
  web: string;
};

/** The same address for WebSockets. */
export const toSocket = (web: string) => web.replace(/^http/, 'ws');

/** Returns a function that replaces every such address of these stacks' APIs, anywhere in a value, with the local one. */
export function localAddresses(stacks: readonly StackDocument[], { endpoint, web }: LocalPlaces): (value: unknown) => unknown {
  const apis = stacks.flatMap(({ template }) =>
    Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::ApiGatewayV2::Api'),
  );
  const replacements = apis.flatMap(([id, { Properties }]): [string, string][] => {
    const host = `${id}.execute-api.${region}.amazonaws.com`;
    if (Properties.ProtocolType !== 'WEBSOCKET') return [[`https://${host}`, web]];
    return [
      [`wss://${host}`, toSocket(web)],
      [`https://${host}`, endpoint],
    ];
  });
  return function localised(value: unknown): unknown {
    if (typeof value === 'string') return replacements.reduce((text, [cloud, local]) => text.replaceAll(cloud, local), value);
    if (Array.isArray(value)) return value.map(localised);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, localised(own)]));
  };
}
