/** What stands in a page's place while its value is not there: loading, or why it could not be read. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Spinner from '@cloudscape-design/components/spinner';
import { texts } from '../texts/texts.ts';
import type { Live } from '../use-polling.ts';

export function Pending({ live }: { live: Live<unknown> }) {
  if (live.trouble === 'not-understood')
    return (
      <Alert type="error" action={<Button onClick={() => location.reload()}>{texts.reload}</Button>}>
        {live.message}
      </Alert>
    );
  if (live.trouble === 'refused')
    return (
      <Alert type="error" header={texts.unknownTrouble} action={<Button onClick={live.again}>{texts.reload}</Button>}>
        {live.message}
      </Alert>
    );
  return (
    <Box color="text-body-secondary" padding="l" textAlign="center">
      <Spinner /> {texts.loading}
    </Box>
  );
}
