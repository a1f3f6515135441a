/** The frame of every page: the signed-in user, the navigation, connection problems, and the page that the address names. */
import AppLayoutToolbar from '@cloudscape-design/components/app-layout-toolbar';
import Badge from '@cloudscape-design/components/badge';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { Component, type ComponentType, lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { PageFailed, PageLoading, Unknown } from './pages/not-found.tsx';
import { Overview } from './pages/overview.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { readGuards } from './parts/whole-lists.ts';
import { follow, navigate, useRoute } from './router.ts';
import { signOut, useSession } from './session.ts';
import { texts } from './texts/texts.ts';
import { useMedia } from './use-media.ts';
import { useConnection, usePolledRead } from './use-polling.ts';

/** Every page by its path. `inNavigation`: has an entry of its own in the navigation, in this order. */
const pages = {
  '/': { title: texts.pages.overview, page: Overview, inNavigation: true },
  '/devices': { title: texts.pages.devices, page: lazy(() => import('./pages/devices.tsx')), inNavigation: true },
  '/device': { title: texts.pages.device, page: lazy(() => import('./pages/device.tsx')), inNavigation: false },
  '/waiting': { title: texts.pages.waiting, page: lazy(() => import('./pages/waiting.tsx')), inNavigation: true },
  '/settings': { title: texts.pages.settings, page: lazy(() => import('./pages/settings.tsx')), inNavigation: true },
  '/relays': { title: texts.pages.relays, page: lazy(() => import('./pages/relays.tsx')), inNavigation: true },
  '/journal': { title: texts.pages.journal, page: lazy(() => import('./pages/journal.tsx')), inNavigation: true },
  '/capacity': { title: texts.pages.capacity, page: lazy(() => import('./pages/capacity.tsx')), inNavigation: true },
} satisfies Record<string, { title: string; page: ComponentType; inNavigation: boolean }>;
const isPage = (path: string): path is keyof typeof pages => Object.hasOwn(pages, path);
const barId = 'top-bar';

export function App() {
  const session = useSession();
  const { path, query } = useRoute();
  const { title, page: Page } = isPage(path) ? pages[path] : { title: texts.notFound, page: Unknown };
  // The reader's choice applies until the window becomes narrow or wide; a wide window shows the navigation open.
  const isWide = useMedia('(min-width: 912px)');
  const [chosen, setChosen] = useState<{ isWide: boolean; open: boolean } | null>(null);
  const open = chosen?.isWide === isWide ? chosen.open : isWide;
  const shown = session.kind === 'out' ? texts.signIn.title : (path === '/device' && query.get('user')) || title;
  useEffect(() => {
    document.title = `${shown} · ${texts.product}`;
  }, [shown]);
  return (
    <>
      <TopBar name={session.kind === 'in' ? session.name : null} />
      <AppLayoutToolbar
        headerSelector={`#${barId}`}
        toolsHide
        navigationHide={session.kind === 'out'}
        navigation={<Navigation path={path} />}
        navigationWidth={220}
        navigationOpen={open}
        onNavigationChange={({ detail }) => setChosen({ isWide, open: detail.open })}
        breadcrumbs={session.kind === 'out' ? undefined : <Breadcrumbs path={path} title={title} device={query.get('id')} />}
        ariaLabels={{
          navigation: texts.navigation,
          navigationToggle: texts.openNavigation,
          navigationClose: texts.closeNavigation,
          notifications: texts.notifications,
        }}
        notifications={<Notices />}
        content={
          session.kind === 'out' ? (
            <SignIn why={session.why} />
          ) : session.kind === 'asking' ? (
            <PageLoading />
          ) : (
            <Boundary key={path}>
              <Suspense fallback={<PageLoading />}>
                <Page />
              </Suspense>
            </Boundary>
          )
        }
      />
    </>
  );
}

function TopBar({ name }: { name: string | null }) {
  return (
    <div id={barId} className="top-bar">
      <TopNavigation
        identity={{
          href: '/',
          title: texts.product,
          logo: { src: '/favicon.svg', alt: '' },
          onFollow: (event) => {
            event.preventDefault();
            navigate('/');
          },
        }}
        utilities={
          name === null
            ? []
            : [
                {
                  type: 'menu-dropdown',
                  iconName: 'user-profile',
                  text: name,
                  ariaLabel: `${texts.signIn.signedInAs}: ${name}`,
                  items: [{ id: 'out', text: texts.signIn.out }],
                  onItemClick: () => void signOut(),
                },
              ]
        }
        i18nStrings={{ overflowMenuTriggerText: '…', overflowMenuTitleText: texts.product }}
      />
    </div>
  );
}

function Breadcrumbs({ path, title, device }: { path: string; title: string; device: string | null }) {
  const items =
    path === '/device'
      ? [
          { text: texts.pages.devices, href: '/devices' },
          { text: device ?? title, href: '#' },
        ]
      : [{ text: title, href: path }];
  return <BreadcrumbGroup ariaLabel={texts.breadcrumbs} onFollow={follow} items={items} />;
}

function Navigation({ path }: { path: string }) {
  const waiting = usePolledRead('/guards?state=waiting', readGuards, 10_000).value?.guards.length ?? 0;
  const stopped = waiting > 0 ? <Badge color="red">{waiting}</Badge> : undefined;
  const items = Object.entries(pages).flatMap(([href, { title, inNavigation }]) =>
    inNavigation ? [{ type: 'link' as const, href, text: title, info: href === '/settings' ? stopped : undefined }] : [],
  );
  return <SideNavigation activeHref={path === '/device' ? '/devices' : path} onFollow={follow} items={items} />;
}

function Notices() {
  const { failure } = useConnection();
  const items: FlashbarProps.MessageDefinition[] = [];
  if (failure === 'offline') items.push({ id: 'offline', type: 'warning', content: texts.offline });
  return <Flashbar items={items} />;
}

/** A page that cannot be loaded (a new version of the console was deployed meanwhile) or rendered says so, and the others stay reachable. */
class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <PageFailed /> : this.props.children;
  }
}
