import { describe, expect, test } from 'vitest';
import { localConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';
import { separateSecrets } from '#infra/local/configuration/local-secrets';

const sources = [{ id: 'hq', kind: 'traveler' }];
const access = { appId: 'app', appVersion: '1.0', appAccessKey: 'key-1', user: 'admin', password: 'pässwörd' };
const messages = (given: object) =>
  localConfiguration.safeParse({ sources, ...given }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('MaaS360 and the portal in the configuration', () => {
  test('are off when left out', () => {
    expect(localConfiguration.parse({ sources })).not.toHaveProperty('maas360');
  });

  test('keep their secrets in the secret store, and functions get names only', () => {
    const local = localConfiguration.parse({
      sources,
      portal: { url: 'https://portal.example', token: 'bearer-1' },
      maas360: { billingId: '10000001', credentials: access },
    });
    const { configuration, secrets } = separateSecrets(local);
    expect(configuration.portal).toEqual({ url: 'https://portal.example', secretName: 'traveler-extender/portal' });
    expect(configuration.maas360).toMatchObject({ credentials: { secretName: 'traveler-extender/maas360' }, everyMinutes: 15 });
    expect(JSON.parse(secrets.get('traveler-extender/maas360') ?? '')).toEqual(access);
    expect(secrets.get('traveler-extender/portal')).toBe('bearer-1');
    expect(JSON.stringify(configuration)).not.toMatch(/pässwörd|key-1|bearer-1/);
  });

  test('are deployed without an access key', () => {
    const given = { sources, maas360: { billingId: '10000001', credentials: access } };
    expect(runtimeConfiguration.safeParse(given).success).toBe(false);
  });

  test('require the url for a billing id whose server is unknown', () => {
    const credentials = { secretName: 'extender/maas360' };
    expect(messages({ maas360: { billingId: '50000001', credentials } })).toEqual([expect.stringMatching(/^maas360.url: /)]);
    expect(messages({ maas360: { billingId: '50000001', credentials, url: 'https://maas.example' } })).toBeUndefined();
  });

  test('accept only page sizes that MaaS360 supports', () => {
    const maas360 = { billingId: '10000001', credentials: { secretName: 'extender/maas360' }, pageSize: 1000 };
    expect(messages({ maas360 })).toEqual([expect.stringContaining('25|50|100|200|250')]);
  });
});
