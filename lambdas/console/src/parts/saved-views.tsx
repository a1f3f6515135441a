/** Views of the devices that the reader saved in this browser: a filter and columns under a name. */
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { z } from 'zod';
import { texts } from '../texts/texts.ts';
import { useSaved } from './browser-storage.ts';
import type { DeviceFilter } from './device-filter.ts';

const t = texts.devices;
const viewSchema = z.object({ name: z.string(), filter: z.record(z.string(), z.string()), columns: z.array(z.string()) });
type View = z.infer<typeof viewSchema>;
type Props = { filter: DeviceFilter; columns: string[]; onChoose(view: { filter: DeviceFilter; columns: string[] }): void };

export function SavedViews({ filter, columns, onChoose }: Props) {
  const [views, setViews] = useSaved('views', z.array(viewSchema), []);
  const [name, setName] = useState<string | null>(null);
  function save() {
    const wanted = (name ?? '').trim();
    if (wanted === '') return;
    const view: View = { name: wanted, filter: { ...filter } as Record<string, string>, columns };
    setViews([...views.filter((one) => one.name !== wanted), view]);
    setName(null);
  }
  function choose(id: string) {
    if (id === 'save') return setName('');
    if (id === 'everything') return onChoose({ filter: {}, columns: [] });
    const [verb, wanted] = [id.slice(0, 4), id.slice(5)];
    if (verb === 'drop') return setViews(views.filter((one) => one.name !== wanted));
    const view = views.find((one) => one.name === wanted);
    if (view) onChoose(view);
  }
  if (name !== null)
    return (
      <FormField label={t.viewName}>
        <SpaceBetween direction="horizontal" size="xs">
          <Input value={name} autoFocus onChange={({ detail }) => setName(detail.value.slice(0, 60))} ariaLabel={t.viewName} />
          <Button onClick={save}>{t.saveView}</Button>
          <Button variant="link" onClick={() => setName(null)}>
            {texts.cancel}
          </Button>
        </SpaceBetween>
      </FormField>
    );
  return (
    <ButtonDropdown
      items={[
        { id: 'everything', text: t.everything },
        ...views.map((view) => ({ id: `show|${view.name}`, text: view.name })),
        { id: 'save', text: t.saveView, iconName: 'add-plus' },
        ...views.map((view) => ({ id: `drop|${view.name}`, text: t.deleteView(view.name), iconName: 'remove' as const })),
      ]}
      onItemClick={({ detail }) => choose(detail.id)}
    >
      {t.views}
    </ButtonDropdown>
  );
}
