/** Is everything fine? If not: what is wrong, and what to do about it. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { DeviceStates } from '../parts/device-states.tsx';
import { LoadingOrError } from '../parts/loading-or-error.tsx';
import { RecentActivity } from '../parts/recent-activity.tsx';
import { RelayProblem } from '../parts/relay-health.tsx';
import { SourceCard } from '../parts/source-card.tsx';
import { LinkTo } from '../parts/verdict.tsx';
import { readGuards } from '../parts/whole-lists.ts';
import { deviceAddress, follow } from '../router.ts';
import { type Action, type Overview as Figures, overview, type Status, status } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord, number, plural, queueWord } from '../texts/words.ts';
import { Ago } from '../time.tsx';
import { usePolledRead, usePolling } from '../use-polling.ts';

const t = texts.overview;

export function Overview() {
  const live = usePolling('/status', status);
  const figures = usePolling('/overview', overview, 5000);
  const waiting = usePolledRead('/guards?state=waiting', readGuards, 5000).value?.guards.length ?? 0;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={t.tagline}>
          {t.title}
        </Header>
      }
    >
      {live.value === null ? (
        <LoadingOrError live={live} />
      ) : (
        <SpaceBetween size="l">
          <Problems status={live.value} figures={figures.value} guards={waiting} />
          {live.value.sources.length === 0 ? <Container>{t.noSources}</Container> : null}
          {live.value.sources.map((source) => (
            <SourceCard key={source.sourceId} source={source} onRequested={live.reload} />
          ))}
          <ColumnLayout columns={2}>
            <Container
              fitHeight
              header={
                <Header
                  variant="h2"
                  actions={
                    <Button href="/devices" onFollow={follow}>
                      {t.allDevices}
                    </Button>
                  }
                >
                  {t.devices}
                </Header>
              }
            >
              {figures.value === null ? <LoadingOrError live={figures} /> : <DeviceStates figures={figures.value} />}
            </Container>
            <Container fitHeight header={<Header variant="h2">{t.actions}</Header>}>
              {figures.value === null ? (
                <LoadingOrError live={figures} />
              ) : (
                <Actions figures={figures.value} status={live.value} />
              )}
            </Container>
          </ColumnLayout>
          <Container
            header={
              <Header
                variant="h2"
                actions={
                  <Button href="/journal" onFollow={follow}>
                    {texts.pages.journal}
                  </Button>
                }
              >
                {t.lately}
              </Header>
            }
          >
            <RecentActivity />
          </Container>
        </SpaceBetween>
      )}
    </ContentLayout>
  );
}

const sumOf = (figures: Figures, verdict: string): number =>
  Object.values(figures.sources).reduce((sum, { verdicts }) => sum + (verdicts[verdict] ?? 0), 0);

/** One alert per problem, the worst first; or that there is none. */
function Problems({ status: { sources, enrolments }, figures, guards: stoppedCount }: Props) {
  const failing = sources.filter(({ problem }) => problem !== null);
  const held = figures === null ? 0 : sumOf(figures, 'hold');
  const undetermined = figures === null ? 0 : sumOf(figures, 'undetermined');
  const silent = enrolments.feed !== 'fresh';
  const unrelayed = sources.filter(({ relay }) => relay && relay.state !== 'connected');
  if (
    failing.length + unrelayed.length + held + undetermined + stoppedCount === 0 &&
    figures?.actions.failedLately.length === 0 &&
    !silent
  )
    return (
      <Alert type="success" header={t.fine}>
        {t.fineWhy}
      </Alert>
    );
  return (
    <SpaceBetween size="xs">
      {failing.map(({ sourceId, problem }) => (
        <Alert key={sourceId} type="error" header={`${sourceId}: ${problem?.what}`}>
          {problem?.remedy}
        </Alert>
      ))}
      {stoppedCount > 0 ? (
        <Alert
          type="error"
          header={t.guards(stoppedCount)}
          action={
            <Button href="/settings" onFollow={follow}>
              {t.toSettings}
            </Button>
          }
        >
          {t.guardsDo}
        </Alert>
      ) : null}
      {unrelayed.map((source) => (
        <RelayProblem key={source.sourceId} source={source} />
      ))}
      {silent ? <Alert type="warning">{t.feed[enrolments.feed] ?? enrolments.feed}</Alert> : null}
      {held + undetermined > 0 ? (
        <Alert
          type="info"
          action={
            <Button href="/waiting" onFollow={follow}>
              {t.toSettings}
            </Button>
          }
        >
          {held > 0 ? (
            <>
              <Box variant="strong">{number(held)}</Box> {t.held(held)}{' '}
            </>
          ) : null}
          {undetermined > 0 ? t.undetermined(undetermined) : null}
        </Alert>
      ) : null}
    </SpaceBetween>
  );
}
type Props = { status: Status; figures: Figures | null; guards: number };

function Actions({ figures, status: { queues } }: { figures: Figures; status: Status }) {
  const { open, failing, failedLately, failingCount, failedLatelyCount } = figures.actions;
  const all = Object.values(open).reduce((sum, count) => sum + count, 0);
  const waiting = Object.entries(queues).filter(([, depth]) => depth.waiting + depth.inWork + depth.delayed > 0);
  return (
    <SpaceBetween size="m">
      <StatusIndicator type={all > 0 ? 'in-progress' : 'success'}>{all > 0 ? t.open(all) : t.noActions}</StatusIndicator>
      {failing.length > 0 ? (
        <ActionList status="warning" message={t.failing(failingCount)} actions={failing} count={failingCount} />
      ) : null}
      {failedLately.length > 0 ? (
        <ActionList status="error" message={t.failed(failedLatelyCount)} actions={failedLately} count={failedLatelyCount} />
      ) : null}
      <div>
        <Box variant="awsui-key-label">{t.lags}</Box>
        {waiting.length === 0
          ? t.calm
          : waiting
              .map(([name, { waiting: due, delayed, inWork }]) => t.queue(queueWord(name), { due, inWork, delayed }))
              .join(' · ')}
      </div>
      <Box variant="small" color="text-body-secondary">
        {t.counted} <Ago at={figures.countedAt} />.
      </Box>
    </SpaceBetween>
  );
}

type ActionListProps = { status: 'warning' | 'error'; message: string; actions: readonly Action[]; count: number };

/** The first few of `count` actions. */
function ActionList({ status: type, message, actions, count }: ActionListProps) {
  const shown = actions.slice(0, 5);
  return (
    <div>
      <StatusIndicator type={type}>{message}</StatusIndicator>
      {shown.map(({ actionId, type: kind, target, outcome }) => (
        <Box key={actionId} margin={{ left: 'l' }} variant="small" display="block">
          {actionWord(kind)} <LinkTo href={deviceAddress(target)}>{target.user}</LinkTo>: <bdi>{outcome}</bdi>
        </Box>
      ))}
      {count > shown.length ? (
        <Box margin={{ left: 'l' }} variant="small">
          {plural(count - shown.length, 'more', 'more')}
        </Box>
      ) : null}
    </div>
  );
}
