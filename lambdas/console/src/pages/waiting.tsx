/** The queue of devices that wait for a person: the current one in full, decided and left with single keys. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useEffect, useRef, useState } from 'react';
import { devicePath, send } from '../api.ts';
import { LinkDialog } from '../parts/link-dialog.tsx';
import { LoadingOrError } from '../parts/loading-or-error.tsx';
import { ResultMessage, useRequest } from '../parts/result-message.tsx';
import { ClientAndId, Name, Verdict, VerdictReason } from '../parts/verdict.tsx';
import { useWaitingQueue, waitingSince } from '../parts/waiting-queue.ts';
import { deviceAddress, follow } from '../router.ts';
import type { ExplainedDevice } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord } from '../texts/words.ts';
import { Ago, useNow } from '../time.tsx';
import { useNarrow } from '../use-media.ts';

const t = texts.waiting;
/** A device that was decided here and still waits after this time is shown again: its action failed, or takes long. */
const decidedMs = 60_000;

export default function Waiting() {
  const live = useWaitingQueue(3000);
  // When a device was decided here: it leaves the queue at once, before the extender has evaluated it again.
  const [done, setDone] = useState<Readonly<Record<string, number>>>({});
  const now = useNow();
  const [chosen, setChosen] = useState<string | null>(null);
  const { busy, outcome, run, clear } = useRequest();
  const [linking, setLinking] = useState(false);
  const queue = (live.value?.devices ?? []).filter((one) => now - (done[devicePath(one)] ?? 0) > decidedMs);
  const index = Math.max(
    0,
    queue.findIndex((one) => devicePath(one) === chosen),
  );
  const device = queue[index];
  const more = live.value?.more ?? false;

  function go(step: number) {
    const next = queue[Math.min(queue.length - 1, Math.max(0, index + step))];
    if (next) setChosen(devicePath(next));
    setLinking(false);
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
    setDone((before) => ({ ...before, [devicePath(device)]: Date.now() }));
    setChosen(next ? devicePath(next) : null);
    live.reload();
  }
  async function link(portalUser: string) {
    if (device === undefined) return;
    const { sourceId, user } = device;
    const sent = await run(async () => {
      await send('/links', { sourceId, user, portalUser, kind: 'confirmed' });
      return t.linked(user, portalUser);
    });
    if (sent) setLinking(false);
    live.reload();
  }
  useKeys({
    a: () => void decide('approve'),
    b: () => void decide('block'),
    l: () => setLinking(true),
    j: () => go(1),
    k: () => go(-1),
  });

  return (
    <ContentLayout
      header={
        <Header variant="h1" counter={live.value === null ? '' : `(${queue.length}${more ? '+' : ''})`} description={t.tagline}>
          {t.title}
        </Header>
      }
    >
      {live.value === null ? (
        <LoadingOrError live={live} />
      ) : (
        <SpaceBetween size="l">
          {device === undefined ? (
            <Container>
              <Box textAlign="center" padding="l" color="text-body-secondary">
                {t.nobody}
              </Box>
              <ResultMessage outcome={outcome} onDismiss={clear} />
            </Container>
          ) : (
            <SpaceBetween size="l">
              <CurrentDevice
                device={device}
                busy={busy}
                linking={linking}
                onDecide={decide}
                onGo={go}
                onLinking={() => setLinking(true)}
                onLink={(portalUser) => void link(portalUser)}
              />
              <ResultMessage outcome={outcome} onDismiss={clear} />
              <Queue queue={queue} device={device} more={more} onChoose={(one) => setChosen(devicePath(one))} />
            </SpaceBetween>
          )}
        </SpaceBetween>
      )}
    </ContentLayout>
  );
}

type CurrentDeviceProps = {
  device: ExplainedDevice;
  busy: boolean;
  onDecide(type: 'approve' | 'block'): void;
  onGo(step: number): void;
  linking: boolean;
  onLinking(): void;
  onLink(portalUser: string): void;
};

function CurrentDevice({ device, busy, linking, onDecide, onGo, onLinking, onLink }: CurrentDeviceProps) {
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
              <Button disabled={busy} onClick={onLinking}>
                {t.link}
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
            <span className="keys">
              {Object.entries(t.keys).map(([key, does]) => (
                <span key={key}>
                  <kbd>{key}</kbd> {does}
                </span>
              ))}
            </span>
          </Box>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="xs">
        <div>
          <Verdict verdict={device.verdict} /> <Ago at={waitingSince(device)} />
        </div>
        <Box fontSize="heading-m">
          <VerdictReason device={device} />
        </Box>
        {device.wouldChange ? (
          <Box color="text-body-secondary">
            {texts.device.wouldChange} <bdi>{device.wouldChange}</bdi>
          </Box>
        ) : null}
        {linking ? <LinkDialog autoFocus busy={busy} onLink={onLink} /> : null}
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
  const isNarrow = useNarrow();
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
      columnDefinitions={isNarrow ? [narrowColumn] : columns}
    />
  );
}

type Column = TableProps.ColumnDefinition<ExplainedDevice>;
const narrowColumn: Column = {
  id: 'narrow',
  header: t.title,
  isRowHeader: true,
  cell: (one) => (
    <>
      <Name>{one.user}</Name>
      <Box variant="small" display="block" color="text-body-secondary">
        <ClientAndId device={one} />
      </Box>
      <Verdict verdict={one.verdict} /> <Ago at={waitingSince(one)} />
    </>
  ),
};
const columns: Column[] = [
  { id: 'user', header: 'User', cell: (one) => <Name>{one.user}</Name>, isRowHeader: true, width: 210 },
  { id: 'device', header: 'Device', cell: (one) => <ClientAndId device={one} />, width: 290 },
  { id: 'verdict', header: 'Verdict', cell: (one) => <Verdict verdict={one.verdict} />, width: 130 },
  { id: 'since', header: t.since, cell: (one) => <Ago at={waitingSince(one)} />, width: 140 },
  { id: 'why', header: 'Why', cell: (one) => <Name>{one.evidence ?? '–'}</Name>, minWidth: 260 },
];

/** Handles single keys, unless the reader is typing in a field or holds a modifier key. */
function useKeys(keys: Record<string, () => void>): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      const typing =
        event.target instanceof Element &&
        event.target.closest(
          'input[type=text], input[type=search], textarea, select, [role=menu], [role=listbox], [role=dialog]',
        );
      // A key that is held down decides once: the next device is another decision.
      const repeated = event.repeat && event.key !== 'j' && event.key !== 'k';
      if (typing || repeated || event.ctrlKey || event.metaKey || event.altKey) return;
      current.current[event.key]?.();
    }
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
