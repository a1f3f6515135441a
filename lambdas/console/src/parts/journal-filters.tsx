/** The filter over the journal: text, kind, time, source. Typed text is searched for when the reader pauses. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import DatePicker from '@cloudscape-design/components/date-picker';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useEffect, useRef, useState } from 'react';
import { texts } from '../texts/texts.ts';
import { kindWords } from '../texts/words.ts';
import type { JournalFilter, Span } from './journal-filter.ts';

const t = texts.journal;
const pauseMs = 400;
const kinds = [
  { value: '', label: t.allKinds },
  ...Object.entries(kindWords)
    .map(([value, label]) => ({ value, label }))
    .sort((a, b) => a.label.localeCompare(b.label)),
];
const times = Object.entries(t.times).map(([value, label]) => ({ value, label }));

type Props = {
  filter: JournalFilter;
  source: string | null;
  sources: readonly string[];
  onChange(change: Partial<JournalFilter>, replace?: boolean): void;
  onSource(source: string): void;
};

export function JournalFilters({ filter, source, sources, onChange, onSource }: Props) {
  const { kind, device, last, from, to } = filter;
  const [choosing, setChoosing] = useState(false);
  const days = choosing || from !== '' || to !== '';
  const time = days ? 'days' : last;
  const sourceOptions = sources.map((value) => ({ value, label: value === '*' ? t.noSource : value }));
  const chooseTime = (value: string) => {
    setChoosing(value === 'days');
    onChange({ last: value === 'days' ? '' : (value as Span | ''), from: '', to: '' });
  };
  return (
    <SpaceBetween size="xs">
      <div className="filter-row">
        <SearchText q={filter.q} onChange={(q) => onChange({ q }, true)} />
        <Select
          ariaLabel={t.kind}
          options={kinds}
          filteringType="auto"
          filteringAriaLabel={t.kind}
          selectedOption={kinds.find(({ value }) => value === kind) ?? { value: kind, label: kind }}
          onChange={({ detail }) => onChange({ kind: detail.selectedOption.value ?? '' })}
        />
        <Select
          ariaLabel={t.time}
          options={times}
          selectedOption={times.find(({ value }) => value === time) ?? null}
          onChange={({ detail }) => chooseTime(detail.selectedOption.value ?? '')}
        />
        <Select
          ariaLabel={t.source}
          options={sourceOptions}
          selectedOption={sourceOptions.find(({ value }) => value === source) ?? null}
          onChange={({ detail }) => onSource(detail.selectedOption.value ?? '')}
        />
      </div>
      {days ? (
        <div className="filter-row">
          <Day label={t.fromDay} value={from} onChange={(day) => onChange({ from: day })} />
          <Day label={t.toDay} value={to} onChange={(day) => onChange({ to: day })} />
        </div>
      ) : null}
      {device === '' ? null : (
        <Box>
          <bdi>{t.onlyDevice(device)}</bdi>{' '}
          <Button variant="inline-link" onClick={() => onChange({ device: '' })}>
            {t.everyDevice}
          </Button>
        </Box>
      )}
    </SpaceBetween>
  );
}

/** Reports typed text only when the reader pauses or presses Enter. */
function SearchText({ q, onChange }: { q: string; onChange(q: string): void }) {
  const [text, setText] = useState(q);
  const reported = useRef(q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    // The address changed otherwise (back, a link): its text replaces what was typed here.
    if (q !== reported.current) setText(q);
    reported.current = q;
  }, [q]);
  const report = (value: string) => {
    clearTimeout(timer.current);
    reported.current = value;
    if (value !== q) onChange(value);
  };
  return (
    <Input
      type="search"
      value={text}
      placeholder={t.search}
      ariaLabel={t.search}
      clearAriaLabel={texts.clear}
      onChange={({ detail: { value } }) => {
        setText(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => report(value), pauseMs);
      }}
      onKeyDown={({ detail }) => {
        if (detail.key === 'Enter') report(text);
      }}
    />
  );
}

function Day({ label, value, onChange }: { label: string; value: string; onChange(day: string): void }) {
  return (
    <FormField label={label}>
      <DatePicker
        value={value}
        placeholder="YYYY-MM-DD"
        format="iso"
        locale="en-GB"
        onChange={({ detail }) => {
          if (detail.value === '' || /^\d{4}-\d\d-\d\d$/.test(detail.value)) onChange(detail.value);
        }}
        i18nStrings={{
          todayAriaLabel: t.calendar.today,
          nextMonthAriaLabel: t.calendar.next,
          previousMonthAriaLabel: t.calendar.previous,
        }}
        openCalendarAriaLabel={(day) => [`${label}: ${t.calendar.open}`, day ?? ''].filter(Boolean).join(', ')}
      />
    </FormField>
  );
}
