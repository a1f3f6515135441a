/**
 * Enrols a relay: first its source; then the one command to run, by platform; then whether the relay has connected. The
 * command contains a one-time token, which exists in this dialog only and is lost when it closes.
 */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import FormField from '@cloudscape-design/components/form-field';
import Modal from '@cloudscape-design/components/modal';
import SegmentedControl from '@cloudscape-design/components/segmented-control';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { send } from '../api.ts';
import { type Relay, type RelayInvitation, relayInvitation, relay as relaySchema } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { duration } from '../texts/words.ts';
import { useNow } from '../time.tsx';
import { usePolling } from '../use-polling.ts';
import { relayName } from './relay-revoke.tsx';
import { ResultMessage, useRequest } from './result-message.tsx';

const t = texts.relays;
type Props = { sources: readonly string[]; given: string | null; onClose(): void };

export function RelayEnrol({ sources, given, onClose }: Props) {
  const [sourceId, setSourceId] = useState(given ?? sources[0] ?? '');
  const [invitation, setInvitation] = useState<RelayInvitation | null>(null);
  const { busy, outcome, run } = useRequest();
  const make = () =>
    run(async () => {
      setInvitation(await send('/relays', { sourceId }, { schema: relayInvitation }));
      return '';
    });
  const options = sources.map((value) => ({ value, label: value }));
  return (
    <Modal
      visible
      size="large"
      header={t.enrol}
      closeAriaLabel={t.close}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant={invitation === null ? 'link' : 'primary'} onClick={onClose}>
              {invitation === null ? texts.cancel : t.close}
            </Button>
            {invitation === null ? (
              <Button variant="primary" loading={busy} disabled={sourceId === ''} onClick={() => void make()}>
                {t.makeCommand}
              </Button>
            ) : null}
          </SpaceBetween>
        </Box>
      }
    >
      {invitation === null ? (
        <SpaceBetween size="m">
          <FormField label={t.forSource} description={t.forSourceHelp}>
            <Select
              options={options}
              selectedOption={options.find(({ value }) => value === sourceId) ?? null}
              onChange={({ detail }) => setSourceId(detail.selectedOption.value ?? '')}
            />
          </FormField>
          {outcome?.type === 'error' ? <ResultMessage outcome={outcome} /> : null}
        </SpaceBetween>
      ) : (
        <Invitation invitation={invitation} />
      )}
    </Modal>
  );
}

type Platform = keyof RelayInvitation['commands'];
const platforms: readonly Platform[] = ['linux', 'windows'];

function Invitation({ invitation: { relayId, commands, expiresAt } }: { invitation: RelayInvitation }) {
  const [platform, setPlatform] = useState<Platform>('linux');
  const relay = usePolling(`/relays/${encodeURIComponent(relayId)}`, relaySchema, 1500).value;
  return (
    <SpaceBetween size="m">
      <span>{t.once}</span>
      <SegmentedControl
        label={t.platform}
        selectedId={platform}
        options={platforms.map((id) => ({ id, text: t.platforms[id] }))}
        onChange={({ detail }) => setPlatform(platforms.find((id) => id === detail.selectedId) ?? platform)}
      />
      <pre className="command" dir="ltr">
        <code>{commands[platform]}</code>
      </pre>
      <CopyToClipboard
        textToCopy={commands[platform]}
        copyButtonText={t.copy}
        copySuccessText={t.copied}
        copyErrorText={t.copyFailed}
      />
      <div role="status">
        <Progress relay={relay} />
      </div>
      {relay?.enrolledAt ? null : <TimeLeft expiresAt={expiresAt} />}
    </SpaceBetween>
  );
}

function Progress({ relay }: { relay: Relay | null }) {
  if (relay?.state === 'connected') return <Alert type="success">{t.arrived(relayName(relay))}</Alert>;
  return <StatusIndicator type="in-progress">{relay?.enrolledAt ? t.enrolled : t.awaiting}</StatusIndicator>;
}

/** Not part of what screen readers announce: it changes every second. */
function TimeLeft({ expiresAt }: { expiresAt: string }) {
  const left = Date.parse(expiresAt) - useNow();
  if (left <= 0) return <Alert type="warning">{t.expired}</Alert>;
  return (
    <Box variant="small" color="text-body-secondary">
      {t.expiresIn} {duration(left)}.
    </Box>
  );
}
