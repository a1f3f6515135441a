/** Moves the passwords of a configuration into the local secret store; functions get the names of the secrets. */
import { type BySourceKind, bySourceKind } from '#domain/devices/source-kinds';
import { type LocalConfiguration, type RuntimeConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';

export type Separated = {
  configuration: RuntimeConfiguration;
  /** Values by secret name, in the format of Secrets Manager. */
  secrets: Map<string, string>;
};

type LocalSource = LocalConfiguration['sources'][number];

export function separateSecrets(local: LocalConfiguration): Separated {
  const secrets = new Map<string, string>();
  function keep(name: string, value: string) {
    secrets.set(name, value);
    return { secretName: name };
  }
  const withoutPassword: BySourceKind<LocalSource, LocalSource> = {
    smartcloud(source) {
      if (!('password' in source.credentials)) return source;
      return { ...source, credentials: keep(`traveler-extender/source/${source.id}`, JSON.stringify(source.credentials)) };
    },
    traveler: (source) => source,
  };
  const sources = local.sources.map((source) => bySourceKind<LocalSource, LocalSource>(source, withoutPassword));
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
