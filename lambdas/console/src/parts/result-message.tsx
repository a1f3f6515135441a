/** The result of a request by the reader, announced by screen readers. */
import Alert from '@cloudscape-design/components/alert';
import { useState } from 'react';
import { messageOf } from '../api.ts';
import { texts } from '../texts/texts.ts';

export type Outcome = { type: 'success' | 'error' | 'info' | 'warning'; text: string };

export function ResultMessage({ outcome, onDismiss }: { outcome: Outcome | null; onDismiss?: () => void }) {
  return (
    <div role="status" className="result-message">
      {outcome === null ? null : (
        <Alert
          type={outcome.type}
          dismissible={onDismiss !== undefined}
          dismissAriaLabel={texts.dismiss}
          {...(onDismiss ? { onDismiss } : {})}
        >
          {outcome.text}
        </Alert>
      )}
    </div>
  );
}

/** Runs the request of a button: busy meanwhile, then the message that it returns, or why it was rejected. */
export function useRequest() {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  async function run(request: () => Promise<string | Outcome>): Promise<boolean> {
    setBusy(true);
    try {
      const result = await request();
      setOutcome(typeof result === 'string' ? { type: 'success', text: result } : result);
      return true;
    } catch (error) {
      setOutcome({ type: 'error', text: messageOf(error) });
      return false;
    } finally {
      setBusy(false);
    }
  }
  return { busy, outcome, run, clear: () => setOutcome(null) };
}
