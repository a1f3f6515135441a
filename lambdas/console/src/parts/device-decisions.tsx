/** The enrolment of a device with its evidence, and the decisions of people; each can be undone. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { decisionsPath, send } from '../api.ts';
import { decisions, type ExplainedDevice, links } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { Ago, At } from '../time.tsx';
import { usePolling } from '../use-polling.ts';
import { LinkDialog } from './link-dialog.tsx';
import { ResultMessage, useRequest } from './result-message.tsx';

const t = texts.device;
const shownAtFirst = 10;
type Props = { device: ExplainedDevice; onDone(): void };

export function Enrolment({ device, onDone }: Props) {
  const { sourceId, user, match } = device;
  const live = usePolling(`/links?${new URLSearchParams({ sourceId, user })}`, links, 10_000);
  const { busy, outcome, run, clear } = useRequest();
  const setLink = (who: string, kind: 'confirmed' | 'undone') =>
    run(async () => {
      await send('/links', { sourceId, user, portalUser: who, kind });
      live.reload();
      onDone();
      return kind === 'confirmed' ? `Linked to ${who}.` : `No longer linked to ${who}.`;
    });
  return (
    <Container header={<Header variant="h2">{t.enrolment}</Header>}>
      <SpaceBetween size="s">
        <div className="sentence">{match === null || match.kind === 'none' ? t.noMatch : <bdi>{match.evidence}</bdi>}</div>
        {(match?.portalUsers ?? []).map((who) => (
          <Linked key={who} who={who} label={t.linkUndo} disabled={busy} onClick={() => void setLink(who, 'undone')} />
        ))}
        {(live.value?.links ?? [])
          .filter(({ portalUser: who }) => !match?.portalUsers.includes(who))
          .map(({ portalUser: who, kind, by, at }) => (
            <div key={who}>
              <Linked
                who={who}
                label={kind === 'undone' ? t.linkAgain : t.linkUndo}
                disabled={busy}
                onClick={() => void setLink(who, kind === 'undone' ? 'confirmed' : 'undone')}
              />
              <Box variant="small" color="text-body-secondary">
                {kind} by <bdi>{by}</bdi> <Ago at={at} />
              </Box>
            </div>
          ))}
        <LinkDialog busy={busy} onLink={(who) => void setLink(who, 'confirmed')} />
        <ResultMessage outcome={outcome} onDismiss={clear} />
      </SpaceBetween>
    </Container>
  );
}

function Linked({ who, label, disabled, onClick }: { who: string; label: string; disabled: boolean; onClick(): void }) {
  return (
    <div>
      <bdi>{who}</bdi>{' '}
      <Button variant="inline-link" disabled={disabled} onClick={onClick}>
        {label}
      </Button>
    </div>
  );
}

export function Decisions({ device, onDone }: Props) {
  const live = usePolling(decisionsPath(device), decisions, 3000);
  const { busy, outcome, run, clear } = useRequest();
  const [isWhole, setWhole] = useState(false);
  const all = live.value?.decisions ?? [];
  if (all.length === 0 && outcome === null) return null;
  const shown = isWhole ? all : all.slice(0, shownAtFirst);
  const withdraw = () =>
    run(async () => {
      await send(decisionsPath(device), undefined, { method: 'DELETE' });
      live.reload();
      onDone();
      return t.withdrawn;
    });
  return (
    <Container header={<Header variant="h2">{t.decisions}</Header>}>
      <SpaceBetween size="s">
        {shown.map(({ decisionId, decided, by, at, reason, expiresAt, withdrawnAt, stands }) => (
          <div key={decisionId}>
            <Box variant="strong">{t.decidedWords[decided] ?? decided}</Box> {t.by} <bdi>{by.name}</bdi>, <At at={at} />
            {reason === null ? null : (
              <>
                : <bdi>{reason}</bdi>
              </>
            )}
            {expiresAt === null ? null : (
              <>
                , ends <Ago at={expiresAt} />
              </>
            )}
            {withdrawnAt === null ? null : (
              <>
                , withdrawn <Ago at={withdrawnAt} />
              </>
            )}
            {stands ? (
              <div>
                <Button variant="inline-link" disabled={busy} onClick={() => void withdraw()}>
                  {t.withdraw}
                </Button>
              </div>
            ) : null}
          </div>
        ))}
        {shown.length < all.length ? (
          <Button variant="inline-link" onClick={() => setWhole(true)}>
            {t.olderDecisions(all.length - shown.length)}
          </Button>
        ) : null}
        <ResultMessage outcome={outcome} onDismiss={clear} />
      </SpaceBetween>
    </Container>
  );
}
