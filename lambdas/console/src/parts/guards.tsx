/** Operations that the guard stopped, for a person to confirm or reject: which devices would lose access. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { devicePath, send } from '../api.ts';
import type { Guard } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { ruleWord } from '../texts/words.ts';
import { Ago } from '../time.tsx';
import { usePolledRead } from '../use-polling.ts';
import { ResultMessage, useRequest } from './result-message.tsx';
import { UserLink } from './verdict.tsx';
import { readGuards } from './whole-lists.ts';

const t = texts.settings;
const mostShown = 100;

export function Guards({ onDecided }: { onDecided(): void }) {
  const live = usePolledRead('/guards?state=waiting', readGuards, 3000);
  const { busy, outcome, run, clear } = useRequest();
  const decide = (id: string, decision: 'confirm' | 'reject') =>
    run(async () => {
      await send(`/guards/${encodeURIComponent(id)}`, { decision });
      live.reload();
      onDecided();
      return t.decided;
    });
  const waiting = live.value?.guards ?? [];
  if (waiting.length === 0 && outcome === null) return null;
  return (
    <SpaceBetween size="s">
      <ResultMessage outcome={outcome} onDismiss={clear} />
      {waiting.map((guard) => (
        <Alert
          key={guard.id}
          type="error"
          header={`${t.guards}: ${guard.cause}`}
          action={
            <SpaceBetween direction="horizontal" size="xs">
              <Button disabled={busy} onClick={() => void decide(guard.id, 'reject')}>
                {t.reject}
              </Button>
              <Button disabled={busy} variant="primary" onClick={() => void decide(guard.id, 'confirm')}>
                {t.confirm}
              </Button>
            </SpaceBetween>
          }
        >
          <AffectedDevices guard={guard} />
        </Alert>
      ))}
    </SpaceBetween>
  );
}

function AffectedDevices({ guard }: { guard: Guard }) {
  const shown = guard.devices.slice(0, mostShown);
  const all = Math.max(guard.affected, guard.devices.length);
  return (
    <>
      <Box>
        {t.wouldLose(guard.affected)} {t.askedBy} <bdi>{guard.requestedBy}</bdi>, <Ago at={guard.at} />. {t.guardMeans}
      </Box>
      <ExpandableSection headerText={shown.length < all ? t.firstDevices(shown.length, all) : t.guardDevices(all)}>
        {shown.map((device) => (
          <div key={devicePath(device)}>
            <UserLink device={device} /> <bdi>{device.deviceId}</bdi>: {ruleWord(device.rule)}
          </div>
        ))}
      </ExpandableSection>
    </>
  );
}
