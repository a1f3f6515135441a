/** Links a Traveler user to a portal user, named by the mail address that the portal has for the person. */
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useState } from 'react';
import { texts } from '../texts/texts.ts';

const t = texts.device;
type Props = { busy: boolean; autoFocus?: boolean; onLink(portalUser: string): void };

export function LinkDialog({ busy, autoFocus = false, onLink }: Props) {
  const [portalUser, setPortalUser] = useState('');
  const isAddress = portalUser.includes('@');
  function submit() {
    if (busy || !isAddress) return;
    onLink(portalUser.trim());
    setPortalUser('');
  }
  return (
    <FormField
      label={t.link}
      description={t.linkHelp}
      secondaryControl={
        <Button disabled={busy || !isAddress} onClick={submit}>
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
        onKeyDown={({ detail }) => detail.key === 'Enter' && submit()}
      />
    </FormField>
  );
}
