/** The relays of on-premises sources: their state, which one is active; enrolling and revoking. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ContentLayout from '@cloudscape-design/components/content-layout';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { isRelayed } from '#domain/devices/source-kinds';
import { LoadingOrError } from '../parts/loading-or-error.tsx';
import { RelayEnrol } from '../parts/relay-enrol.tsx';
import { RelayRevoke, relayName } from '../parts/relay-revoke.tsx';
import { RelaysOfSource } from '../parts/relays-of-source.tsx';
import { ResultMessage } from '../parts/result-message.tsx';
import { type Relay, relayPage, status } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { usePolling } from '../use-polling.ts';

const t = texts.relays;

export default function Relays() {
  const live = usePolling('/relays', relayPage, 3000);
  const known = usePolling('/status', status, 5000);
  const [enrolling, setEnrolling] = useState<{ sourceId: string | null } | null>(null);
  const [revoking, setRevoking] = useState<Relay | null>(null);
  const [message, setMessage] = useState('');
  const sources = (known.value?.sources ?? []).filter(isRelayed).map(({ sourceId }) => sourceId);
  const relays = live.value?.relays ?? [];
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={t.tagline}
          actions={
            sources.length === 0 ? null : (
              <Button variant="primary" onClick={() => setEnrolling({ sourceId: null })}>
                {t.enrol}
              </Button>
            )
          }
        >
          {t.title}
        </Header>
      }
    >
      {live.value === null || known.value === null ? (
        <LoadingOrError live={live.value === null ? live : known} />
      ) : (
        <SpaceBetween size="l">
          <ResultMessage outcome={message === '' ? null : { type: 'success', text: message }} onDismiss={() => setMessage('')} />
          {sources.length === 0 && relays.length === 0 ? <Nothing title={t.noSources}>{t.noSourcesDo}</Nothing> : null}
          {[...new Set([...sources, ...relays.map(({ sourceId }) => sourceId)])].map((sourceId) => (
            <RelaysOfSource
              key={sourceId}
              sourceId={sourceId}
              relays={relays.filter((one) => one.sourceId === sourceId)}
              onEnrol={() => setEnrolling({ sourceId })}
              onRevoke={setRevoking}
            />
          ))}
        </SpaceBetween>
      )}
      {enrolling === null ? null : (
        <RelayEnrol
          sources={sources}
          given={enrolling.sourceId}
          onClose={() => {
            setEnrolling(null);
            live.reload();
          }}
        />
      )}
      {revoking === null ? null : (
        <RelayRevoke
          relay={revoking}
          isLast={!relays.some((one) => one.relayId !== revoking.relayId && serves(one, revoking.sourceId))}
          onClose={() => setRevoking(null)}
          onRevoked={() => {
            setMessage(t.revoked(relayName(revoking)));
            setRevoking(null);
            live.reload();
          }}
        />
      )}
    </ContentLayout>
  );
}

const serves = ({ sourceId, state }: Relay, wanted: string) => sourceId === wanted && (state === 'connected' || state === 'away');

function Nothing({ title, children }: { title: string; children: string }) {
  return (
    <Container>
      <Box textAlign="center" padding="l">
        <Box variant="strong">{title}</Box>
        <Box color="text-body-secondary" padding={{ top: 'xs' }}>
          {children}
        </Box>
      </Box>
    </Container>
  );
}
