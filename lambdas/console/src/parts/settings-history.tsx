/** Earlier versions: who published what and when; one can be restored into the form. */
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { SettingsVersion } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { At } from '../time.tsx';
import { useNarrowTableColumns } from './narrow-table.tsx';
import { changedFields, fieldWords, valueInWords } from './settings-form.tsx';

const t = texts.settings;
type Props = { versions: readonly SettingsVersion[]; onRestore(version: SettingsVersion): void };

export function SettingsHistory({ versions, onRestore }: Props) {
  const items = versions.map((version, index) => ({ ...version, before: versions[index + 1] ?? null }));
  const columns = useNarrowTableColumns<(typeof items)[number]>([
    { id: 'version', header: 'Version', cell: ({ version }) => version, isRowHeader: true, width: 90 },
    { id: 'when', header: 'Published', cell: ({ publishedAt }) => <At at={publishedAt} />, minWidth: 170 },
    { id: 'who', header: 'By', cell: ({ publishedBy }) => <bdi>{t.by(publishedBy)}</bdi>, minWidth: 120 },
    {
      id: 'what',
      header: 'What changed',
      minWidth: 260,
      cell: ({ settings, before }) =>
        before === null
          ? t.firstVersion
          : changedFields(before.settings, settings)
              .map((field) => `${fieldWords[field]}: ${valueInWords(field, settings)}`)
              .join('; ') || 'nothing',
    },
    {
      id: 'back',
      header: 'Roll back',
      minWidth: 110,
      cell: (item) => (
        <Button
          variant="icon"
          iconName="undo"
          disabled={item.version === versions[0]?.version}
          ariaLabel={t.rollBack(item.version)}
          onClick={() => onRestore(item)}
        />
      ),
    },
  ]);
  return (
    <Table
      header={<Header variant="h2">{t.history}</Header>}
      items={items}
      trackBy={({ version }) => String(version)}
      ariaLabels={{ tableLabel: t.history }}
      wrapLines
      columnDefinitions={columns}
    />
  );
}
