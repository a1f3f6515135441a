/** The sources: is each one well, how long do its gathers take, what is being gathered right now. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { send } from './api.ts';
import type { SourceStatus } from './schemas.ts';
import { ago, duration, texts } from './texts.ts';

const health: Record<string, { type: StatusIndicatorProps.Type; word: string }> = {
  ok: { type: 'success', word: 'well' },
  gathering: { type: 'in-progress', word: 'gathering' },
  failed: { type: 'error', word: 'failing' },
  new: { type: 'pending', word: 'not gathered yet' },
  'waiting-for-relay': { type: 'pending', word: 'waits for its relay' },
};

export function Sources({ sources, loading, now }: { sources: readonly SourceStatus[]; loading: boolean; now: number }) {
  return (
    <Table
      variant="container"
      header={<Header counter={sources.length > 0 ? `(${sources.length})` : ''}>{texts.sources}</Header>}
      items={sources}
      loading={loading}
      loadingText="Asking for the sources…"
      empty={<Box color="text-body-secondary">{texts.noSources}</Box>}
      trackBy="sourceId"
      columnDefinitions={[
        { id: 'source', header: 'Source', cell: (source) => <Box fontWeight="bold">{source.sourceId}</Box>, isRowHeader: true },
        { id: 'health', header: 'Health', cell: (source) => <Health source={source} />, minWidth: 180 },
        { id: 'devices', header: 'Devices', cell: (source) => source.devices.toLocaleString('en') },
        { id: 'last', header: 'Last gather', cell: (source) => <LastGather source={source} now={now} /> },
        { id: 'current', header: 'Current gather', cell: (source) => <CurrentGather source={source} now={now} />, minWidth: 220 },
        {
          id: 'average',
          header: 'Average',
          cell: (source) =>
            source.averageGather
              ? `${duration(source.averageGather.ms)}, ${Math.round(source.averageGather.requests)} requests`
              : '–',
        },
        { id: 'aq', header: 'Auto-Quarantine', cell: (source) => source.aq.note, minWidth: 220 },
        {
          id: 'go',
          header: 'Gather',
          minWidth: 130,
          cell: (source) => (
            <Button
              iconName="refresh"
              disabled={source.kind !== 'smartcloud'}
              ariaLabel={`Gather ${source.sourceId} now`}
              onClick={() => void send('/gathers', { sourceId: source.sourceId })}
            >
              Now
            </Button>
          ),
        },
      ]}
      wrapLines
    />
  );
}

function Health({ source }: { source: SourceStatus }) {
  const { type, word } = health[source.state] ?? { type: 'warning', word: source.state };
  if (source.problem === null) return <StatusIndicator type={type}>{word}</StatusIndicator>;
  return (
    <SpaceBetween size="xxs">
      <StatusIndicator type="error">{source.problem.what}</StatusIndicator>
      <Box variant="small">{source.problem.remedy}</Box>
    </SpaceBetween>
  );
}

function LastGather({ source, now }: { source: SourceStatus; now: number }) {
  const run = source.lastGather;
  if (run?.finishedAt == null || run.startedAt === null) return <Box color="text-body-secondary">{texts.firstGather}</Box>;
  const took = Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  return (
    <span title={run.finishedAt}>
      {duration(took)}, {run.requests} requests, {ago(run.finishedAt, now)}
    </span>
  );
}

function CurrentGather({ source, now }: { source: SourceStatus; now: number }) {
  const run = source.currentGather;
  if (run === null) return <>–</>;
  const { devices, totalRecords, details, detailsWanted, pages } = run.counts;
  const whole = (totalRecords ?? devices) + detailsWanted;
  const end = run.estimatedEnd === null ? '' : `, about ${duration(Math.max(0, Date.parse(run.estimatedEnd) - now))} left`;
  return (
    <ProgressBar
      value={whole === 0 ? 0 : Math.min(100, ((devices + details) / whole) * 100)}
      additionalInfo={`${pages} pages, ${devices} devices, ${details} of ${detailsWanted} details${end}`}
      ariaLabel={`Gather of ${source.sourceId}`}
    />
  );
}
