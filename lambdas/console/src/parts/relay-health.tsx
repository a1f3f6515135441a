/** The relays of a source on the overview: connected or not, which one is active, how far behind, what to do. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Link from '@cloudscape-design/components/link';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { follow } from '../router.ts';
import type { RelayStanding, SourceStatus } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { Ago } from '../time.tsx';
import { Figure } from './figure.tsx';

const t = texts.overview.relay;
const icons = { connected: 'success', away: 'error', none: 'pending' } as const;

export function RelayFigure({ relay }: { relay: RelayStanding }) {
  const { state, holder, holderName, relays, lagSeconds, since } = relay;
  return (
    <Figure
      label={
        <Link href="/relays" onFollow={follow}>
          {t.title}
        </Link>
      }
      value={<StatusIndicator type={icons[state]}>{t[state]}</StatusIndicator>}
      more={
        <>
          {since === null || state === 'none' ? null : (
            <>
              {t.since[state]} <Ago at={since} />
              {state === 'connected' && lagSeconds !== null ? `, ${t.lag(lagSeconds)}` : null}
              <br />
            </>
          )}
          {holder === null ? null : (
            <>
              {t.holder} <bdi>{holderName ?? holder}</bdi>
              <br />
            </>
          )}
          {relays === 1 ? t.one : relays > 1 ? t.several(relays) : null}
        </>
      }
    />
  );
}

/** What is wrong with a source's relays and what to do; nothing while they are healthy. */
export function RelayProblem({ source: { sourceId, relay } }: { source: SourceStatus }) {
  if (!relay || relay.state === 'connected') return null;
  const isNone = relay.state === 'none';
  return (
    <Alert
      type={isNone ? 'warning' : 'error'}
      header={isNone ? t.noneHead(sourceId) : t.awayHead(sourceId)}
      action={
        <Button href="/relays" onFollow={follow}>
          {t.show}
        </Button>
      }
    >
      {isNone ? t.noneDo : t.awayDo}
    </Alert>
  );
}
