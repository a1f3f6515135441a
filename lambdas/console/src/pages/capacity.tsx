/** The scaling tool: what a fleet needs, here and with the replaced product, next to what was measured here. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { z } from 'zod';
import { benchMeasuredOn, benchRows } from '../parts/bench.ts';
import { useSaved } from '../parts/browser-storage.ts';
import { type Assumptions, costOf, replacedInstances, usualAssumptions } from '../parts/capacity.ts';
import { useNarrowTableColumns } from '../parts/narrow-table.tsx';
import { listPrices, type Prices, pricesAsOf } from '../parts/prices.ts';
import { type SourceStatus, status } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { duration, number } from '../texts/words.ts';
import { usePolling } from '../use-polling.ts';

const t = texts.capacity;
const fleetSchema = z.object({ devices: z.number().min(0), mailboxes: z.number().min(0) });
const assumptionsSchema = z.object({
  everyMinutes: z.number().positive(),
  changedPercent: z.number().min(0),
  newPercent: z.number().min(0),
  serverCost: z.number().min(0),
});
const assumptionLabels: Record<keyof Assumptions, string> = {
  everyMinutes: 'Minutes between gathers',
  changedPercent: 'Devices that change from gather to gather, %',
  newPercent: 'New devices a month, % of the fleet',
  serverCost: 'A server for the replaced product, $ a month',
};
const pricesSchema = z.record(z.enum(Object.keys(listPrices) as [keyof Prices, ...(keyof Prices)[]]), z.number().min(0));
const priceLabels: Record<keyof Prices, string> = {
  readUnits: 'A million read units, $',
  writeUnits: 'A million write units, $',
  storage: 'A GB of table, $',
  functionRequests: 'A million function calls, $',
  functionSeconds: 'A million GB-seconds, $',
  queueRequests: 'A million queue requests, $',
  events: 'A million events, $',
  logs: 'A GB of log, $',
  secrets: 'A secret, $',
  keys: 'A key, $',
  alarms: 'An alarm, $',
};
const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD' });

export default function Capacity() {
  const live = usePolling('/status', status, 10_000);
  const [fleet, setFleet] = useSaved('fleet', fleetSchema, { devices: 20_000, mailboxes: 30_000 });
  const [assumed, setAssumed] = useSaved('assumptions', assumptionsSchema, usualAssumptions);
  const { byDevices, byMailboxes, instances } = replacedInstances(fleet);
  const [prices, setPrices] = useSaved('prices', pricesSchema, listPrices);
  const { lines, total } = costOf(fleet, assumed, prices);
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={t.tagline}>
          {t.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{t.size}</Header>}>
          <ColumnLayout columns={2}>
            <Count label={t.devices} value={fleet.devices} onChange={(devices) => setFleet({ ...fleet, devices })} />
            <Count label={t.mailboxes} value={fleet.mailboxes} onChange={(mailboxes) => setFleet({ ...fleet, mailboxes })} />
          </ColumnLayout>
        </Container>
        <ColumnLayout columns={2}>
          <Container fitHeight header={<Header variant="h2">{t.replaced}</Header>}>
            <Big value={t.instances(instances)} cost={instances * assumed.serverCost} />
            <Box color="text-body-secondary">
              {t.replacedWhy(byDevices, byMailboxes)}. {t.instancesWhy}.
            </Box>
          </Container>
          <Container fitHeight header={<Header variant="h2">{t.ours}</Header>}>
            <Big value={t.noInstances} cost={total} />
            <Box color="text-body-secondary">{t.oursWhy}.</Box>
          </Container>
        </ColumnLayout>
        <Container header={<Header variant="h2">{t.assumptions}</Header>}>
          <ColumnLayout columns={2}>
            {(Object.keys(assumptionLabels) as (keyof Assumptions)[]).map((key) => (
              <Count
                key={key}
                label={assumptionLabels[key]}
                value={assumed[key]}
                least={key === 'everyMinutes' ? 1 : 0}
                onChange={(value) => setAssumed({ ...assumed, [key]: value })}
              />
            ))}
          </ColumnLayout>
          <ExpandableSection headerText={t.listPrices(pricesAsOf)}>
            <SpaceBetween size="m">
              <ColumnLayout columns={4} minColumnWidth={150}>
                {(Object.keys(priceLabels) as (keyof Prices)[]).map((key) => (
                  <Count
                    key={key}
                    label={priceLabels[key]}
                    value={prices[key]}
                    onChange={(value) => setPrices({ ...prices, [key]: value })}
                  />
                ))}
              </ColumnLayout>
              <Button onClick={() => setPrices(listPrices)}>{t.listPricesAgain}</Button>
            </SpaceBetween>
          </ExpandableSection>
        </Container>
        <Costs lines={lines} total={total} />
        <Measured sources={live.value?.sources ?? []} loading={live.value === null} />
        <Bench />
      </SpaceBetween>
    </ContentLayout>
  );
}

type CostsProps = { lines: ReturnType<typeof costOf>['lines']; total: number };
function Costs({ lines, total }: CostsProps) {
  const items = [...lines, { item: t.total, quantity: 0, unit: '', price: '', cost: total }];
  const columns = useNarrowTableColumns<(typeof items)[number]>([
    { id: 'item', header: t.item, cell: ({ item }) => item, isRowHeader: true },
    {
      id: 'quantity',
      header: t.quantity,
      cell: ({ quantity, unit }) => (unit === '' ? '' : `${amount(quantity)} ${unit}`),
    },
    { id: 'price', header: t.price, cell: ({ price }) => price },
    {
      id: 'sum',
      header: t.sum,
      cell: ({ item, cost }) => <Box variant={item === t.total ? 'strong' : 'span'}>{dollars.format(cost)}</Box>,
    },
  ]);
  return (
    <Table
      header={
        <Header variant="h2" description={t.prices(pricesAsOf)}>
          {t.cost}
        </Header>
      }
      items={items}
      trackBy="item"
      wrapLines
      ariaLabels={{ tableLabel: t.cost }}
      columnDefinitions={columns}
    />
  );
}

const amount = (value: number) => (value < 10 ? String(Number(value.toPrecision(2))) : number(value));

function Big({ value, cost }: { value: string; cost: number }) {
  return (
    <SpaceBetween size="xxs">
      <Box fontSize="display-l" fontWeight="light">
        {value}
      </Box>
      <Box fontSize="heading-m" padding={{ bottom: 'xs' }}>
        {dollars.format(cost)} {t.month}
      </Box>
    </SpaceBetween>
  );
}

type CountProps = { label: string; value: number; least?: number; onChange(value: number): void };
function Count({ label, value, least = 0, onChange }: CountProps) {
  return (
    <FormField label={label}>
      <Input
        type="number"
        inputMode="decimal"
        value={String(value)}
        onChange={({ detail }) => {
          const wanted = Number(detail.value);
          if (Number.isFinite(wanted) && wanted >= least) onChange(wanted);
        }}
      />
    </FormField>
  );
}

function Measured({ sources, loading }: { sources: readonly SourceStatus[]; loading: boolean }) {
  const measured = sources.filter(({ averageGather }) => averageGather !== null);
  const columns = useNarrowTableColumns<SourceStatus>([
    { id: 'source', header: 'Source', cell: ({ sourceId }) => <bdi>{sourceId}</bdi>, isRowHeader: true },
    { id: 'devices', header: 'Devices', cell: ({ devices }) => number(devices) },
    { id: 'time', header: 'A gather', cell: ({ averageGather }) => duration(averageGather?.ms ?? 0) },
    { id: 'requests', header: 'Requests to the server', cell: ({ averageGather }) => number(averageGather?.requests ?? 0) },
    {
      id: 'units',
      header: 'Table units of the last gather',
      cell: ({ lastGather }) =>
        lastGather === null ? '–' : `${amount(lastGather.units.read)} read, ${amount(lastGather.units.write)} written`,
    },
  ]);
  return (
    <Table
      header={
        <Header variant="h2" description={t.measuredNote}>
          {t.measured}
        </Header>
      }
      items={measured}
      loading={loading}
      loadingText={texts.loading}
      trackBy="sourceId"
      wrapLines
      ariaLabels={{ tableLabel: t.measured }}
      empty={<Box color="text-body-secondary">{t.measuredNone}</Box>}
      columnDefinitions={columns}
    />
  );
}

function Bench() {
  const columns = useNarrowTableColumns<(typeof benchRows)[number]>([
    { id: 'measure', header: t.benchMeasure, cell: ({ measure }) => measure, isRowHeader: true, minWidth: 220 },
    { id: 'value', header: t.benchValue, cell: ({ value }) => value, minWidth: 130 },
    { id: 'against', header: t.benchAgainst, cell: ({ against }) => against, minWidth: 200 },
    { id: 'mark', header: t.benchMark, cell: ({ mark }) => mark, minWidth: 120 },
    { id: 'met', header: t.benchResult, cell: ({ met }) => met, minWidth: 90 },
  ]);
  return (
    <Table
      header={
        <Header variant="h2" description={`${t.benchNote} ${benchMeasuredOn}`}>
          {t.bench}
        </Header>
      }
      items={benchRows}
      trackBy="number"
      wrapLines
      ariaLabels={{ tableLabel: t.bench }}
      columnDefinitions={columns}
    />
  );
}
