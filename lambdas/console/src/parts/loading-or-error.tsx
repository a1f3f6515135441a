/** Shown instead of a value that has not been read: that it is loading, or why it could not be read. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Spinner from '@cloudscape-design/components/spinner';
import { texts } from '../texts/texts.ts';
import type { Polled } from '../use-polling.ts';

export function LoadingOrError({ live }: { live: Polled<unknown> }) {
  if (live.failure === 'not-understood')
    return (
      <Alert type="error" action={<Button onClick={() => location.reload()}>{texts.reload}</Button>}>
        {live.message}
      </Alert>
    );
  if (live.failure === 'refused')
    return (
      <Alert type="error" header={texts.unknownTrouble} action={<Button onClick={live.reload}>{texts.reload}</Button>}>
        {live.message}
      </Alert>
    );
  return (
    <Box color="text-body-secondary" padding="l" textAlign="center">
      <Spinner /> {texts.loading}
    </Box>
  );
}
