/** A table of devices with verdict and reason: the waiting ones, or all, page by page from the server. */
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useEffect, useState } from 'react';
import { devicePage, type ExplainedDevice } from './schemas.ts';
import { ago, clientWords, texts, verdictWords } from './texts.ts';
import { useLive } from './use-live.ts';

const pageSize = 25;
const everyVerdict = { value: '', label: 'Any verdict' };
const verdictOptions = [everyVerdict, ...Object.entries(verdictWords).map(([value, { word }]) => ({ value, label: word }))];

type Choice = { selected: ExplainedDevice | null; onSelect(device: ExplainedDevice): void; now: number };

export function Verdict({ device }: { device: ExplainedDevice }) {
  if (device.verdict === null) return <Badge color="grey">not decided yet</Badge>;
  const { word, badge } = verdictWords[device.verdict];
  return <Badge color={badge}>{word}</Badge>;
}

/** Held and undetermined devices, the longest waiting first. */
export function WaitingDevices({ verdict, title, ...choice }: Choice & { verdict: 'hold' | 'undetermined'; title: string }) {
  const page = useLive(`/devices?verdict=${verdict}&limit=200`, devicePage, 3000);
  const waiting = [...(page.value?.devices ?? [])].sort((a, b) => since(a).localeCompare(since(b)));
  const counter = page.value === null ? '' : `(${waiting.length}${page.value.cursor === null ? '' : '+'})`;
  return (
    <DeviceTable
      {...choice}
      devices={waiting}
      loading={page.value === null && page.trouble === 'none'}
      header={<Header counter={counter}>{title}</Header>}
      empty={texts.nobodyWaiting}
    />
  );
}

/** Every device, filtered on the server. */
export function AllDevices(choice: Choice) {
  const [text, setText] = useState('');
  const [verdict, setVerdict] = useState('');
  const [cursors, setCursors] = useState<string[]>(['']);
  const [index, setIndex] = useState(0);
  const query = new URLSearchParams({ limit: String(pageSize) });
  if (text !== '') query.set('q', text);
  if (verdict !== '') query.set('verdict', verdict);
  const cursor = cursors[index];
  if (cursor) query.set('cursor', cursor);
  const page = useLive(`/devices?${query}`, devicePage, 3000);
  const next = page.value?.cursor ?? null;
  useEffect(() => {
    if (next !== null) setCursors((before) => (before[index + 1] === next ? before : [...before.slice(0, index + 1), next]));
  }, [next, index]);
  function restart() {
    setCursors(['']);
    setIndex(0);
  }
  return (
    <DeviceTable
      {...choice}
      devices={page.value?.devices ?? []}
      loading={page.value === null && page.trouble === 'none'}
      header={<Header>{texts.allDevices}</Header>}
      empty={texts.noDevices}
      filter={
        <SpaceBetween direction="horizontal" size="xs">
          <TextFilter
            filteringText={text}
            filteringPlaceholder="User or device id"
            filteringAriaLabel="Find devices by user or device id"
            onChange={({ detail }) => {
              setText(detail.filteringText);
              restart();
            }}
          />
          <Select
            selectedOption={verdictOptions.find((option) => option.value === verdict) ?? everyVerdict}
            options={verdictOptions}
            ariaLabel="Verdict"
            onChange={({ detail }) => {
              setVerdict(detail.selectedOption.value ?? '');
              restart();
            }}
          />
        </SpaceBetween>
      }
      pagination={
        <Pagination
          currentPageIndex={index + 1}
          pagesCount={index + (next === null ? 1 : 2)}
          openEnd={next !== null}
          onChange={({ detail }) => setIndex(detail.currentPageIndex - 1)}
        />
      }
    />
  );
}

const since = (device: ExplainedDevice) => device.heldSince ?? device.firstSeen;

type TableProps = Choice & {
  devices: readonly ExplainedDevice[];
  loading: boolean;
  header: React.ReactNode;
  empty: string;
  filter?: React.ReactNode;
  pagination?: React.ReactNode;
};

function DeviceTable({ devices, selected, onSelect, now, loading, header, empty, filter, pagination }: TableProps) {
  return (
    <Table
      variant="embedded"
      header={header}
      items={devices}
      loading={loading}
      loadingText="Asking for devices…"
      empty={<Box color="text-body-secondary">{empty}</Box>}
      trackBy={(device) => `${device.sourceId}|${device.user}|${device.deviceId}`}
      selectionType="single"
      selectedItems={selected === null ? [] : [selected]}
      onSelectionChange={({ detail }) => detail.selectedItems.forEach(onSelect)}
      onRowClick={({ detail }) => onSelect(detail.item)}
      ariaLabels={{ selectionGroupLabel: 'Devices', itemSelectionLabel: (_, device) => `${device.user}, ${device.deviceId}` }}
      filter={filter}
      pagination={pagination}
      wrapLines
      stickyHeader
      columnDefinitions={[
        { id: 'user', header: 'User', cell: (device) => <bdi>{device.user}</bdi>, isRowHeader: true, minWidth: 160 },
        { id: 'device', header: 'Device', cell: (device) => <DeviceName device={device} />, minWidth: 180 },
        { id: 'verdict', header: 'Verdict', cell: (device) => <Verdict device={device} /> },
        { id: 'why', header: 'Why', cell: (device) => <bdi>{device.evidence ?? '–'}</bdi>, minWidth: 280 },
        { id: 'server', header: 'On the server', cell: (device) => `${device.approval}, ${device.access}` },
        { id: 'since', header: 'Since', cell: (device) => <span title={since(device)}>{ago(since(device), now)}</span> },
      ]}
    />
  );
}

function DeviceName({ device }: { device: ExplainedDevice }) {
  return (
    <>
      {clientWords[device.client] ?? device.client}
      <Box variant="small" display="block">
        <bdi>{device.deviceId}</bdi>
      </Box>
    </>
  );
}
