/** The relays of one source, the holder of the lease first; revoked ones only when asked for. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import { useState } from 'react';
import type { Relay } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { Ago } from '../time.tsx';
import { relayName } from './relay-revoke.tsx';

const t = texts.relays;
const order: readonly Relay['state'][] = ['connected', 'away', 'invited', 'revoked'];
type Props = { sourceId: string; relays: readonly Relay[]; onEnrol(): void; onRevoke(relay: Relay): void };

export function RelayTable({ sourceId, relays, onEnrol, onRevoke }: Props) {
  const [all, setAll] = useState(false);
  const revoked = relays.filter(({ state }) => state === 'revoked');
  const shown = relays.filter(({ state }) => all || state !== 'revoked').toSorted(byUse);
  const enrolled = relays.filter(({ state }) => state === 'connected' || state === 'away');
  const isAway = enrolled.length > 0 && enrolled.every(({ state }) => state === 'away');
  return (
    <Table
      header={
        <SpaceBetween size="s">
          <Header
            variant="h2"
            counter={`(${enrolled.length})`}
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
          {isAway ? (
            <Alert type="error" header={t.away}>
              {t.awayDo}
            </Alert>
          ) : null}
        </SpaceBetween>
      }
      items={shown}
      trackBy="relayId"
      wrapLines
      ariaLabels={{ tableLabel: `${t.title}: ${sourceId}` }}
      empty={
        <Box textAlign="center" padding="l">
          <SpaceBetween size="s">
            <Box variant="strong">{t.none(sourceId)}</Box>
            <Box color="text-body-secondary">{t.noneDo}</Box>
            <Button onClick={onEnrol}>{t.enrol}</Button>
          </SpaceBetween>
        </Box>
      }
      columnDefinitions={columns(onRevoke)}
    />
  );
}

/** The holder first, then those that could take over, then those that cannot. */
const byUse = (a: Relay, b: Relay): number =>
  Number(b.holdsLease) - Number(a.holdsLease) ||
  order.indexOf(a.state) - order.indexOf(b.state) ||
  b.createdAt.localeCompare(a.createdAt);

const columns = (onRevoke: (relay: Relay) => void): TableProps.ColumnDefinition<Relay>[] => [
  { id: 'machine', header: t.machine, isRowHeader: true, minWidth: 170, cell: (one) => <Machine relay={one} /> },
  { id: 'state', header: t.state, minWidth: 170, cell: (one) => <State relay={one} /> },
  { id: 'role', header: t.role, minWidth: 170, cell: (one) => <Role relay={one} /> },
  { id: 'version', header: t.version, minWidth: 140, cell: (one) => <Versions relay={one} /> },
  { id: 'problems', header: t.problems, minWidth: 200, cell: (one) => <Problems relay={one} /> },
  {
    id: 'revoke',
    header: '',
    minWidth: 110,
    cell: (one) =>
      one.state === 'revoked' ? null : (
        <Button variant="inline-link" ariaLabel={`${t.revoke} ${relayName(one)}`} onClick={() => onRevoke(one)}>
          {t.revoke}
        </Button>
      ),
  },
];

function Machine({ relay }: { relay: Relay }) {
  return (
    <>
      <Box variant="strong">
        <bdi>{relayName(relay)}</bdi>
      </Box>
      <Box variant="small" display="block" color="text-body-secondary">
        <bdi>{relay.relayId}</bdi>
        <br />
        {t.invitedBy} <bdi>{relay.createdBy}</bdi> <Ago at={relay.createdAt} />
      </Box>
    </>
  );
}

function State({ relay: { state, connectedAt, lastHeardAt } }: { relay: Relay }) {
  const { type, word } = t.states[state];
  return (
    <>
      <StatusIndicator type={type}>{word}</StatusIndicator>
      <Box variant="small" display="block" color="text-body-secondary">
        {state === 'connected' && connectedAt !== null ? (
          <>
            {t.connectedSince} <Ago at={connectedAt} />
          </>
        ) : lastHeardAt === null ? (
          t.neverHeard
        ) : (
          <>
            {t.lastHeard} <Ago at={lastHeardAt} />
          </>
        )}
      </Box>
    </>
  );
}

function Role({ relay: { state, holdsLease, lagSeconds } }: { relay: Relay }) {
  if (state === 'invited' || state === 'revoked') return <>–</>;
  return (
    <>
      {holdsLease ? t.holds : state === 'connected' ? t.stands : '–'}
      {state === 'connected' && lagSeconds !== null ? (
        <Box variant="small" display="block" color="text-body-secondary">
          {lagSeconds > 0 ? t.lag(lagSeconds) : t.noLag}
        </Box>
      ) : null}
    </>
  );
}

function Versions({ relay: { version, protocol, travelerVersion } }: { relay: Relay }) {
  if (version === null) return <>–</>;
  return (
    <>
      <bdi>{version}</bdi>
      <Box variant="small" display="block" color="text-body-secondary">
        {protocol === null ? null : t.protocol(protocol)}
        {travelerVersion === null ? null : (
          <>
            {' · '}
            {t.traveler} <bdi>{travelerVersion}</bdi>
          </>
        )}
      </Box>
    </>
  );
}

function Problems({ relay: { state, problems } }: { relay: Relay }) {
  if (problems.length === 0) return <>{state === 'connected' ? t.well : '–'}</>;
  return (
    <SpaceBetween size="xxs">
      {problems.map((problem) => (
        <StatusIndicator key={problem} type="warning" wrapText>
          <bdi>{problem}</bdi>
        </StatusIndicator>
      ))}
    </SpaceBetween>
  );
}
