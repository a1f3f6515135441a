/** The queue of devices that wait for a person: one in hand, the keyboard decides and goes on. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useEffect, useRef, useState } from 'react';
import { devicePath, send } from '../api.ts';
import { Said, useRequest } from '../parts/said.tsx';
import { Pending } from '../parts/trouble.tsx';
import { Because, ClientAndId, Name, Verdict } from '../parts/verdict.tsx';
import { deviceAddress, follow } from '../router.ts';
import { devicePage, type ExplainedDevice } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord } from '../texts/words.ts';
import { Ago } from '../time.tsx';
import { useLive } from '../use-live.ts';

const t = texts.waiting;
const since = (device: ExplainedDevice) => device.heldSince ?? device.firstSeen;

export default function Waiting() {
  const held = useLive('/devices?verdict=hold&limit=200', devicePage, 3000);
  const undetermined = useLive('/devices?verdict=undetermined&limit=200', devicePage, 5000);
  // Decided here a moment ago: gone from the queue at once, before the extender has decided anew.
  const [done, setDone] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState<string | null>(null);
  const { busy, outcome, run, clear } = useRequest();
  const all = [...(held.value?.devices ?? []), ...(undetermined.value?.devices ?? [])];
  const queue = all.filter((one) => !done.includes(devicePath(one))).sort((a, b) => since(a).localeCompare(since(b)));
  const index = Math.max(
    0,
    queue.findIndex((one) => devicePath(one) === chosen),
  );
  const device = queue[index];
  const more = (held.value?.cursor ?? null) !== null || (undetermined.value?.cursor ?? null) !== null;

  function go(step: number) {
    const next = queue[Math.min(queue.length - 1, Math.max(0, index + step))];
    if (next) setChosen(devicePath(next));
  }
  async function decide(type: 'approve' | 'block') {
    if (device === undefined || busy) return;
    const { sourceId, user, deviceId } = device;
    const next = queue[index + 1] ?? queue[index - 1];
    const sent = await run(async () => {
      await send('/actions', { type, target: { sourceId, user, deviceId }, reason: 'Decided in the queue of the console' });
      return t.asked(actionWord(type), user);
    });
    if (!sent) return;
    setDone((before) => [...before, devicePath(device)]);
    setChosen(next ? devicePath(next) : null);
    held.again();
  }
  useKeys({ a: () => void decide('approve'), b: () => void decide('block'), j: () => go(1), k: () => go(-1) });

  return (
    <ContentLayout
      header={
        <Header variant="h1" counter={held.value === null ? '' : `(${queue.length}${more ? '+' : ''})`} description={t.tagline}>
          {t.title}
        </Header>
      }
    >
      {held.value === null ? (
        <Pending live={held} />
      ) : (
        <SpaceBetween size="l">
          <Said outcome={outcome} onDismiss={clear} />
          {device === undefined ? (
            <Container>
              <Box textAlign="center" padding="l" color="text-body-secondary">
                {t.nobody}
              </Box>
            </Container>
          ) : (
            <SpaceBetween size="l">
              <InHand device={device} busy={busy} onDecide={decide} onGo={go} />
              <Queue queue={queue} device={device} more={more} onChoose={(one) => setChosen(devicePath(one))} />
            </SpaceBetween>
          )}
        </SpaceBetween>
      )}
    </ContentLayout>
  );
}

type InHandProps = {
  device: ExplainedDevice;
  busy: boolean;
  onDecide(type: 'approve' | 'block'): void;
  onGo(step: number): void;
};

function InHand({ device, busy, onDecide, onGo }: InHandProps) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={<ClientAndId device={device} />}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="primary" disabled={busy} onClick={() => onDecide('approve')}>
                {texts.approve}
              </Button>
              <Button disabled={busy} onClick={() => onDecide('block')}>
                {texts.block}
              </Button>
              <Button iconName="angle-up" variant="icon" ariaLabel={t.previous} onClick={() => onGo(-1)} />
              <Button iconName="angle-down" variant="icon" ariaLabel={t.next} onClick={() => onGo(1)} />
            </SpaceBetween>
          }
        >
          <Name>{device.user}</Name>
        </Header>
      }
      footer={
        <SpaceBetween direction="horizontal" size="m">
          <Button variant="inline-link" href={deviceAddress(device)} onFollow={follow}>
            {t.open}
          </Button>
          <Box variant="small" color="text-body-secondary">
            <kbd>a</kbd> <kbd>b</kbd> <kbd>j</kbd> <kbd>k</kbd> {t.keys}
          </Box>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="xs">
        <div>
          <Verdict verdict={device.verdict} /> {t.since.toLowerCase()} <Ago at={since(device)} />
        </div>
        <Box fontSize="heading-m">
          <Because device={device} />
        </Box>
        {device.wouldChange ? (
          <Box color="text-body-secondary">
            {texts.device.wouldChange} <bdi>{device.wouldChange}</bdi>
          </Box>
        ) : null}
      </SpaceBetween>
    </Container>
  );
}

type QueueProps = {
  queue: readonly ExplainedDevice[];
  device: ExplainedDevice;
  more: boolean;
  onChoose(device: ExplainedDevice): void;
};

function Queue({ queue, device, more, onChoose }: QueueProps) {
  return (
    <Table
      items={queue}
      trackBy={devicePath}
      selectionType="single"
      selectedItems={[device]}
      onSelectionChange={({ detail }) => detail.selectedItems.forEach(onChoose)}
      onRowClick={({ detail }) => onChoose(detail.item)}
      ariaLabels={{
        tableLabel: t.title,
        selectionGroupLabel: t.title,
        itemSelectionLabel: (_, one) => `${one.user}, ${one.deviceId}`,
      }}
      footer={more ? <Box color="text-body-secondary">{t.more}</Box> : null}
      wrapLines
      columnDefinitions={[
        { id: 'user', header: 'User', cell: (one) => <Name>{one.user}</Name>, isRowHeader: true, minWidth: 160 },
        { id: 'device', header: 'Device', cell: (one) => <ClientAndId device={one} />, minWidth: 170 },
        { id: 'verdict', header: 'Verdict', cell: (one) => <Verdict verdict={one.verdict} />, minWidth: 120 },
        { id: 'since', header: t.since, cell: (one) => <Ago at={since(one)} />, minWidth: 120 },
        { id: 'why', header: 'Why', cell: (one) => <Name>{one.evidence ?? '–'}</Name>, minWidth: 260 },
      ]}
    />
  );
}

/** Single keys, unless the reader is typing somewhere or holds a modifier. */
function useKeys(keys: Record<string, () => void>): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      const typing =
        event.target instanceof Element && event.target.closest('input[type=text], input[type=search], textarea, select');
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      current.current[event.key]?.();
    }
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
