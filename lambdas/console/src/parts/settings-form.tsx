/** The options of Auto-Quarantine, each with its effect. */
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import type { Settings } from '../schemas.ts';
import { texts } from '../texts/texts.ts';

const t = texts.settings;
const switches = [
  ['autoApproveEnrolled', t.enrolled, t.enrolledHelp],
  ['autoApproveByPolicy', t.policy, t.policyHelp],
  ['autoApproveVerse', t.verse, t.verseHelp],
] as const;
export const fieldWords: Record<keyof Settings, string> = {
  requireApproval: t.requireApproval,
  notify: t.notify,
  devicesPerUser: t.devicesPerUser,
  autoApproveEnrolled: t.enrolled,
  autoApproveByPolicy: t.policy,
  autoApproveVerse: t.verse,
};
export const fields = Object.keys(fieldWords) as (keyof Settings)[];
export const changedFields = (before: Settings, after: Settings): (keyof Settings)[] =>
  fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));

export function valueInWords(field: keyof Settings, settings: Settings): string {
  const value = settings[field];
  if (field === 'requireApproval') return t.modes[settings.requireApproval]?.[0] ?? settings.requireApproval;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join(', ') || 'nobody' : String(value);
}

type Props = { settings: Settings; onChange(settings: Settings): void };

export function SettingsForm({ settings, onChange }: Props) {
  const set = (change: Partial<Settings>) => onChange({ ...settings, ...change });
  return (
    <SpaceBetween size="l">
      <FormField label={t.requireApproval} description={t.requireApprovalHelp} stretch>
        <RadioGroup
          value={settings.requireApproval}
          items={(['server', 'on', 'off'] as const).map((value) => ({
            value,
            label: t.modes[value]?.[0] ?? value,
            description: t.modes[value]?.[1] ?? '',
          }))}
          onChange={({ detail }) => set({ requireApproval: detail.value as Settings['requireApproval'] })}
        />
      </FormField>
      <FormField label={t.devicesPerUser} description={t.devicesPerUserHelp}>
        <Input
          type="number"
          inputMode="numeric"
          value={String(settings.devicesPerUser)}
          onChange={({ detail }) => {
            const wanted = Number(detail.value);
            if (Number.isInteger(wanted) && wanted >= 0) set({ devicesPerUser: wanted });
          }}
        />
      </FormField>
      <SpaceBetween size="s">
        {switches.map(([field, label, help]) => (
          <Checkbox
            key={field}
            checked={settings[field]}
            description={help}
            onChange={({ detail }) => set({ [field]: detail.checked })}
          >
            {label}
          </Checkbox>
        ))}
      </SpaceBetween>
      <Addresses addresses={settings.notify} onChange={(notify) => set({ notify })} />
    </SpaceBetween>
  );
}

const looksLikeMail = (text: string) => /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/.test(text);

function Addresses({ addresses, onChange }: { addresses: string[]; onChange(addresses: string[]): void }) {
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? addresses.join(', ');
  const parts = shown.split(/[\s,;]+/).filter(Boolean);
  const wrong = parts.filter((part) => !looksLikeMail(part));
  return (
    <FormField
      label={t.notify}
      description={t.notifyHelp}
      errorText={text !== null && wrong.length > 0 ? `Not an address: ${wrong.join(', ')}` : undefined}
      stretch
    >
      <Input
        value={shown}
        placeholder="postmaster@acme.com"
        onChange={({ detail }) => {
          setText(detail.value);
          const wanted = detail.value.split(/[\s,;]+/).filter(Boolean);
          if (wanted.every(looksLikeMail)) onChange(wanted);
        }}
        onBlur={() => wrong.length === 0 && setText(null)}
      />
    </FormField>
  );
}
