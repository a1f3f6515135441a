/** Shown instead of any page while nobody is signed in; the address stays, so that signing in returns to it. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type SessionState, signInAddress } from '../session.ts';
import { texts } from '../texts/texts.ts';

const t = texts.signIn;

export function SignIn({ why }: { why: Extract<SessionState, { kind: 'out' }>['why'] }) {
  return (
    <div className="sign-in">
      <Container header={<Header variant="h1">{t.title}</Header>}>
        <SpaceBetween size="l">
          {t.why[why] === '' ? null : <Alert type={why === 'expired' ? 'info' : 'error'}>{t.why[why]}</Alert>}
          <Box>{t.says}</Box>
          <Button variant="primary" href={signInAddress()}>
            {t.do}
          </Button>
        </SpaceBetween>
      </Container>
    </div>
  );
}
