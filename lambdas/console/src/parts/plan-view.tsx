/** What publishing would do: the guard's result first, then the counts per rule, and the devices. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useEffect, useRef } from 'react';
import { devicePath } from '../api.ts';
import type { Plan, Settings } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { actionWord, number, ruleWord } from '../texts/words.ts';
import { useNarrowTableColumns } from './narrow-table.tsx';
import { changedFields, fieldWords, valueInWords } from './settings-form.tsx';
import { Name, UserLink, Verdict } from './verdict.tsx';

const t = texts.settings;
/** Devices listed one by one; the counts include the others. */
const mostShown = 100;

export function PlanView({ plan, before, after }: { plan: Plan; before: Settings; after: Settings }) {
  const { changes, perRule, guard } = plan;
  const top = useRef<HTMLSpanElement>(null);
  // The plan is below the form: scroll to it, because the reader has just requested it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs again for each plan
  useEffect(() => {
    top.current?.focus({ preventScroll: true });
    top.current?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  }, [plan]);
  const rules = Object.entries(perRule).sort(([, a], [, b]) => b.count - a.count);
  const sum = (of: 'approve' | 'block') => rules.reduce((total, [, tally]) => total + tally[of], 0);
  const rulesColumns = useNarrowTableColumns<[string, Plan['perRule'][string]]>([
    { id: 'rule', header: 'Rule', cell: ([rule]) => ruleWord(rule), isRowHeader: true },
    { id: 'count', header: 'Devices', cell: ([, tally]) => number(tally.count) },
    { id: 'approve', header: 'Approved', cell: ([, tally]) => number(tally.approve) },
    { id: 'block', header: 'Blocked', cell: ([, tally]) => number(tally.block) },
  ]);
  const devicesColumns = useNarrowTableColumns<Plan['changes'][number]>([
    { id: 'user', header: 'User', cell: (one) => <UserLink device={one} />, isRowHeader: true, minWidth: 160 },
    { id: 'device', header: 'Device', cell: (one) => <Name>{one.deviceId}</Name>, minWidth: 160 },
    { id: 'from', header: 'Now', cell: (one) => <Verdict verdict={one.from.verdict} />, minWidth: 120 },
    { id: 'to', header: 'Then', cell: (one) => <Verdict verdict={one.to.verdict} />, minWidth: 120 },
    { id: 'rule', header: 'By rule', cell: (one) => ruleWord(one.to.rule), minWidth: 140 },
    { id: 'action', header: 'On the server', cell: (one) => (one.action === null ? '–' : actionWord(one.action)) },
  ]);
  return (
    <Container
      header={
        <Header variant="h2">
          <span ref={top} tabIndex={-1} className="arrival">
            {t.planTitle}
          </span>
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Alert
          type={guard.trips ? 'error' : changes.length === 0 ? 'success' : 'info'}
          header={changes.length === 0 ? t.nothing : t.changes(changes.length)}
        >
          {changes.length > 0 && sum('approve') + sum('block') === 0 ? t.accessStays : t.actions(sum('approve'), sum('block'))}{' '}
          {guard.trips ? t.guardTrips(guard.affected, guard.percent) : t.guardFine}
        </Alert>
        <div>
          <Box variant="h3">{t.differences}</Box>
          <KeyValuePairs
            columns={2}
            items={changedFields(before, after).map((field) => ({
              label: fieldWords[field],
              value: (
                <>
                  <del>{valueInWords(field, before)}</del> → <ins>{valueInWords(field, after)}</ins>
                </>
              ),
            }))}
          />
        </div>
        {rules.length === 0 ? null : (
          <Table
            variant="embedded"
            header={<Header variant="h3">{t.perRule}</Header>}
            items={rules}
            trackBy={([rule]) => rule}
            ariaLabels={{ tableLabel: t.perRule }}
            wrapLines
            columnDefinitions={rulesColumns}
          />
        )}
        {changes.length === 0 ? null : (
          <Table
            variant="embedded"
            header={<Header variant="h3">{t.firstDevices(Math.min(mostShown, changes.length), changes.length)}</Header>}
            items={changes.slice(0, mostShown)}
            trackBy={devicePath}
            ariaLabels={{ tableLabel: t.planTitle }}
            wrapLines
            columnDefinitions={devicesColumns}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}
