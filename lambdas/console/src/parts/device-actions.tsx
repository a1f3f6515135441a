/** The actions requested on a device: the newest step by step, who requested it, how it ended. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { type Action, type ActionPage, actionPage, actionWithHistory, type DeviceName } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord, stateWord } from '../texts/words.ts';
import { Ago, At } from '../time.tsx';
import { type Paging, usePages } from '../use-pages.ts';
import { usePolling } from '../use-polling.ts';

const status: Record<string, StatusIndicatorProps.Type> = {
  confirmed: 'success',
  wiped: 'success',
  delivered: 'success',
  failed: 'error',
  cancelled: 'stopped',
  superseded: 'stopped',
  expired: 'stopped',
  unknown: 'warning',
  waiting: 'pending',
};
const paging: Paging<ActionPage> = {
  schema: actionPage,
  join: (before, next) => ({ actions: [...before.actions, ...next.actions], cursor: next.cursor }),
};
const isOpen = (state: string) => !['confirmed', 'wiped', 'failed', 'cancelled', 'superseded', 'expired'].includes(state);

export function DeviceActions({ device }: { device: DeviceName }) {
  const query = new URLSearchParams({ device: `${device.sourceId}/${device.user}/${device.deviceId}`, limit: '20' });
  const live = usePages(`/actions?${query}`, paging, 3000);
  const actions = live.value?.actions ?? [];
  return (
    <Container header={<Header variant="h2">{texts.device.actions}</Header>}>
      {actions.length === 0 ? <Box color="text-body-secondary">{texts.device.noActions}</Box> : null}
      {actions.map((action, index) => (
        <OneAction key={action.actionId} action={action} open={index === 0 || isOpen(action.state)} />
      ))}
      {live.value?.cursor ? (
        <Button variant="inline-link" onClick={live.more}>
          {texts.device.olderActions}
        </Button>
      ) : null}
    </Container>
  );
}

function OneAction({ action, open }: { action: Action; open: boolean }) {
  return (
    <ExpandableSection
      variant="footer"
      defaultExpanded={open}
      headerText={`${actionWord(action.type)}: ${stateWord(action.state)}`}
    >
      <Steps action={action} />
    </ExpandableSection>
  );
}

function Steps({ action }: { action: Action }) {
  const live = usePolling(`/actions/${encodeURIComponent(action.actionId)}`, actionWithHistory, isOpen(action.state) ? 1500 : 0);
  const steps = live.value?.history ?? [];
  return (
    <>
      <Box variant="small" display="block" padding={{ bottom: 'xs' }}>
        <bdi>{action.requestedBy.name}</bdi>, <Ago at={action.requestedAt} />: <bdi>{action.reason}</bdi>
      </Box>
      <ol className="steps">
        {steps.map((step, index) => (
          <li key={`${step.at}${step.state}`}>
            <StatusIndicator type={status[step.state] ?? (index < steps.length - 1 ? 'success' : 'in-progress')}>
              {stateWord(step.state)}
            </StatusIndicator>
            <Box variant="small" display="block" color="text-body-secondary">
              <At at={step.at} /> <bdi>{step.note}</bdi>
            </Box>
          </li>
        ))}
      </ol>
      {action.outcome === null ? null : <Box>{action.outcome}</Box>}
    </>
  );
}
