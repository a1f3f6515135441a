/** Progress of a bulk of actions, and cancelling the rest of it. */
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import ProgressBar from '@cloudscape-design/components/progress-bar';
import { useState } from 'react';
import { messageOf, send } from '../api.ts';
import { bulk } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { duration, number, stateWord } from '../texts/words.ts';
import { useNow } from '../time.tsx';
import { usePolling } from '../use-polling.ts';

const t = texts.devices;

export function BulkProgress({ bulkId, onDismiss }: { bulkId: string; onDismiss(): void }) {
  const [ended, setEnded] = useState(false);
  const [refused, setRefused] = useState('');
  const live = usePolling(`/bulks/${encodeURIComponent(bulkId)}`, bulk, ended ? 0 : 1000);
  const now = useNow();
  const { value } = live;
  if (value === null)
    return live.failure === 'refused' ? (
      <Alert type="error" dismissible onDismiss={onDismiss} dismissAriaLabel={texts.dismiss}>
        {live.message}
      </Alert>
    ) : null;
  const done = value.ended >= value.actions;
  if (done && !ended) setEnded(true);
  const failed = (value.states.failed ?? 0) + value.refused;
  const left =
    value.estimatedEnd === null || done ? '' : `, about ${duration(Math.max(0, Date.parse(value.estimatedEnd) - now))} left`;
  const states = Object.entries(value.states).map(([state, count]) => `${stateWord(state)}: ${number(count)}`);
  const cancelRest = () =>
    void send(`/bulks/${encodeURIComponent(bulkId)}/cancel`).then(live.reload, (error) => setRefused(messageOf(error)));
  return (
    <Alert
      type={failed > 0 ? 'warning' : done ? 'success' : 'info'}
      dismissible={done}
      onDismiss={onDismiss}
      dismissAriaLabel={texts.dismiss}
      action={done || value.cancelledAt !== null ? null : <Button onClick={cancelRest}>{t.cancelBulk}</Button>}
    >
      <ProgressBar
        value={value.actions === 0 ? 100 : (value.ended / value.actions) * 100}
        label={value.cancelledAt === null ? t.progress(value.ended, value.actions) : t.calledOff}
        additionalInfo={`${states.join(', ')}${value.refused > 0 ? `, refused ${number(value.refused)}` : ''}${left}${refused}`}
      />
    </Alert>
  );
}
