/** One device: its verdict and the reason, what would change it, what the server shows, and everything that happened to it. */

import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Grid from '@cloudscape-design/components/grid';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { ActionType } from '#domain/actions/action';
import { devicePath, send } from '../api.ts';
import { actionChoices, typeOf, typesOffered } from '../parts/action-choices.ts';
import { BulkConfirmation } from '../parts/bulk-confirmation.tsx';
import { DeviceActions } from '../parts/device-actions.tsx';
import { Decisions, Enrolment } from '../parts/device-decisions.tsx';
import { DeviceFacts, ServerFacts } from '../parts/device-facts.tsx';
import { journalAddress } from '../parts/journal-filter.ts';
import { LoadingOrError } from '../parts/loading-or-error.tsx';
import { ResultMessage, useRequest } from '../parts/result-message.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { Name, Verdict, VerdictReason } from '../parts/verdict.tsx';
import { follow, useRoute } from '../router.ts';
import { type DeviceName, type DeviceWithTimeline, deviceWithTimeline, type ExplainedDevice } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord, clientWord } from '../texts/words.ts';
import { type Paging, usePages } from '../use-pages.ts';

const t = texts.device;
const paging: Paging<DeviceWithTimeline> = {
  schema: deviceWithTimeline,
  join: (first, next) => ({ ...first, timeline: [...first.timeline, ...next.timeline], cursor: next.cursor }),
};
const buttons = typesOffered(({ onDevice }) => onDevice !== 'menu');
const inMenu = typesOffered(({ onDevice }) => onDevice === 'menu');

export default function DevicePage() {
  const { query } = useRoute();
  const [sourceId, user, deviceId] = [query.get('source'), query.get('user'), query.get('id')];
  if (!sourceId || !user || !deviceId) return <Alert type="info">{t.choose}</Alert>;
  const name = { sourceId, user, deviceId };
  return <Device key={devicePath(name)} name={name} />;
}

function Device({ name }: { name: DeviceName }) {
  const live = usePages(devicePath(name), paging, 1500);
  const device = live.value;
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={device === null ? name.deviceId : `${clientWord(device.client)} · ${name.deviceId}`}>
          <Name>{name.user}</Name>
        </Header>
      }
    >
      {device === null ? (
        live.status === 404 ? (
          <Alert type="info" action={<InJournal name={name} />}>
            {t.gone}
          </Alert>
        ) : (
          <LoadingOrError live={live} />
        )
      ) : (
        <SpaceBetween size="l">
          <Why device={device} onDone={live.reload} />
          <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
            <SpaceBetween size="l">
              <DeviceFacts device={device} />
              <Container
                header={
                  <Header variant="h2" actions={<InJournal name={name} />}>
                    {t.timeline}
                  </Header>
                }
              >
                <Timeline entries={device.timeline} />
                {device.cursor === null ? null : (
                  <Button variant="inline-link" onClick={live.more}>
                    {texts.journal.more}
                  </Button>
                )}
              </Container>
            </SpaceBetween>
            <SpaceBetween size="l">
              <ServerFacts device={device} />
              <Decisions device={device} onDone={live.reload} />
              <Enrolment device={device} onDone={live.reload} />
              <DeviceActions device={device} />
            </SpaceBetween>
          </Grid>
        </SpaceBetween>
      )}
    </ContentLayout>
  );
}

function InJournal({ name: { sourceId, user, deviceId } }: { name: DeviceName }) {
  return (
    <Button href={journalAddress(sourceId, { device: `${sourceId}/${user}/${deviceId}` })} onFollow={follow}>
      {texts.journal.inJournal}
    </Button>
  );
}

function Why({ device, onDone }: { device: ExplainedDevice; onDone(): void }) {
  const { busy, outcome, run, clear } = useRequest();
  const [confirming, setConfirming] = useState<ActionType | null>(null);
  const { sourceId, user, deviceId } = device;
  const target = { sourceId, user, deviceId };
  const request = (type: ActionType) =>
    run(async () => {
      await send('/actions', { type, target, reason: 'Asked for in the console' });
      onDone();
      return t.asked(actionWord(type));
    });
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {buttons.map((type) => (
                <Button
                  key={type}
                  variant={actionChoices[type].onDevice === 'primary-button' ? 'primary' : 'normal'}
                  disabled={busy}
                  onClick={() => void request(type)}
                >
                  {actionChoices[type].label}
                </Button>
              ))}
              <ButtonDropdown
                ariaLabel={texts.devices.actions}
                items={inMenu.map((type) => ({ id: type, text: actionChoices[type].label }))}
                onItemClick={({ detail }) => setConfirming(typeOf(detail.id))}
              >
                {texts.devices.actions}
              </ButtonDropdown>
            </SpaceBetween>
          }
        >
          {t.why}
        </Header>
      }
    >
      <SpaceBetween size="s">
        <div>
          <Verdict verdict={device.verdict} />{' '}
          {device.rule === null ? null : (
            <>
              {t.byRule} <Box variant="code">{device.rule}</Box>
            </>
          )}
        </div>
        <Box fontSize="heading-m">
          <VerdictReason device={device} />
        </Box>
        {device.wouldChange ? (
          <Box color="text-body-secondary">
            {t.wouldChange} <bdi>{device.wouldChange}</bdi>
          </Box>
        ) : null}
        <ResultMessage outcome={outcome} onDismiss={clear} />
        {confirming === null ? null : (
          <BulkConfirmation
            kind={confirming}
            targets={[target]}
            onClose={() => setConfirming(null)}
            onSent={() => {
              setConfirming(null);
              void run(async () => t.asked(actionWord(confirming)));
              onDone();
            }}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}
