/** The frame of every page: where one can go, what is wrong with the connection, and the page that the address names. */
import AppLayoutToolbar from '@cloudscape-design/components/app-layout-toolbar';
import Badge from '@cloudscape-design/components/badge';
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import { Component, lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { takeToken } from './api.ts';
import { Overview } from './pages/overview.tsx';
import { PageFailed, PageLoading, Unknown } from './pages/unknown.tsx';
import { follow, useRoute } from './router.ts';
import { guards } from './schemas.ts';
import { texts } from './texts/texts.ts';
import { useConnection, useLive } from './use-live.ts';

const pages = {
  '/': { title: texts.pages.overview, page: Overview },
  '/devices': { title: texts.pages.devices, page: lazy(() => import('./pages/devices.tsx')) },
  '/device': { title: texts.pages.device, page: lazy(() => import('./pages/device.tsx')) },
  '/waiting': { title: texts.pages.waiting, page: lazy(() => import('./pages/waiting.tsx')) },
  '/settings': { title: texts.pages.settings, page: lazy(() => import('./pages/settings.tsx')) },
  '/relays': { title: texts.pages.relays, page: lazy(() => import('./pages/relays.tsx')) },
  '/journal': { title: texts.pages.journal, page: lazy(() => import('./pages/journal.tsx')) },
  '/capacity': { title: texts.pages.capacity, page: lazy(() => import('./pages/capacity.tsx')) },
};
const isPage = (path: string): path is keyof typeof pages => Object.hasOwn(pages, path);

export function App() {
  const [token] = useState(takeToken);
  const { path } = useRoute();
  const { title, page: Page } = isPage(path) ? pages[path] : { title: texts.notFound, page: Unknown };
  const [open, setOpen] = useState(() => matchMedia('(min-width: 912px)').matches);
  useEffect(() => {
    document.title = `${title} · ${texts.product}`;
  }, [title]);
  return (
    <AppLayoutToolbar
      toolsHide
      navigation={<Navigation path={path} token={token} />}
      navigationWidth={220}
      navigationOpen={open}
      onNavigationChange={({ detail }) => setOpen(detail.open)}
      ariaLabels={{
        navigation: texts.navigation,
        navigationToggle: texts.openNavigation,
        navigationClose: texts.closeNavigation,
        notifications: texts.notifications,
      }}
      notifications={<Notices token={token} />}
      content={
        token === null ? null : (
          <Boundary key={path}>
            <Suspense fallback={<PageLoading />}>
              <Page />
            </Suspense>
          </Boundary>
        )
      }
    />
  );
}

function Navigation({ path, token }: { path: string; token: string | null }) {
  const waiting = useLive(token === null ? null : '/guards?state=waiting', guards, 10_000).value?.guards.length ?? 0;
  const link = (href: keyof typeof pages, info?: ReactNode) => ({ type: 'link' as const, href, text: pages[href].title, info });
  return (
    <SideNavigation
      header={{ href: '/', text: texts.product }}
      activeHref={path === '/device' ? '/devices' : path}
      onFollow={follow}
      items={[
        link('/'),
        link('/devices'),
        link('/waiting'),
        link('/settings', waiting > 0 ? <Badge color="red">{waiting}</Badge> : undefined),
        link('/relays'),
        link('/journal'),
        link('/capacity'),
      ]}
    />
  );
}

function Notices({ token }: { token: string | null }) {
  const { trouble } = useConnection();
  const items: FlashbarProps.MessageDefinition[] = [];
  if (token === null) items.push({ id: 'token', type: 'info', content: texts.noToken });
  if (trouble === 'unauthorised') items.push({ id: 'expired', type: 'error', content: texts.expired });
  if (trouble === 'offline') items.push({ id: 'offline', type: 'warning', loading: true, content: texts.offline });
  return <Flashbar items={items} />;
}

/** A page that cannot be loaded (the console was deployed anew meanwhile) or shown says so, and the others stay reachable. */
class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <PageFailed /> : this.props.children;
  }
}
