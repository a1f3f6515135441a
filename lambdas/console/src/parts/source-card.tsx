/** One source: its health, how long its gathers take, and the gather in progress. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { isRelayed } from '#domain/devices/source-kinds';
import { messageOf, send } from '../api.ts';
import { runs, type SourceStatus } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { duration, number, plural } from '../texts/words.ts';
import { Ago, useNow } from '../time.tsx';
import { usePolling } from '../use-polling.ts';
import { Figure } from './figure.tsx';
import { GatherChart } from './gather-chart.tsx';
import { RelayFigure } from './relay-health.tsx';

const t = texts.overview;
const health: Record<string, { type: StatusIndicatorProps.Type; word: string }> = {
  ok: { type: 'success', word: 'well' },
  gathering: { type: 'in-progress', word: 'gathering' },
  failed: { type: 'error', word: 'failing' },
  new: { type: 'pending', word: 'not gathered yet' },
  'waiting-for-relay': { type: 'pending', word: 'waits for its relay' },
};

const shortMs = 4000;

function healthOf({ state, relay }: SourceStatus): { type: StatusIndicatorProps.Type; word: string } {
  const { type, word } = health[state] ?? { type: 'warning', word: state };
  return { type: relay?.state === 'away' ? 'error' : type, word };
}

export function SourceCard({ source, onRequested }: { source: SourceStatus; onRequested(): void }) {
  const { sourceId, state, lastGather, averageGather } = source;
  const last = usePolling(`/gathers?${new URLSearchParams({ source: sourceId, limit: '40' })}`, runs, 5000);
  const [message, setMessage] = useState('');
  // A short gather ends before anyone can read about it: the chart would only flicker.
  const began = source.currentGather?.startedAt;
  const now = useNow();
  const isLong = state === 'gathering' && now - Date.parse(began ?? '') > shortMs;
  const { type, word } = healthOf(source);
  async function gather() {
    try {
      await send('/gathers', { sourceId });
      setMessage(t.gatherAsked);
      onRequested();
    } catch (error) {
      setMessage(messageOf(error));
    }
  }
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={source.aq.note}
          info={<StatusIndicator type={type}>{word}</StatusIndicator>}
          actions={
            <Button
              iconName="refresh"
              variant="icon"
              disabled={isRelayed(source) && source.relay?.state !== 'connected'}
              ariaLabel={t.gatherNow(sourceId)}
              onClick={() => void gather()}
            />
          }
        >
          <bdi>{sourceId}</bdi>
        </Header>
      }
    >
      <div className="source-figures">
        {source.relay ? <RelayFigure relay={source.relay} /> : null}
        <Figure label={t.devices} value={number(source.devices)} more={source.aq.inForce ? t.inForce : t.notInForce} />
        <Figure
          label={t.lastGather}
          value={lastGather?.ms == null ? '–' : duration(lastGather.ms)}
          more={
            lastGather?.finishedAt == null ? (
              t.firstGather
            ) : (
              <>
                {plural(lastGather.requests, 'request')}, <Ago at={lastGather.finishedAt} />
              </>
            )
          }
        />
        <Figure
          label={t.averageGather}
          value={averageGather ? duration(averageGather.ms) : '–'}
          more={averageGather ? t.averageOf(averageGather.requests, averageGather.runs) : null}
        />
        <div className="source-chart">
          {!isLong ? (
            <>
              <Box variant="awsui-key-label">{t.lastGathers}</Box>
              <GatherChart runs={last.value?.runs ?? []} source={sourceId} />
            </>
          ) : (
            <CurrentGather source={source} />
          )}
        </div>
      </div>
      <div role="status" className={message === '' ? 'visually-hidden' : ''}>
        {message}
      </div>
    </Container>
  );
}

function CurrentGather({ source }: { source: SourceStatus }) {
  const now = useNow();
  const run = source.currentGather;
  if (run === null) return null;
  const { devices, totalRecords, details, detailsWanted } = run.counts;
  const whole = (totalRecords ?? devices) + detailsWanted;
  const end = run.estimatedEnd === null ? '' : `, about ${duration(Math.max(0, Date.parse(run.estimatedEnd) - now))} left`;
  return (
    <ProgressBar
      label="Gathering now"
      value={whole === 0 ? 0 : Math.min(100, ((devices + details) / whole) * 100)}
      additionalInfo={`${number(devices)} devices, ${number(details)} of ${number(detailsWanted)} details${end}`}
      ariaLabel={`Gather of ${source.sourceId}`}
    />
  );
}
