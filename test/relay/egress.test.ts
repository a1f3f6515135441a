/** Connections to the cloud through proxies and with private certificate authorities, over real sockets. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ARelay, aRelay } from './a-relay.ts';
import { certificates } from './certificates.ts';
import { type FakeCloud, type FakeCloudOptions, fakeCloud } from './fake-cloud.ts';
import { startProxy } from './proxy.ts';
import { dataFolder, relay as relayCommand } from './relay-process.ts';
import { until } from './until.ts';

let tls: ReturnType<typeof certificates>;
beforeAll(() => {
  tls = certificates();
});

const opened: { cloud: FakeCloud; relay?: ARelay; proxy?: Awaited<ReturnType<typeof startProxy>> }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const { cloud, relay, proxy } of opened.splice(0)) {
    await relay?.stop();
    await proxy?.close();
    await cloud.close();
  }
});
const password = 'pass:word@with/odd%chars';
const ready = (relay: ARelay) => until('ready', async () => (await relay.status()).ready, { ms: 15_000 });

async function set(cloudOptions: FakeCloudOptions = {}, proxyOptions: Parameters<typeof startProxy>[0] = {}) {
  const entry: (typeof opened)[number] & { proxy: Awaited<ReturnType<typeof startProxy>> } = {
    cloud: await fakeCloud(cloudOptions),
    proxy: await startProxy(proxyOptions),
  };
  opened.push(entry);
  return { ...entry, keep: (relay: ARelay) => Object.assign(entry, { relay }) };
}

describe('through a proxy', () => {
  test('with user and password, for enrolment and for the socket', async () => {
    const { cloud, proxy, keep } = await set({}, { user: 'relay', password });
    const given = { url: proxy.url, user: 'relay', password };
    const relay = await aRelay(cloud, { configuration: { proxy: given }, enrolWith: { proxy: { ...given, except: [] } } });
    keep(relay);
    await ready(relay);
    const target = new URL(cloud.url).host;
    expect(new Set(proxy.tunnels)).toEqual(new Set([target]));
    expect(proxy.tunnels.length).toBeGreaterThanOrEqual(2);
    expect(proxy.refused).toBe(0);
    expect(JSON.stringify(relay.lines)).not.toContain('odd');
  });

  test('that rejects the credentials is named as the cause, without them', async () => {
    const { cloud, proxy, keep } = await set({}, { user: 'relay', password });
    const relay = await aRelay(cloud, { configuration: { proxy: { url: proxy.url, user: 'relay', password: 'another' } } });
    keep(relay);
    await until('tried twice', () => proxy.refused > 1);
    const [line] = relay.said('not connected: unreachable');
    expect(String(line?.detail)).toContain('407');
    expect(JSON.stringify(relay.lines)).not.toContain('another');
    expect((await relay.status()).reason).toContain('proxy');
  });

  test('from the environment, except for hosts that NO_PROXY names', async () => {
    const { cloud, proxy, keep } = await set();
    vi.stubEnv('HTTP_PROXY', proxy.url);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', 'elsewhere.example');
    const relay = await aRelay(cloud);
    keep(relay);
    await ready(relay);
    expect(proxy.tunnels.length).toBeGreaterThanOrEqual(2);
    const before = proxy.tunnels.length;
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    cloud.cut();
    await until('a second connection', () => cloud.connections === 2);
    expect(proxy.tunnels).toHaveLength(before);
  });

  test('with credentials in the URL of the environment, in a separate process', async () => {
    const { cloud, proxy } = await set({}, { user: 'relay', password });
    const url = `http://relay:${encodeURIComponent(password)}@${proxy.host}`;
    const environment = { HTTP_PROXY: url, HTTPS_PROXY: url };
    const enrolled = await relayCommand(['enrol', cloud.url, cloud.token()], { dataDir: dataFolder(), environment });
    expect(enrolled).toMatchObject({ code: 0, error: '' });
    expect(proxy.tunnels).toHaveLength(1);
  });
});

describe('to a cloud with a certificate of a private authority', () => {
  test('connects if the authority is configured, also through a proxy', async () => {
    const { cloud, proxy, keep } = await set({ tls }, { user: 'relay', password });
    const given = { url: proxy.url, user: 'relay', password };
    const ca = readFileSync(tls.caFile, 'utf8');
    const relay = await aRelay(cloud, { configuration: { caFile: tls.caFile, proxy: given }, enrolWith: { ca } });
    keep(relay);
    await ready(relay);
    expect(cloud.socketUrl).toMatch(/^wss:/);
    expect(proxy.tunnels).toEqual([new URL(cloud.url).host]);
  });

  test('sends nothing if it is not, and says why', async () => {
    const { cloud, keep } = await set({ tls });
    const relay = await aRelay(cloud, { enrolWith: { ca: readFileSync(tls.caFile, 'utf8') } });
    keep(relay);
    await until('a failed try', () => relay.said('not connected: unreachable').length > 0);
    expect(String(relay.said('not connected: unreachable')[0]?.detail)).toMatch(/certificate/i);
    expect(cloud.handshakes).toEqual([]);
    const token = cloud.token();
    const refused = await relayCommand(['enrol', cloud.url, token], { dataDir: dataFolder() });
    expect(refused.code).toBe(1);
    expect(refused.error).toMatch(/certificate/i);
    const trusted = await relayCommand(['enrol', cloud.url, token, '--ca-file', tls.caFile], { dataDir: dataFolder() });
    expect(trusted).toMatchObject({ code: 0, error: '' });
  });
});
