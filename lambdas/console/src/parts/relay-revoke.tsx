/** Confirms that a relay is to be revoked, and explains what that means. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { send } from '../api.ts';
import type { Relay } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { ResultMessage, useRequest } from './result-message.tsx';

const t = texts.relays;

/** The name of its machine, once it has reported that. */
export const relayName = ({ hostname, state }: Relay): string => hostname ?? (state === 'invited' ? t.invitation : t.unnamed);

type Props = { relay: Relay; isLast: boolean; onClose(): void; onRevoked(): void };

export function RelayRevoke({ relay, isLast, onClose, onRevoked }: Props) {
  const { busy, outcome, run } = useRequest();
  const revoke = () =>
    run(async () => {
      await send(`/relays/${encodeURIComponent(relay.relayId)}`, undefined, { method: 'DELETE' });
      onRevoked();
      return '';
    });
  return (
    <Modal
      visible
      header={t.revokeAsk(relayName(relay))}
      closeAriaLabel={texts.cancel}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {texts.cancel}
            </Button>
            <Button variant="primary" loading={busy} onClick={() => void revoke()}>
              {t.revokeDo}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <span>{t.revokeWhat}</span>
        {isLast && relay.state !== 'invited' ? <Alert type="warning">{t.revokeLast}</Alert> : null}
        {outcome?.type === 'error' ? <ResultMessage outcome={outcome} /> : null}
      </SpaceBetween>
    </Modal>
  );
}
