/** Takes the passwords out of a configuration: they become secrets of the local store, and functions get the secrets' names. */
import { type LocalConfiguration, type RuntimeConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';

export type Separated = {
  configuration: RuntimeConfiguration;
  /** Values by secret name, as Secrets Manager holds them. */
  secrets: Map<string, string>;
};

export function separateSecrets(local: LocalConfiguration): Separated {
  const secrets = new Map<string, string>();
  function keep(name: string, value: string) {
    secrets.set(name, value);
    return { secretName: name };
  }
  const sources = local.sources.map((source) => {
    if (source.kind !== 'smartcloud' || !('password' in source.credentials)) return source;
    return { ...source, credentials: keep(`traveler-extender/source/${source.id}`, JSON.stringify(source.credentials)) };
  });
  const { portal } = local;
  const portalByName =
    portal?.token === undefined ? portal : { url: portal.url, ...keep('traveler-extender/portal', portal.token) };
  const { maas360 } = local;
  const maas360ByName =
    maas360 && 'password' in maas360.credentials
      ? { ...maas360, credentials: keep('traveler-extender/maas360', JSON.stringify(maas360.credentials)) }
      : maas360;
  const byName = { ...local, sources, portal: portalByName, maas360: maas360ByName };
  return { configuration: runtimeConfiguration.parse(byName), secrets };
}
