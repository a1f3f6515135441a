/** The filter over devices: properties and free text in one field, and the views that the reader saved. */
import PropertyFilter from '@cloudscape-design/components/property-filter';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { texts } from '../texts/texts.ts';
import { type DeviceFilter, filteringOptions, filteringProperties, filterOfTokens, tokensOf } from './device-filter.ts';
import { SavedViews } from './saved-views.tsx';

const t = texts.devices;
type Props = {
  filter: DeviceFilter;
  sources: readonly string[];
  columns: string[];
  onChange(filter: DeviceFilter, columns?: string[]): void;
};

export function DeviceSearch({ filter, sources, columns, onChange }: Props) {
  return (
    <div className="filter-row">
      <PropertyFilter
        query={tokensOf(filter)}
        onChange={({ detail }) => onChange(filterOfTokens(detail))}
        filteringProperties={filteringProperties}
        filteringOptions={filteringOptions(sources)}
        hideOperations
        freeTextFiltering={{ operators: [':'], defaultOperator: ':' }}
        filteringPlaceholder={t.find}
        filteringAriaLabel={t.find}
        i18nStrings={words}
      />
      <SpaceBetween size="xs">
        <SavedViews
          filter={filter}
          columns={columns}
          onChoose={(view) => onChange(view.filter, view.columns.length > 0 ? view.columns : undefined)}
        />
      </SpaceBetween>
    </div>
  );
}

const words = {
  filteringAriaLabel: t.find,
  clearFiltersText: t.clear,
  applyActionText: 'Apply',
  cancelActionText: texts.cancel,
  dismissAriaLabel: texts.dismiss,
  groupPropertiesText: 'Properties',
  groupValuesText: 'Values',
  operatorEqualsText: 'is',
  operatorContainsText: 'contains',
  operatorText: 'Operator',
  operatorsText: 'Operators',
  propertyText: 'Property',
  valueText: 'Value',
  allPropertiesLabel: 'User or device id',
  editTokenHeader: 'Change the filter',
  enteredTextLabel: (text: string) => `Find “${text}”`,
  removeTokenButtonAriaLabel: () => 'Remove this filter',
};
