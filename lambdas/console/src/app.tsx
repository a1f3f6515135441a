/** The whole page: sources above, waiting and other devices below, the chosen device beside them. Grows by pages (issue: console). */
import AppLayout from '@cloudscape-design/components/app-layout';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import SplitPanel from '@cloudscape-design/components/split-panel';
import Tabs from '@cloudscape-design/components/tabs';
import { useEffect, useState } from 'react';
import { devicePath, takeToken } from './api.ts';
import { DevicePanel } from './device-panel.tsx';
import { AllDevices, WaitingDevices } from './devices.tsx';
import { type ExplainedDevice, status } from './schemas.ts';
import { Sources } from './sources.tsx';
import { texts } from './texts.ts';
import { type Live, useLive } from './use-live.ts';

export function App() {
  const [token] = useState(takeToken);
  const live = useLive(token === null ? null : '/status', status);
  const [selected, setSelected] = useState<ExplainedDevice | null>(null);
  const [open, setOpen] = useState(false);
  const now = useNow();
  const choice = {
    selected,
    now,
    onSelect(device: ExplainedDevice) {
      setSelected(device);
      setOpen(true);
    },
  };
  return (
    <AppLayout
      navigationHide
      toolsHide
      notifications={<Notices token={token} live={live} />}
      splitPanelOpen={open}
      onSplitPanelToggle={({ detail }) => setOpen(detail.open)}
      splitPanelPreferences={{ position: 'side' }}
      splitPanel={
        <SplitPanel header={selected?.user ?? 'Device'}>
          {selected === null ? texts.pick : <DevicePanel key={devicePath(selected)} device={selected} now={now} />}
        </SplitPanel>
      }
      content={
        <ContentLayout
          header={
            <Header variant="h1" description={texts.tagline}>
              {texts.product}
            </Header>
          }
        >
          <SpaceBetween size="l">
            <Sources
              sources={live.value?.sources ?? []}
              loading={live.value === null && live.trouble === 'none' && token !== null}
              now={now}
            />
            {token === null ? null : (
              <Tabs
                variant="container"
                tabs={[
                  {
                    id: 'waiting',
                    label: texts.waiting,
                    content: <WaitingDevices {...choice} verdict="hold" title={texts.waiting} />,
                  },
                  {
                    id: 'undetermined',
                    label: texts.undetermined,
                    content: <WaitingDevices {...choice} verdict="undetermined" title={texts.undetermined} />,
                  },
                  { id: 'all', label: texts.allDevices, content: <AllDevices {...choice} /> },
                ]}
              />
            )}
          </SpaceBetween>
        </ContentLayout>
      }
    />
  );
}

function Notices({ token, live }: { token: string | null; live: Live<unknown> }) {
  const items: FlashbarProps.MessageDefinition[] = [];
  if (token === null) items.push({ id: 'token', type: 'info', content: texts.noToken });
  if (live.trouble === 'unauthorised') items.push({ id: 'expired', type: 'error', content: texts.expired });
  if (live.trouble === 'offline') items.push({ id: 'offline', type: 'warning', loading: true, content: texts.offline });
  if (live.trouble === 'refused') items.push({ id: 'refused', type: 'error', content: live.message });
  return <Flashbar items={items} />;
}

/** The time of the reader's clock, in whole seconds, for "3 minutes ago". */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
