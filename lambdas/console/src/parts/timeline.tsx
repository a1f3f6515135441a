/** Everything that happened to a device, newest first. */
import Box from '@cloudscape-design/components/box';
import Steps, { type StepsProps } from '@cloudscape-design/components/steps';
import type { TimelineLine } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { At } from '../time.tsx';

const stepStatus: Record<string, StepsProps.Status> = {
  discovered: 'success',
  returned: 'success',
  released: 'success',
  action: 'success',
  quarantined: 'warning',
  missing: 'warning',
  'guard-tripped': 'warning',
  removed: 'stopped',
};

export function Timeline({ entries }: { entries: readonly TimelineLine[] }) {
  if (entries.length === 0) return <Box color="text-body-secondary">{texts.device.noTimeline}</Box>;
  return (
    <Steps
      ariaLabel={texts.device.timeline}
      steps={entries.map((entry) => ({
        status: stepStatus[entry.kind] ?? 'info',
        statusIconAriaLabel: entry.kind,
        header: <bdi>{entry.says}</bdi>,
        details: (
          <Box color="text-body-secondary" variant="small">
            <At at={entry.at} />
          </Box>
        ),
      }))}
    />
  );
}
