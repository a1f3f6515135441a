/** What came of something that the reader asked for: in words, read out by screen readers. */
import Alert from '@cloudscape-design/components/alert';
import { useState } from 'react';
import { messageOf } from '../api.ts';
import { texts } from '../texts/texts.ts';

export type Outcome = { type: 'success' | 'error' | 'info' | 'warning'; text: string };

export function Said({ outcome, onDismiss }: { outcome: Outcome | null; onDismiss?: () => void }) {
  return (
    <div role="status" className="said">
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

/** Runs what a button asks for: busy meanwhile, then the sentence that it gives, or why it was refused. */
export function useRequest() {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  async function run(request: () => Promise<string | Outcome>): Promise<boolean> {
    setBusy(true);
    try {
      const said = await request();
      setOutcome(typeof said === 'string' ? { type: 'success', text: said } : said);
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
