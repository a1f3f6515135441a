/** The relays of one source, the active one first; revoked ones only on request. */
import Alert from '@cloudscape-design/components/alert';
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import type { Relay } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { Ago, useNow } from '../time.tsx';
import { Figure } from './figure.tsx';
import { relayName } from './relay-revoke.tsx';

const t = texts.relays;
const order: readonly Relay['state'][] = ['connected', 'away', 'invited', 'revoked'];
type Props = { sourceId: string; relays: readonly Relay[]; onEnrol(): void; onRevoke(relay: Relay): void };

export function RelaysOfSource({ sourceId, relays, onEnrol, onRevoke }: Props) {
  const [all, setAll] = useState(false);
  const revoked = relays.filter(({ state }) => state === 'revoked');
  const shown = relays.filter(({ state }) => all || state !== 'revoked').toSorted(byUse);
  const enrolled = relays.filter(({ state }) => state === 'connected' || state === 'away');
  const isAway = enrolled.length > 0 && enrolled.every(({ state }) => state === 'away');
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={enrolled.length === 0 ? undefined : t.hasGap(enrolled.length)}
          actions={
            revoked.length === 0 ? null : (
              <Toggle checked={all} onChange={({ detail }) => setAll(detail.checked)}>
                {t.showRevoked(revoked.length)}
              </Toggle>
            )
          }
        >
          <bdi>{sourceId}</bdi>
        </Header>
      }
    >
      <SpaceBetween size="m">
        {isAway ? (
          <Alert type="error" header={texts.overview.relay.awayHead(sourceId)}>
            {texts.overview.relay.awayDo}
          </Alert>
        ) : null}
        {shown.length === 0 ? <None sourceId={sourceId} onEnrol={onEnrol} /> : null}
        <ul className="relay-list ruled" aria-label={`${t.title}: ${sourceId}`}>
          {shown.map((relay) => (
            <OneRelay key={relay.relayId} relay={relay} onRevoke={() => onRevoke(relay)} />
          ))}
        </ul>
      </SpaceBetween>
    </Container>
  );
}

/** The active relay first, then those on standby, then those that cannot take over. */
const byUse = (a: Relay, b: Relay): number =>
  Number(b.holdsLease) - Number(a.holdsLease) ||
  order.indexOf(a.state) - order.indexOf(b.state) ||
  b.createdAt.localeCompare(a.createdAt);

function None({ sourceId, onEnrol }: { sourceId: string; onEnrol(): void }) {
  return (
    <Box textAlign="center" padding="l">
      <SpaceBetween size="s">
        <Box variant="strong">{t.none(sourceId)}</Box>
        <Box color="text-body-secondary">{t.noneDo}</Box>
        <Button onClick={onEnrol}>{t.enrol}</Button>
      </SpaceBetween>
    </Box>
  );
}

function OneRelay({ relay, onRevoke }: { relay: Relay; onRevoke(): void }) {
  const { state, holdsLease, problems } = relay;
  const { type, word } = t.states[state];
  return (
    <li>
      <div className="relay-head">
        <Box variant="h3" padding="n">
          <bdi>{relayName(relay)}</bdi>
        </Box>
        <StatusIndicator type={type}>{word}</StatusIndicator>
        {holdsLease ? <Badge color="blue">{t.holds}</Badge> : state === 'connected' ? <Badge>{t.stands}</Badge> : null}
        {state === 'revoked' ? (
          <span />
        ) : (
          <Button variant="inline-link" ariaLabel={`${t.revoke} ${relayName(relay)}`} onClick={onRevoke}>
            {t.revoke}
          </Button>
        )}
      </div>
      <SpaceBetween size="s">
        <RelayFacts relay={relay} />
        {problems.map((problem) => (
          <Alert key={problem} type="warning">
            <bdi>{problem}</bdi>
          </Alert>
        ))}
      </SpaceBetween>
    </li>
  );
}

function RelayFacts({ relay }: { relay: Relay }) {
  const { relayId, version, protocol, travelerVersion, reads, acts, createdBy, createdAt } = relay;
  return (
    <div className="source-figures">
      <Figure
        label={t.heard}
        value={relay.lastHeardAt === null ? t.neverHeard : <Ago at={relay.lastHeardAt} />}
        more={<Contact relay={relay} />}
      />
      {relay.state === 'invited' ? null : (
        <>
          <Figure label={t.version} value={version ?? '–'} more={protocol === null ? null : t.protocol(protocol)} />
          <Figure
            label={t.traveler}
            value={travelerVersion ?? '–'}
            more={[reads === null ? '' : t.readsBy(reads), acts === null ? '' : t.actsBy(acts)].filter(Boolean).join(', ')}
          />
        </>
      )}
      <Figure
        label={t.invitedBy}
        value={<bdi>{createdBy}</bdi>}
        more={
          <>
            <Ago at={createdAt} />
            <br />
            <bdi>{t.id(relayId)}</bdi>
          </>
        }
      />
    </div>
  );
}

/** Since when it has been connected and what it has not acknowledged; until when an invited one may enrol. */
function Contact({ relay: { state, connectedAt, holdsLease, unacknowledged, tokenExpiresAt } }: { relay: Relay }) {
  const now = useNow();
  if (state === 'connected' && connectedAt !== null)
    return (
      <>
        {t.connectedSince} <Ago at={connectedAt} />
        {holdsLease ? `, ${t.unacknowledged(unacknowledged)}` : null}
      </>
    );
  if (state !== 'invited' || tokenExpiresAt === null) return null;
  return (
    <>
      {Date.parse(tokenExpiresAt) > now ? t.tokenEnds : t.tokenEnded} <Ago at={tokenExpiresAt} />
    </>
  );
}
