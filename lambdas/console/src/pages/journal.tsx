/** The journal of a source: searched and filtered here, exported as it is sealed. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { useState } from 'react';
import { download } from '../parts/csv.ts';
import { allOfJournal, checkJournal, type JournalEntry, useJournal } from '../parts/journal.ts';
import { Said, useRequest } from '../parts/said.tsx';
import { Name, UserLink } from '../parts/verdict.tsx';
import { navigate, useRoute, withQuery } from '../router.ts';
import { status } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { At } from '../time.tsx';
import { useLive } from '../use-live.ts';
import { useNarrow } from '../use-media.ts';

const t = texts.journal;

export default function JournalPage() {
  const { query } = useRoute();
  const sources = (useLive('/status', status, 30_000).value?.sources ?? []).map(({ sourceId }) => sourceId);
  const sourceId = query.get('source') ?? sources[0] ?? null;
  return <Journal key={sourceId} sourceId={sourceId} sources={sources} kind={query.get('kind') ?? ''} />;
}

type Props = { sourceId: string | null; sources: readonly string[]; kind: string };

function Journal({ sourceId, sources, kind }: Props) {
  const isNarrow = useNarrow();
  const journal = useJournal(sourceId);
  const [text, setText] = useState('');
  const [counted, setCounted] = useState(0);
  const { busy, outcome, run, clear } = useRequest();
  const kinds = [...new Set([...journal.entries.map(({ line }) => line.kind), ...(kind === '' ? [] : [kind])])].sort();
  const shown = journal.entries.filter((entry) => (kind === '' || entry.line.kind === kind) && holds(entry, text));
  const show = (change: { source?: string; kind?: string }) =>
    navigate(withQuery('/journal', { source: sourceId ?? '', kind, ...change }), { replace: true });
  const exportAll = () =>
    run(async () => {
      if (sourceId === null) return '';
      download(`journal-${sourceId}.ndjson`, 'application/x-ndjson', await allOfJournal(sourceId));
      return t.exported;
    });
  const check = () =>
    run(async () => {
      if (sourceId === null) return '';
      const { lines, trouble } = await checkJournal(sourceId, setCounted);
      if (trouble === null) return t.verified(lines);
      return { type: 'error', text: t.broken[trouble.kind](trouble.seq) };
    });
  if (journal.missing) return <Alert type="info">{t.missing}</Alert>;
  const anyKind = { value: '', label: t.any };
  return (
    <SpaceBetween size="m">
      <Said outcome={outcome?.text ? outcome : null} onDismiss={clear} />
      <Table
        variant="full-page"
        stickyHeader
        wrapLines
        header={
          <Header
            variant="awsui-h1-sticky"
            description={t.tagline}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" variant="icon" ariaLabel={texts.reload} onClick={journal.again} />
                <Button loading={busy} loadingText={t.verifying(counted)} onClick={() => void check()}>
                  {t.verify}
                </Button>
                <Button iconName="download" disabled={busy} onClick={() => void exportAll()}>
                  {t.export}
                </Button>
              </SpaceBetween>
            }
          >
            {texts.pages.journal}
          </Header>
        }
        filter={
          <div className="filter-row">
            <Input
              type="search"
              value={text}
              placeholder={t.search}
              ariaLabel={t.search}
              onChange={({ detail }) => setText(detail.value)}
            />
            <Select
              ariaLabel={t.kind}
              options={[anyKind, ...kinds.map((value) => ({ value, label: value }))]}
              selectedOption={kind === '' ? anyKind : { value: kind, label: kind }}
              onChange={({ detail }) => show({ kind: detail.selectedOption.value ?? '' })}
            />
            <Select
              ariaLabel={t.source}
              options={sources.map((value) => ({ value, label: value }))}
              selectedOption={sourceId === null ? null : { value: sourceId, label: sourceId }}
              onChange={({ detail }) => show({ source: detail.selectedOption.value ?? '' })}
            />
          </div>
        }
        items={shown}
        trackBy={({ seq }) => String(seq)}
        loading={journal.loading && journal.entries.length === 0}
        loadingText={texts.loading}
        ariaLabels={{ tableLabel: texts.pages.journal }}
        empty={
          <Box textAlign="center" color="text-body-secondary" padding="l">
            {journal.trouble ?? (journal.entries.length === 0 ? t.empty : t.noMatch)}
          </Box>
        }
        footer={
          journal.hasMore ? (
            <Box textAlign="center">
              <Button loading={journal.loading} onClick={journal.more}>
                {t.more}
              </Button>
            </Box>
          ) : null
        }
        columnDefinitions={isNarrow ? [narrowColumn] : columns}
      />
    </SpaceBetween>
  );
}

const columns: TableProps.ColumnDefinition<JournalEntry>[] = [
  { id: 'at', header: 'When', cell: ({ line }) => <At at={new Date(line.at).toISOString()} />, minWidth: 210 },
  { id: 'says', header: 'What', cell: ({ line }) => <Name>{line.says}</Name>, isRowHeader: true, minWidth: 300 },
  { id: 'kind', header: 'Kind', cell: ({ line }) => line.kind, minWidth: 120 },
  { id: 'who', header: 'Device', cell: (entry) => <Whose entry={entry} />, minWidth: 200 },
  {
    id: 'seal',
    header: 'Seal',
    cell: ({ seq, hash }) => (
      <Box variant="code">
        <span title={hash}>
          {seq} · {hash.slice(0, 8)}
        </span>
      </Box>
    ),
    minWidth: 140,
  },
];
/** In place of all columns where there is room for one. */
const narrowColumn: TableProps.ColumnDefinition<JournalEntry> = {
  id: 'narrow',
  header: 'What',
  isRowHeader: true,
  cell: (entry) => (
    <>
      <Name>{entry.line.says}</Name>
      <Box variant="small" display="block" color="text-body-secondary">
        <At at={new Date(entry.line.at).toISOString()} /> · {entry.line.kind} · {entry.seq}
      </Box>
      {entry.line.user === null ? null : <Whose entry={entry} />}
    </>
  ),
};

function Whose({ entry: { line } }: { entry: JournalEntry }) {
  const { sourceId, user, deviceId } = line;
  if (user === null || deviceId === null) return <>–</>;
  return (
    <>
      <UserLink device={{ sourceId, user, deviceId }} />
      <Box variant="small" display="block">
        <Name>{deviceId}</Name>
      </Box>
    </>
  );
}

function holds({ line }: JournalEntry, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [line.says, line.user ?? '', line.deviceId ?? '', line.kind].some((part) => part.toLowerCase().includes(wanted));
}
