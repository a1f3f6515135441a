/** The Auto-Quarantine options: edited, planned, and only then published; operations that the guard stopped; earlier versions. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { z } from 'zod';
import { send } from '../api.ts';
import { Guards } from '../parts/guards.tsx';
import { LoadingOrError } from '../parts/loading-or-error.tsx';
import { PlanView } from '../parts/plan-view.tsx';
import { ResultMessage, useRequest } from '../parts/result-message.tsx';
import { changedFields, SettingsForm } from '../parts/settings-form.tsx';
import { SettingsHistory } from '../parts/settings-history.tsx';
import { readSettings } from '../parts/whole-lists.ts';
import { navigate, useRoute, withQuery } from '../router.ts';
import { type currentSettings, plan, publishAnswer, type Settings } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { At } from '../time.tsx';
import { usePolledRead } from '../use-polling.ts';

const t = texts.settings;

export default function SettingsPage() {
  const scope = useRoute().query.get('source');
  const live = usePolledRead(scope === null ? '/settings' : `/settings?${new URLSearchParams({ scope })}`, readSettings, 5000);
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
        <Scoped key={scope} scope={scope} current={live.value} onPublished={live.reload} />
      )}
    </ContentLayout>
  );
}

type Current = z.output<typeof currentSettings>;
type ScopedProps = { scope: string | null; current: Current; onPublished(): void };

function Scoped({ scope, current, onPublished }: ScopedProps) {
  const own = scope === null ? current : current.sources[scope];
  const inherits = scope !== null && current.sources[scope]?.scope !== scope;
  const published = own ?? current;
  const [edited, setEdited] = useState<Settings | null>(null);
  const [planned, setPlanned] = useState<{ settings: Settings; plan: z.output<typeof plan> } | null>(null);
  const planning = useRequest();
  const publishing = useRequest();
  const draft = edited ?? published.settings;
  const changed = changedFields(published.settings, draft);
  const forScope = scope === null ? {} : { sourceId: scope };
  const isPlanned = planned !== null && changedFields(planned.settings, draft).length === 0;

  const makePlan = () =>
    planning.run(async () => {
      const answer = await send('/plan', { settings: draft, ...forScope }, { schema: plan });
      setPlanned({ settings: draft, plan: answer });
      publishing.clear();
      return '';
    });
  const publish = () =>
    publishing.run(async () => {
      const replaces = inherits ? 0 : published.version;
      const answer = await send('/settings', { settings: draft, replaces, ...forScope }, { schema: publishAnswer });
      setPlanned(null);
      onPublished();
      if ('guard' in answer) return { type: 'warning', text: t.guarded };
      setEdited(null);
      return t.published(answer.version);
    });

  return (
    <SpaceBetween size="l">
      <Guards onDecided={onPublished} />
      {current.drift ? (
        <Alert type="warning">
          {t.drift} {current.drift.fields.join(', ')}
        </Alert>
      ) : null}
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <Box padding={{ top: 'xxs' }}>
                <Scope scope={scope} current={current} />
              </Box>
            }
          >
            {t.version}: {inherits ? t.inherits : published.version}
          </Header>
        }
        footer={
          <SpaceBetween size="s">
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={() => void makePlan()} loading={planning.busy} disabled={changed.length === 0}>
                {t.plan}
              </Button>
              <Button
                variant="primary"
                onClick={() => void publish()}
                loading={publishing.busy}
                disabled={changed.length === 0 || !isPlanned}
              >
                {t.publish}
              </Button>
            </SpaceBetween>
            <Box variant="small" color="text-body-secondary">
              {planning.busy ? t.planning : changed.length === 0 ? t.unchanged : null}
            </Box>
            {planning.outcome?.type === 'error' ? <ResultMessage outcome={planning.outcome} onDismiss={planning.clear} /> : null}
            <ResultMessage outcome={publishing.outcome} onDismiss={publishing.clear} />
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Box variant="small" color="text-body-secondary">
            <bdi>{t.publishedBy(published.publishedBy)}</bdi>, <At at={published.publishedAt} />
          </Box>
          <SettingsForm settings={draft} onChange={setEdited} />
        </SpaceBetween>
      </Container>
      {isPlanned ? <PlanView plan={planned.plan} before={published.settings} after={draft} /> : null}
      <SettingsHistory
        versions={current.versions}
        onRestore={({ version, settings }) => {
          setEdited(settings);
          void publishing.run(async () => ({ type: 'info', text: t.loaded(version) }));
          scrollTo(0, 0);
        }}
      />
    </SpaceBetween>
  );
}

function Scope({ scope, current }: { scope: string | null; current: Current }) {
  const everything = { value: '', label: t.all };
  const options = [
    everything,
    ...Object.entries(current.sources).map(([id, { scope: from }]) => ({
      value: id,
      label: id,
      description: from === id ? t.own : t.inherits,
    })),
  ];
  return (
    <Select
      inlineLabelText={t.scope}
      options={options}
      selectedOption={options.find(({ value }) => value === (scope ?? '')) ?? everything}
      onChange={({ detail }) => navigate(withQuery('/settings', { source: detail.selectedOption.value }))}
    />
  );
}
