/** One figure: its label, its value, and a note in small print. */
import Box from '@cloudscape-design/components/box';
import type { ReactNode } from 'react';

export function Figure({ label, value, more = null }: { label: ReactNode; value: ReactNode; more?: ReactNode }) {
  return (
    <div>
      <Box variant="awsui-key-label">{label}</Box>
      <Box fontSize="heading-m" fontWeight="bold">
        {value}
      </Box>
      <Box variant="small" color="text-body-secondary">
        {more}
      </Box>
    </div>
  );
}
