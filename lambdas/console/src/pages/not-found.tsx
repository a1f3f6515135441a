/** Shown instead of a page: at an unknown address, while a page loads, and when loading it failed. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Spinner from '@cloudscape-design/components/spinner';
import { follow } from '../router.ts';
import { texts } from '../texts/texts.ts';

export function Unknown() {
  return (
    <Box padding="xxl" textAlign="center">
      <Box variant="h1" padding={{ bottom: 'm' }}>
        {texts.notFound}
      </Box>
      <Button href="/" onFollow={follow}>
        {texts.toOverview}
      </Button>
    </Box>
  );
}

export function PageLoading() {
  return (
    <Box padding="xxl" textAlign="center" color="text-body-secondary">
      <Spinner /> {texts.loading}
    </Box>
  );
}

export function PageFailed() {
  return (
    <Alert type="error" action={<Button onClick={() => location.reload()}>{texts.reload}</Button>}>
      {texts.pageFailed}
    </Alert>
  );
}
