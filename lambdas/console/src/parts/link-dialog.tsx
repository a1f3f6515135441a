/** Says whose enrolments a Traveler user's devices belong to: the portal's address of the person. */
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { texts } from '../texts/texts.ts';

const t = texts.device;
type Props = { busy: boolean; autoFocus?: boolean; onAsk(portalUser: string): void };

export function LinkAsk({ busy, autoFocus = false, onAsk }: Props) {
  const [portalUser, setPortalUser] = useState('');
  const isAddress = portalUser.includes('@');
  function ask() {
    if (busy || !isAddress) return;
    onAsk(portalUser.trim());
    setPortalUser('');
  }
  return (
    <FormField
      label={t.link}
      description={t.linkHelp}
      secondaryControl={
        <Button disabled={busy || !isAddress} onClick={ask}>
          {t.link}
        </Button>
      }
    >
      <Input
        value={portalUser}
        type="email"
        autoFocus={autoFocus}
        placeholder="jane@acme.com"
        onChange={({ detail }) => setPortalUser(detail.value)}
        onKeyDown={({ detail }) => detail.key === 'Enter' && ask()}
      />
    </FormField>
  );
}
