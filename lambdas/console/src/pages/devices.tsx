/** Every device, page by page from the API: filtered, in the reader's choice of columns, acted on one by one or in bulk. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import CollectionPreferences from '@cloudscape-design/components/collection-preferences';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useEffect, useState } from 'react';
import { z } from 'zod';
import type { ActionType } from '#domain/actions/action';
import { devicePath, messageOf } from '../api.ts';
import { actionChoices, typeOf, typesOffered } from '../parts/action-choices.ts';
import { useSaved } from '../parts/browser-storage.ts';
import { BulkConfirmation } from '../parts/bulk-confirmation.tsx';
import { BulkProgress } from '../parts/bulk-progress.tsx';
import { allDevices, csvOf, download } from '../parts/csv.ts';
import { columnIds, deviceColumns, narrowColumn, usualColumns } from '../parts/device-columns.tsx';
import { type DeviceFilter, filterOf } from '../parts/device-filter.ts';
import { useDevicePage } from '../parts/device-page.ts';
import { DeviceSearch } from '../parts/device-search.tsx';
import { mostSorted, type Sorting, useSortedDevices } from '../parts/sorted-devices.ts';
import { navigate, useRoute, withQuery } from '../router.ts';
import { type DeviceName, type ExplainedDevice, status } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { useNarrow } from '../use-media.ts';
import { usePolling } from '../use-polling.ts';

const t = texts.devices;
const mostAtOnce = 10_000;
const kinds = typesOffered(({ inList }) => inList);
const preferencesSchema = z.object({ pageSize: z.number(), columns: z.array(z.string()) });

export default function Devices() {
  const { query } = useRoute();
  const filter = filterOf(query);
  return <Listing key={JSON.stringify(filter)} filter={filter} bulkId={query.get('bulk')} />;
}

const show = (filter: DeviceFilter, bulk?: string) => navigate(withQuery('/devices', { ...filter, bulk }));

function Listing({ filter, bulkId }: { filter: DeviceFilter; bulkId: string | null }) {
  const [preferences, setPreferences] = useSaved('devices', preferencesSchema, { pageSize: 25, columns: usualColumns });
  const [cursors, setCursors] = useState<string[]>(['']);
  const [index, setIndex] = useState(0);
  const [selected, setSelected] = useState<ExplainedDevice[]>([]);
  const [confirming, setConfirming] = useState<{ kind: ActionType; targets: readonly DeviceName[] } | null>(null);
  const [progress, setProgress] = useState<{ message: string; failed: boolean } | null>(null);
  const sources = (usePolling('/status', status, 30_000).value?.sources ?? []).map(({ sourceId }) => sourceId);
  const isNarrow = useNarrow();
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const query = new URLSearchParams(Object.entries(filter));
  const sorted = useSortedDevices(String(query), sorting);
  const page = useDevicePage({ query, size: preferences.pageSize, cursor: cursors[index] ?? '' });
  const next = page.value?.cursor ?? null;
  const isFiltered = Object.keys(filter).length > 0;
  useEffect(() => {
    if (next !== null) setCursors((before) => (before[index + 1] === next ? before : [...before.slice(0, index + 1), next]));
  }, [next, index]);
  const from = index * preferences.pageSize;
  const items = sorted.state === 'sorted' ? sorted.devices.slice(from, from + preferences.pageSize) : (page.value?.devices ?? []);
  const pages =
    sorted.state === 'sorted'
      ? { pagesCount: Math.max(1, Math.ceil(sorted.devices.length / preferences.pageSize)), openEnd: false }
      : { pagesCount: index + (next === null ? 1 : 2), openEnd: next !== null };
  function backToStart() {
    setCursors(['']);
    setIndex(0);
  }

  async function collect(messageFor: (count: number) => string, most?: number): Promise<ExplainedDevice[] | null> {
    try {
      const onPage = (count: number) => setProgress({ message: messageFor(count), failed: false });
      onPage(0);
      const found = await allDevices(query, { onPage, ...(most === undefined ? {} : { most }) });
      setProgress(null);
      return found;
    } catch (error) {
      setProgress({ message: messageOf(error), failed: true });
      return null;
    }
  }
  async function exportCsv() {
    const found = await collect(t.exporting);
    if (found) download('devices.csv', 'text/csv;charset=utf-8', csvOf(found));
  }
  async function confirmAll(kind: ActionType) {
    const found = await collect(t.collecting, mostAtOnce + 1);
    if (found === null) return;
    if (found.length > mostAtOnce) setProgress({ message: t.most, failed: true });
    else if (found.length > 0) setConfirming({ kind, targets: found.map(nameOf) });
  }
  function choose(id: string) {
    const [scope, type = ''] = id.split('|');
    const kind = typeOf(type);
    if (kind === null) return;
    if (scope === 'all') void confirmAll(kind);
    else setConfirming({ kind, targets: selected.map(nameOf) });
  }

  return (
    <SpaceBetween size="m">
      <div role="status">
        {progress === null ? null : <Alert type={progress.failed ? 'error' : 'info'}>{progress.message}</Alert>}
        {sorted.state === 'too-many' ? (
          <Alert type="info" action={<Button onClick={() => setSorting(null)}>{t.unsorted}</Button>}>
            {t.tooManyToSort(mostSorted)}
          </Alert>
        ) : null}
        {sorted.state === 'failed' ? <Alert type="error">{sorted.why}</Alert> : null}
        {bulkId === null ? null : <BulkProgress bulkId={bulkId} onDismiss={() => show(filter)} />}
      </div>
      <Table
        variant="full-page"
        stickyHeader
        wrapLines
        resizableColumns={false}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={selected.length > 0 ? `(${selected.length})` : ''}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="download" onClick={() => void exportCsv()} disabled={progress !== null && !progress.failed}>
                  {t.export}
                </Button>
                <ButtonDropdown
                  variant="primary"
                  items={[
                    {
                      id: 'selected',
                      text: `${t.selected} (${selected.length})`,
                      items: menu('selected', selected.length === 0),
                    },
                    { id: 'all', text: t.all, items: menu('all', false) },
                  ]}
                  onItemClick={({ detail }) => choose(detail.id)}
                >
                  {t.actions}
                </ButtonDropdown>
              </SpaceBetween>
            }
          >
            {t.title}
          </Header>
        }
        items={items}
        loading={
          sorted.state === 'collecting' ||
          (page.value === null && page.failure !== 'refused' && page.failure !== 'not-understood')
        }
        loadingText={
          sorted.state === 'collecting' ? t.collecting(sorted.count) : page.looked > 0 ? t.looking(page.looked) : texts.loading
        }
        {...(sorting === null ? {} : { sortingColumn: deviceColumns.find(({ id }) => id === sorting.id) ?? {} })}
        sortingDescending={sorting?.descending ?? false}
        onSortingChange={({ detail }) => {
          const column = deviceColumns.find(
            ({ sortingComparator }) => sortingComparator === detail.sortingColumn.sortingComparator,
          );
          if (column) setSorting({ id: column.id, descending: detail.isDescending ?? false });
          backToStart();
        }}
        empty={
          <Box textAlign="center" color="text-body-secondary" padding="l">
            <SpaceBetween size="s">
              {page.value === null ? page.message : isFiltered ? t.noMatch : t.empty}
              {isFiltered ? <Button onClick={() => show({})}>{t.clear}</Button> : null}
            </SpaceBetween>
          </Box>
        }
        trackBy={devicePath}
        selectionType="multi"
        selectedItems={selected}
        onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
        ariaLabels={{
          tableLabel: t.title,
          selectionGroupLabel: t.title,
          allItemsSelectionLabel: () => 'Select all on this page',
          itemSelectionLabel: (_, one) => `${one.user}, ${one.deviceId}`,
        }}
        columnDefinitions={isNarrow ? [narrowColumn] : deviceColumns}
        columnDisplay={
          isNarrow
            ? [{ id: narrowColumn.id, visible: true }]
            : columnIds.map((id) => ({ id, visible: preferences.columns.includes(id) }))
        }
        filter={
          <DeviceSearch
            filter={filter}
            sources={sources}
            columns={preferences.columns}
            onChange={(nextFilter, columns) => {
              if (columns) setPreferences({ ...preferences, columns });
              show(nextFilter);
            }}
          />
        }
        pagination={
          <Pagination
            currentPageIndex={index + 1}
            {...pages}
            ariaLabels={{
              nextPageLabel: 'Next page',
              previousPageLabel: 'Previous page',
              pageLabel: (number) => `Page ${number}`,
            }}
            onChange={({ detail }) => setIndex(detail.currentPageIndex - 1)}
          />
        }
        preferences={
          <CollectionPreferences
            title={t.columns}
            confirmLabel="Apply"
            cancelLabel={texts.cancel}
            preferences={{ pageSize: preferences.pageSize, visibleContent: preferences.columns }}
            pageSizePreference={{
              title: 'Devices a page',
              options: [25, 50, 100, 200].map((value) => ({ value, label: String(value) })),
            }}
            visibleContentPreference={{
              title: t.columns,
              options: [
                {
                  label: t.columns,
                  options: deviceColumns.map(({ id, header }) => ({ id, label: header, editable: id !== 'user' })),
                },
              ],
            }}
            onConfirm={({ detail }) => {
              backToStart();
              setPreferences({ pageSize: detail.pageSize ?? 25, columns: [...(detail.visibleContent ?? usualColumns)] });
            }}
          />
        }
      />
      {confirming === null ? null : (
        <BulkConfirmation
          kind={confirming.kind}
          targets={confirming.targets}
          onClose={() => setConfirming(null)}
          onSent={(bulk) => {
            setConfirming(null);
            setSelected([]);
            if (bulk !== null) show(filter, bulk);
            page.reload();
          }}
        />
      )}
    </SpaceBetween>
  );
}

const nameOf = ({ sourceId, user, deviceId }: DeviceName): DeviceName => ({ sourceId, user, deviceId });
const menu = (scope: string, disabled: boolean) =>
  kinds.map((kind) => ({ id: `${scope}|${kind}`, text: actionChoices[kind].label, disabled }));
