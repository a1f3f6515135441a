/** A real WebSocket client, real function processes, and the real SDK client of the management API. */
import { connect as connectTcp } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { DeleteConnectionCommand, GetConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { WebSocket as RelayWebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Call, connect, type SocketStack, startSocketStack } from './stack.ts';

let stack: SocketStack;
beforeAll(async () => {
  stack = await startSocketStack();
});
afterAll(() => stack?.stop());

const kindOf = ({ requestContext }: Call) => requestContext?.eventType;
const events = async (from: SocketStack, connectionId?: unknown) =>
  (await from.calls('socket')).filter(
    ({ requestContext }) => requestContext && (connectionId === undefined || requestContext.connectionId === connectionId),
  );
/** A connected client, and the id by which functions know it. */
async function connected(to: SocketStack = stack) {
  const before = (await events(to)).filter((event) => kindOf(event) === 'CONNECT').length;
  const client = await connect(to.url);
  const connects = (await events(to)).filter((event) => kindOf(event) === 'CONNECT');
  return { ...client, id: String(connects[before]?.requestContext.connectionId) };
}
const disconnectOf = (from: SocketStack, id: string) =>
  vi.waitFor(async () => {
    const found = (await events(from, id)).find((event) => kindOf(event) === 'DISCONNECT');
    expect(found).toBeDefined();
    return found;
  }, 4000);

/** The id of the connection whose `$connect` is still running, once it runs. */
const underWay = (wait: string) =>
  vi.waitFor(async () => {
    const found = (await events(stack)).find(({ queryStringParameters: query }) => isDeepStrictEqual(query, { wait }));
    expect(found).toBeDefined();
    return String(found?.requestContext.connectionId);
  });

describe('a handshake', () => {
  test('calls the authoriser with the client’s request, and $connect with its answer', async () => {
    const { socket } = await connect(`${stack.url}?a=1&a=2`);
    const [asked] = (await stack.calls('authorise')).slice(-1);
    expect(asked).toMatchObject({
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:SocketApi/relay/$connect',
      headers: { Authorization: 'good', Upgrade: 'websocket', 'X-Forwarded-Proto': 'http' },
      multiValueHeaders: { Authorization: ['good'] },
      queryStringParameters: { a: '2' },
      multiValueQueryStringParameters: { a: ['1', '2'] },
      stageVariables: {},
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        messageDirection: 'IN',
        stage: 'relay',
        apiId: 'SocketApi',
        connectionId: expect.stringMatching(/^[\w-]{15}=$/),
        connectedAt: expect.any(Number),
        identity: { sourceIp: '127.0.0.1' },
        domainName: new URL(stack.url).host,
        requestTime: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
      },
    });
    const [connect_] = await events(stack, asked?.requestContext.connectionId);
    expect(connect_).toMatchObject({
      headers: { Authorization: 'good' },
      isBase64Encoded: false,
      requestContext: {
        routeKey: '$connect',
        eventType: 'CONNECT',
        authorizer: { principalId: 'relay-1', sourceId: 'hq', fence: '7' },
      },
    });
    expect(asked?.requestContext).not.toHaveProperty('authorizer');
    socket.close();
  });

  test.each([
    ['nothing at all', null, '401 {"message":"Unauthorized"}'],
    ['what has expired', 'expired', '401 {"message":"Unauthorized"}'],
    ['what is denied', 'bad', '403 {"message":"User is not authorized to access this resource"}'],
    ['what gets no proper policy', 'odd', '500 {"message":"Internal server error"}'],
    ['what breaks the authoriser', 'broken', '500 {"message":"Internal server error"}'],
  ])('is denied to a client with %s, and $connect is not called', async (_name, token, answer) => {
    const connects = async () => (await events(stack)).filter((event) => kindOf(event) === 'CONNECT').length;
    const before = await connects();
    await expect(connect(stack.url, { token })).rejects.toThrow(answer);
    expect(await connects()).toBe(before);
  });

  test('does not call the authoriser without an Authorization header', async () => {
    const before = (await stack.calls('authorise')).length;
    await expect(connect(stack.url, { token: null })).rejects.toThrow('401');
    expect(await stack.calls('authorise')).toHaveLength(before);
  });

  test('is rejected with the status that $connect returns, and for another stage', async () => {
    await expect(connect(`${stack.url}?status=409`)).rejects.toThrow('409');
    await expect(connect(stack.url.replace('/relay', '/other'))).rejects.toThrow('403 {"message":"Forbidden"}');
  });

  test('agrees to no subprotocol and no compression', async () => {
    const { socket } = await connect(stack.url, { perMessageDeflate: true });
    expect([socket.protocol, socket.extensions]).toEqual(['', '']);
    socket.close();
  });

  test('is incomplete while $connect runs: nothing can be posted yet', async () => {
    const connecting = connect(`${stack.url}?wait=700`);
    const id = await underWay('700');
    await expect(stack.post(id, 'early')).rejects.toMatchObject({ name: 'GoneException' });
    const { socket, next } = await connecting;
    await stack.post(id, 'now');
    expect(await next()).toBe('now');
    socket.close();
  });

  test('that the client leaves while $connect runs ends with $disconnect', async () => {
    const socket = new WebSocket(`${stack.url}?wait=600`, { headers: { authorization: 'good' } });
    socket.on('error', () => undefined);
    const id = await underWay('600');
    socket.terminate();
    expect((await disconnectOf(stack, id))?.requestContext).toMatchObject({ disconnectStatusCode: 1006 });
  });

  test('works with the client that relays use, which offers compression', async () => {
    const client = new RelayWebSocket(stack.url, { headers: { authorization: 'good' } });
    await new Promise((resolve, reject) => {
      client.onopen = resolve;
      client.onerror = reject;
    });
    const answered = new Promise<string>((resolve) => {
      client.onmessage = ({ data }) => resolve(String(data));
    });
    client.send('throw');
    expect(JSON.parse(await answered)).toMatchObject({ message: 'Internal server error' });
    const closed = new Promise<number>((resolve) => {
      client.onclose = ({ code }) => resolve(code);
    });
    client.send('x'.repeat(33 * 1024));
    expect(await closed).toBe(1009);
  });

  test('that is malformed is rejected without calling a function', async () => {
    const before = (await stack.calls('authorise')).length;
    const { port } = new URL(stack.url);
    const answer = await new Promise<string>((resolve) => {
      const raw = connectTcp(Number(port), '127.0.0.1', () =>
        raw.write('GET /relay HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: good\r\n\r\n'),
      );
      raw.once('data', (data) => resolve(data.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await stack.calls('authorise')).toHaveLength(before);
  });
});

describe('messages', () => {
  test("arrive at the function as sent, with the authoriser's context of the connection", async () => {
    const { socket, id } = await connected();
    socket.send('{"type":"hello","text":"Grüße 👋"}');
    const message = await vi.waitFor(async () => {
      const found = (await events(stack, id)).find((event) => kindOf(event) === 'MESSAGE');
      expect(found).toBeDefined();
      return found;
    });
    expect(message).toMatchObject({
      body: '{"type":"hello","text":"Grüße 👋"}',
      isBase64Encoded: false,
      requestContext: {
        routeKey: '$default',
        eventType: 'MESSAGE',
        messageDirection: 'IN',
        messageId: expect.any(String),
        authorizer: { principalId: 'relay-1', sourceId: 'hq', fence: '7' },
        connectionId: id,
      },
    });
    socket.close();
  });

  test('arrive at the client as text, the longest in several frames', async () => {
    const { socket, next, id } = await connected();
    await stack.post(id, '{"type":"welcome"}');
    expect(await next()).toBe('{"type":"welcome"}');
    const long = 'ü'.repeat(64 * 1024);
    await stack.post(id, long);
    expect(await next()).toBe(long);
    socket.close();
  });

  test('of one connection are handled in parallel', async () => {
    const { socket, id } = await connected();
    socket.send('wait 1000');
    socket.send('wait 1');
    await vi.waitFor(async () => {
      const done = (await stack.calls('socket')).flatMap((event) => ('done' in event ? [event.done] : []));
      expect(done).toEqual(['wait 1', 'wait 1000']);
    }, 5000);
    await stack.post(id, 'still there');
    socket.close();
  });

  test('that fail are answered without a reason, and the connection stays open', async () => {
    const { socket, next, id } = await connected();
    socket.send('throw');
    const answer = JSON.parse(await next());
    const failed = (await events(stack, id)).find(({ body }) => body === 'throw');
    expect(answer).toEqual({
      message: 'Internal server error',
      connectionId: id,
      requestId: failed?.requestContext.requestId,
    });
    await stack.post(id, 'still there');
    expect(await next()).toBe('still there');
    socket.close();
  });
});

describe('the management API', () => {
  test('describes a connection and closes it', async () => {
    const { closed, id } = await connected();
    const operator = stack.as('operator');
    const found = await operator.send(new GetConnectionCommand({ ConnectionId: id }));
    expect(found.Identity?.SourceIp).toBe('127.0.0.1');
    expect(Math.abs(Date.now() - Number(found.ConnectedAt))).toBeLessThan(60_000);
    expect(found.LastActiveAt).toBeInstanceOf(Date);
    await operator.send(new DeleteConnectionCommand({ ConnectionId: id }));
    expect(await closed).toEqual({ code: 1000, reason: 'Connection Closed Normally' });
    expect((await disconnectOf(stack, id))?.requestContext).toMatchObject({ disconnectStatusCode: 1000 });
  });

  test('reports a connection as gone: closed, or never there', async () => {
    const { socket, closed, id } = await connected();
    socket.close();
    await closed;
    await vi.waitFor(() => expect(stack.post(id, 'x')).rejects.toMatchObject({ name: 'GoneException' }));
    await expect(stack.post('never-there-000=', 'x')).rejects.toMatchObject({ $metadata: { httpStatusCode: 410 } });
    const cut = new DeleteConnectionCommand({ ConnectionId: id });
    await expect(stack.as('operator').send(cut)).rejects.toMatchObject({ name: 'GoneException' });
  });

  test('rejects more than 128 KB', async () => {
    const { socket, id } = await connected();
    await expect(stack.post(id, 'x'.repeat(128 * 1024 + 1))).rejects.toMatchObject({
      name: 'PayloadTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
    socket.close();
  });

  test('denies a function whose role does not name this API, stage or call', async () => {
    const { socket, id } = await connected();
    const resource = (call: string) => `arn:aws:execute-api:us-east-1:000000000000:SocketApi/relay/${call}/@connections/${id}`;
    const denied = (call: string) =>
      expect.objectContaining({
        name: 'AccessDeniedException',
        message: expect.stringContaining(`perform: execute-api:ManageConnections on resource: ${resource(call)}`),
        $metadata: expect.objectContaining({ httpStatusCode: 403 }),
      });
    const get = new GetConnectionCommand({ ConnectionId: id });
    await expect(stack.as('stranger').send(get)).rejects.toEqual(denied('GET'));
    await expect(stack.as('sender').send(get)).rejects.toEqual(denied('GET'));
    await expect(stack.as('sender').send(new DeleteConnectionCommand({ ConnectionId: id }))).rejects.toEqual(denied('DELETE'));
    socket.close();
  });
});

describe('the end of a connection', () => {
  test('reaches $disconnect with the client’s code and reason', async () => {
    const { socket, id } = await connected();
    socket.close(4001, 'restart');
    expect(await disconnectOf(stack, id)).toMatchObject({
      isBase64Encoded: false,
      headers: { Host: new URL(stack.url).host },
      requestContext: {
        routeKey: '$disconnect',
        eventType: 'DISCONNECT',
        disconnectStatusCode: 4001,
        disconnectReason: 'restart',
        authorizer: { principalId: 'relay-1' },
      },
    });
  });

  test('is abnormal where the client vanished', async () => {
    const { socket, id } = await connected();
    socket.terminate();
    expect((await disconnectOf(stack, id))?.requestContext).toMatchObject({ disconnectStatusCode: 1006 });
  });

  test('has code 1009 for a frame over 32 KB, which reaches no function', async () => {
    const { socket, closed, id } = await connected();
    socket.send('x'.repeat(33 * 1024));
    expect((await closed).code).toBe(1009);
    expect((await disconnectOf(stack, id))?.requestContext).toMatchObject({ disconnectStatusCode: 1009 });
    expect((await events(stack, id)).filter((event) => kindOf(event) === 'MESSAGE')).toEqual([]);
  });

  test('has code 1009 for a message over 128 KB, however small its frames', async () => {
    const { socket, closed, id } = await connected();
    for (let part = 0; part < 129; part++) socket.send('x'.repeat(1024), { fin: part === 128 });
    expect((await closed).code).toBe(1009);
    expect((await disconnectOf(stack, id))?.requestContext).toMatchObject({ disconnectStatusCode: 1009 });
    expect((await events(stack, id)).filter((event) => kindOf(event) === 'MESSAGE')).toEqual([]);
  });

  test('is not caused by frames of 32 KB within 128 KB', async () => {
    const { socket, id } = await connected();
    for (let part = 0; part < 4; part++) socket.send('x'.repeat(32 * 1024), { fin: part === 3 });
    await vi.waitFor(async () => {
      const message = (await events(stack, id)).find((event) => kindOf(event) === 'MESSAGE');
      expect(message?.body).toHaveLength(128 * 1024);
    });
    socket.close();
  });

  test('has code 1003 for a binary frame', async () => {
    const { socket, closed } = await connected();
    socket.send(Buffer.from([1, 2, 3]));
    expect((await closed).code).toBe(1003);
  });
});

describe('the clock', () => {
  test('ends an idle connection; messages count as activity, pings do not', async () => {
    const short = await startSocketStack({ idleMs: 400 });
    try {
      const busy = await connected(short);
      const pinging = await connected(short);
      const began = Date.now();
      const timers = setInterval(() => pinging.socket.ping(), 50);
      for (let round = 0; round < 3; round++) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        if (round % 2 === 0) busy.socket.send('{}');
        else await short.post(busy.id, '{}');
      }
      expect(await pinging.closed).toEqual({ code: 1001, reason: 'Going away' });
      clearInterval(timers);
      expect(await busy.closed).toEqual({ code: 1001, reason: 'Going away' });
      expect(Date.now() - began).toBeGreaterThan(950);
      expect((await disconnectOf(short, busy.id))?.requestContext).toMatchObject({
        disconnectStatusCode: 1001,
        disconnectReason: 'Going away',
      });
    } finally {
      await short.stop();
    }
  });

  test('ends every connection at its maximum age, however busy', async () => {
    const short = await startSocketStack({ lifeMs: 500 });
    try {
      const { socket, closed } = await connected(short);
      const timers = setInterval(() => socket.send('{}'), 50);
      expect(await closed).toEqual({ code: 1001, reason: 'Going away' });
      clearInterval(timers);
    } finally {
      await short.stop();
    }
  });

  test('answers a message whose function timed out', async () => {
    const hasty = await startSocketStack({ timeLimitMs: 1500 });
    try {
      const { socket, next, id } = await connected(hasty);
      socket.send('wait 9000');
      expect(JSON.parse(await next())).toMatchObject({ message: 'Endpoint request timed out', connectionId: id });
    } finally {
      await hasty.stop();
    }
  });
});

describe('routes', () => {
  test('are chosen by the message’s action, and a message for none is forbidden', async () => {
    const routed = await startSocketStack({ routes: ['$connect', 'sync'] });
    try {
      const { socket, next, id } = await connected(routed);
      socket.send('{"action":"sync"}');
      await vi.waitFor(async () => {
        const keys = (await events(routed, id)).map(({ requestContext }) => requestContext.routeKey);
        expect(keys).toEqual(['$connect', 'sync']);
      });
      for (const body of ['{"action":"other"}', '{"action":"$connect"}', 'no json', '[]']) {
        socket.send(body);
        expect(JSON.parse(await next())).toMatchObject({ message: 'Forbidden', connectionId: id });
      }
    } finally {
      await routed.stop();
    }
  });
});

describe('a shutdown', () => {
  test('closes every connection with 1001 and calls $disconnect, even for frozen clients', async () => {
    const stopping = await startSocketStack();
    try {
      const { closed } = await connected(stopping);
      const { socket: frozen } = await connected(stopping);
      frozen.pause();
      const began = Date.now();
      await stopping.stopSockets();
      expect(Date.now() - began).toBeLessThan(2500);
      expect(await closed).toEqual({ code: 1001, reason: 'Going away' });
      const ends = (await events(stopping)).filter((event) => kindOf(event) === 'DISCONNECT');
      expect(ends.map(({ requestContext }) => requestContext.disconnectStatusCode)).toEqual([1001, 1001]);
      await expect(connect(stopping.url)).rejects.toThrow('503');
    } finally {
      await stopping.stop();
    }
  });
});
