/** The journal of a source: searched by the extender, verified in this browser, exported as sealed. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useState } from 'react';
import { download } from '../parts/csv.ts';
import { allOfJournal, type Checked, checkJournal, headsSchema } from '../parts/journal.ts';
import { journalColumns, narrowJournalColumn } from '../parts/journal-columns.tsx';
import { isFiltered, type JournalFilter, journalAddress, journalFilterOf } from '../parts/journal-filter.ts';
import { JournalFilters } from '../parts/journal-filters.tsx';
import { JournalProgress } from '../parts/journal-progress.tsx';
import { useJournalSearch } from '../parts/journal-search.ts';
import { type Outcome, ResultMessage, useRequest } from '../parts/result-message.tsx';
import { navigate, useRoute } from '../router.ts';
import { status } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { localTime } from '../texts/words.ts';
import { useNarrow } from '../use-media.ts';
import { usePolling } from '../use-polling.ts';

const t = texts.journal;

export default function JournalPage() {
  const { query } = useRoute();
  const known = usePolling('/status', status, 30_000).value?.sources.map(({ sourceId }) => sourceId) ?? [];
  const heads = usePolling('/journal/heads', headsSchema, 10_000).value?.heads ?? [];
  const sources = [...new Set([...known, ...heads.map(({ sourceId }) => sourceId)])];
  const source = query.get('source') ?? sources[0] ?? null;
  const newest = heads.find(({ sourceId }) => sourceId === source)?.seq ?? 0;
  return <Journal source={source} sources={sources} newest={newest} filter={journalFilterOf(query)} />;
}

type Props = { source: string | null; sources: readonly string[]; newest: number; filter: JournalFilter };

function Journal({ source, sources, newest, filter }: Props) {
  const isNarrow = useNarrow();
  const { restart, resume, stop, ...search } = useJournalSearch(source, filter);
  const { outcome, run, clear, busy, counted } = useChecking();
  const fresh = search.all > 0 ? newest - search.all : 0;
  const show = (change: Partial<JournalFilter>, replace = false) =>
    navigate(journalAddress(source, { ...filter, ...change }), { replace });
  if (search.missing) return <Alert type="info">{t.missing}</Alert>;
  return (
    <SpaceBetween size="m">
      <ResultMessage outcome={outcome?.text ? outcome : null} onDismiss={clear} />
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
                <Button loading={busy} loadingText={t.verifying(counted)} onClick={() => void run('verify', source)}>
                  {t.verify}
                </Button>
                <Button iconName="download" disabled={busy} onClick={() => void run('export', source)}>
                  {t.export}
                </Button>
              </SpaceBetween>
            }
          >
            {texts.pages.journal}
          </Header>
        }
        filter={
          <JournalFilters
            filter={filter}
            source={source}
            sources={sources}
            onChange={show}
            onSource={(wanted) => navigate(journalAddress(wanted, { ...filter, device: '' }))}
          />
        }
        items={search.entries}
        trackBy={({ seq }) => String(seq)}
        loading={search.state === 'looking' && search.entries.length === 0 && !isFiltered(filter)}
        loadingText={texts.loading}
        ariaLabels={{ tableLabel: texts.pages.journal }}
        empty={
          <Box textAlign="center" color="text-body-secondary" padding="l">
            {search.state === 'looking'
              ? null
              : search.state !== 'ended'
                ? t.noMatchYet
                : isFiltered(filter)
                  ? t.noMatch
                  : t.empty}
          </Box>
        }
        footer={<JournalProgress search={search} filter={filter} onResume={resume} onStop={stop} />}
        columnDefinitions={isNarrow ? [narrowJournalColumn] : journalColumns}
        {...(fresh > 0 ? { pagination: <Fresh count={fresh} onShow={restart} /> } : {})}
      />
    </SpaceBetween>
  );
}

/** Offers the lines written since the search began; they are shown on request, so that nothing moves while it is read. */
function Fresh({ count, onShow }: { count: number; onShow(): void }) {
  return (
    <Button iconName="refresh" variant="inline-link" onClick={onShow}>
      {t.fresh(count)}
    </Button>
  );
}

/** Verifying and exporting read the whole journal of a source. */
function useChecking() {
  const [counted, setCounted] = useState(0);
  const { busy, outcome, run, clear } = useRequest();
  const works = {
    async export(source: string): Promise<string> {
      download(`journal-${source}.ndjson`, 'application/x-ndjson', await allOfJournal(source));
      return t.exported;
    },
    verify: async (source: string): Promise<string | Outcome> => resultOf(await checkJournal(source, setCounted)),
  };
  return {
    ...{ busy, outcome, clear, counted },
    run: (work: keyof typeof works, source: string | null) => run(async () => (source === null ? '' : works[work](source))),
  };
}

function resultOf({ lines, finding }: Checked): string | Outcome {
  if (finding === null) return t.verified(lines);
  const { seq, kind, line } = finding;
  const who = line === null || line.deviceId === null ? t.source : [line.user, line.deviceId].filter(Boolean).join(', ');
  const where = line === null ? '' : t.brokenAt(who, localTime(new Date(line.at).toISOString()));
  return { type: 'error', text: [t.broken[kind](seq), kind === 'end' ? '' : where, t.brokenDo].filter(Boolean).join(' ') };
}
