/** The status of the services other than the mail servers: portal upload, notices by mail, enrolments of MaaS360. */

import type { Maas360StateStore } from '#adapters/dynamodb/enrolments/maas360-state';
import type { ChainReader } from '#adapters/dynamodb/journal/hash-chain';
import type { NoticeStore } from '#adapters/dynamodb/journal/notices';
import type { UploadStore } from '#adapters/dynamodb/journal/uploads';
import type { SettingsReader } from '#adapters/dynamodb/settings/settings-reader';
import type { Problem } from '#domain/devices/source';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { ServiceView } from './schemas.ts';
import { isoOrNull, viewProblem } from './views.ts';

export type ServiceStatusDependencies = {
  configuration: Pick<RuntimeConfiguration, 'sources' | 'portal' | 'mail' | 'maas360'>;
  chain: Pick<ChainReader, 'head'>;
  uploads: Pick<UploadStore, 'cursor' | 'trouble'>;
  notices: Pick<NoticeStore, 'read'>;
  maas360: Pick<Maas360StateStore, 'read'>;
  settings: Pick<SettingsReader, 'current'>;
  now: () => number;
};

export function readServices(deps: ServiceStatusDependencies) {
  return async (): Promise<ServiceView[]> => Promise.all([portalStatus(deps), mailStatus(deps), maas360Status(deps)]);
}

type Found = { lastAt: number | null; problem: Problem | null; note: string };

function view(service: ServiceView['service'], { lastAt, problem, note }: Found): ServiceView {
  const state = problem ? 'failed' : lastAt === null ? 'new' : 'ok';
  return { service, state, lastAt: isoOrNull(lastAt), problem: viewProblem(problem), note };
}

const off = (service: ServiceView['service'], note: string): ServiceView => ({
  service,
  state: 'off',
  lastAt: null,
  problem: null,
  note,
});

async function portalStatus({ configuration, chain, uploads, now }: ServiceStatusDependencies): Promise<ServiceView> {
  const { portal, sources } = configuration;
  if (!portal) return off('portal', 'No "portal" is configured: events only, no device list.');
  if (portal.secretName === undefined) return view('portal', { lastAt: null, problem: noToken(now()), note: '' });
  const [trouble, ...each] = await Promise.all([
    uploads.trouble(),
    ...sources.map(async ({ id }) => {
      const [cursor, head] = await Promise.all([uploads.cursor(id), chain.head(id)]);
      return { ...cursor, behind: Math.max(0, head.seq - cursor.seq) };
    }),
  ]);
  const behind = each.reduce((sum, one) => sum + one.behind, 0);
  const problem = trouble?.problem ?? each.find((one) => one.trouble)?.trouble?.problem ?? null;
  const note = behind === 0 ? 'The portal has everything.' : `${behind} journal lines are still to be looked at for the portal.`;
  return view('portal', { lastAt: latest(each.map(({ lastUploadAt }) => lastUploadAt)), problem, note });
}

async function mailStatus({ configuration, notices, settings, now }: ServiceStatusDependencies): Promise<ServiceView> {
  const { mail, sources } = configuration;
  const current = await Promise.all(sources.map(({ id }) => settings.current(id)));
  const addresses = new Set(current.flatMap((one) => one.settings.notify));
  if (!mail)
    return addresses.size === 0
      ? off('mail', 'No "mail.from" is configured, and "notify" names nobody.')
      : { ...view('mail', { lastAt: null, problem: noSender(addresses.size, now()), note: '' }), state: 'off' };
  const cursors = await Promise.all(sources.map(({ id }) => notices.read(id)));
  const problem = cursors.find((cursor) => cursor?.problem)?.problem ?? null;
  const lastAt = latest(cursors.map((cursor) => cursor?.lastDigestAt ?? null));
  const note =
    addresses.size === 0
      ? '"notify" names nobody: no notice is sent.'
      : `Notices go to ${addresses.size === 1 ? 'one address' : `${addresses.size} addresses`}.`;
  return view('mail', { lastAt, problem, note });
}

async function maas360Status({ configuration, maas360 }: ServiceStatusDependencies): Promise<ServiceView> {
  if (!configuration.maas360) return off('maas360', 'Not configured: enrolments come from the portal’s events only.');
  const { lastCompleteAt, problem, devices, unreadable } = await maas360.read();
  const note = `${devices} devices at the last whole read${unreadable === 0 ? '' : `, ${unreadable} of them unreadable or of nobody`}.`;
  return view('maas360', { lastAt: lastCompleteAt, problem, note });
}

const latest = (times: readonly (number | null)[]): number | null => {
  const known = times.filter((time): time is number => time !== null);
  return known.length === 0 ? null : Math.max(...known);
};

const noToken = (at: number): Problem => ({
  kind: 'permanent',
  what: 'The portal has a url and no token: the device list is not sent',
  where: 'Configuration, portal',
  remedy: 'Add "secretName" (or on the local stack "token") to "portal", and deploy again.',
  at,
});

const noSender = (count: number, at: number): Problem => ({
  kind: 'permanent',
  what: `"notify" names ${count === 1 ? 'an address' : `${count} addresses`}, but no mail is sent: there is no sender`,
  where: 'Configuration, mail',
  remedy: 'Set "mail": { "from": "…" } to an address that SES has verified, and deploy again.',
  at,
});
