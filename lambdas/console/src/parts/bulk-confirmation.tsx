/** Confirms an action on several devices: states their number, and for wipes and removals requires it to be typed. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { type ActionType, wipeTarget } from '#domain/actions/action';
import { send } from '../api.ts';
import { actionsAnswer, type DeviceName } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord } from '../texts/words.ts';
import { actionChoices } from './action-choices.ts';
import { ResultMessage, useRequest } from './result-message.tsx';

type Props = { kind: ActionType; targets: readonly DeviceName[]; onClose(): void; onSent(bulkId: string | null): void };

const t = texts.devices;

export function BulkConfirmation({ kind, targets, onClose, onSent }: Props) {
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [wipe, setWipe] = useState<readonly string[]>([]);
  const { busy, outcome, run } = useRequest();
  const count = targets.length;
  const action = actionWord(kind);
  const { wipeTargets: asksTargets, typedNumber: needsNumber } = actionChoices[kind].dialog;
  const ready = (!needsNumber || typed.trim() === String(count)) && (!asksTargets || wipe.length > 0);
  const request = () =>
    run(async () => {
      const actions = targets.map((target) => ({
        type: kind,
        target,
        reason: reason.trim() === '' ? 'Asked for in the console' : reason.trim(),
        ...(asksTargets ? { wipe } : {}),
      }));
      const bulk = count > 1 ? { actions, bulkId: crypto.randomUUID() } : { actions };
      const answer = await send('/actions', bulk, { schema: actionsAnswer });
      const refused =
        'actions' in answer && Array.isArray(answer.actions) ? answer.actions.find((one) => one.refused) : undefined;
      if (refused) throw new Error(refused.refused);
      onSent('bulkId' in answer ? answer.bulkId : null);
      return '';
    });
  return (
    <Modal
      visible
      header={t.ask(action, count)}
      closeAriaLabel={texts.cancel}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {texts.cancel}
            </Button>
            <Button variant="primary" disabled={!ready} loading={busy} onClick={() => void request()}>
              {t.confirm(action, count)}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {t.effect[kind] ? <span>{t.effect[kind]}</span> : null}
        {asksTargets ? (
          <FormField label={t.wipeWhat}>
            {wipeTarget.options.map((target) => (
              <Checkbox
                key={target}
                checked={wipe.includes(target)}
                onChange={({ detail }) =>
                  setWipe(detail.checked ? [...wipe, target] : wipe.filter((chosen) => chosen !== target))
                }
              >
                {t.wipeTargets[target]}
              </Checkbox>
            ))}
          </FormField>
        ) : null}
        <FormField label={t.reason} description={t.reasonHelp}>
          <Input value={reason} onChange={({ detail }) => setReason(detail.value)} />
        </FormField>
        {needsNumber ? (
          <FormField label={t.typeNumber(count)}>
            <Input value={typed} inputMode="numeric" autoComplete={false} onChange={({ detail }) => setTyped(detail.value)} />
          </FormField>
        ) : null}
        {outcome?.type === 'error' ? <ResultMessage outcome={outcome} /> : null}
      </SpaceBetween>
    </Modal>
  );
}
