/** One device: why it stands as it does, what would change that, what the server shows, and everything that happened to it. */
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Steps, { type StepsProps } from '@cloudscape-design/components/steps';
import { useState } from 'react';
import { devicePath, send } from './api.ts';
import { Verdict } from './devices.tsx';
import { type DeviceWithTimeline, deviceWithTimeline, type ExplainedDevice } from './schemas.ts';
import { ago, clientWords, texts } from './texts.ts';
import { useLive } from './use-live.ts';

export function DevicePanel({ device, now }: { device: ExplainedDevice; now: number }) {
  const live = useLive(devicePath(device), deviceWithTimeline, 1500);
  const shown = live.value ?? device;
  return (
    <SpaceBetween size="l">
      <Requests device={device} onDone={live.again} />
      <SpaceBetween size="xs">
        <Verdict device={shown} />
        <Box fontSize="heading-m">
          <bdi>{shown.evidence ?? 'Not decided yet.'}</bdi>
        </Box>
        {shown.wouldChange ? <Box color="text-body-secondary">What would change this: {shown.wouldChange}</Box> : null}
      </SpaceBetween>
      <Facts device={shown} now={now} />
      {live.value === null ? null : <Timeline entries={live.value.timeline} now={now} />}
    </SpaceBetween>
  );
}

function Requests({ device, onDone }: { device: ExplainedDevice; onDone(): void }) {
  const [said, setSaid] = useState<{ type: 'success' | 'error'; text: string } | null>(null);
  async function request(type: 'approve' | 'block') {
    try {
      const { sourceId, user, deviceId } = device;
      await send('/actions', { type, target: { sourceId, user, deviceId }, reason: 'Asked for in the console' });
      setSaid({
        type: 'success',
        text: `${type === 'approve' ? 'Approval' : 'Block'} requested; the timeline shows when the server has confirmed it.`,
      });
      onDone();
    } catch (error) {
      setSaid({ type: 'error', text: error instanceof Error ? error.message : String(error) });
    }
  }
  return (
    <SpaceBetween size="s">
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="primary" onClick={() => void request('approve')}>
          {texts.approve}
        </Button>
        <Button onClick={() => void request('block')}>{texts.block}</Button>
      </SpaceBetween>
      {said === null ? null : <Alert type={said.type}>{said.text}</Alert>}
    </SpaceBetween>
  );
}

function Facts({ device, now }: { device: ExplainedDevice; now: number }) {
  return (
    <KeyValuePairs
      columns={3}
      items={[
        { label: 'User', value: <bdi>{device.user}</bdi> },
        { label: 'Device id', value: <bdi>{device.deviceId}</bdi> },
        {
          label: 'Client',
          value: `${clientWords[device.client] ?? device.client}${device.provider ? `, ${device.provider}` : ''}`,
        },
        { label: 'On the server', value: `approval ${device.approval}, access ${device.access}, wipe ${device.wipe}` },
        { label: 'First seen', value: <span title={device.firstSeen}>{ago(device.firstSeen, now)}</span> },
        { label: 'Enrolment', value: device.match?.evidence || 'no match' },
        { label: 'Rule', value: device.rule ?? '–' },
        { label: 'Here before Auto-Quarantine', value: device.existing ? 'yes' : 'no' },
        { label: 'Presence', value: device.state },
      ]}
    />
  );
}

const stepStatus: Record<string, StepsProps.Status> = {
  verdict: 'info',
  discovered: 'success',
  action: 'success',
  missing: 'warning',
  removed: 'stopped',
};

function Timeline({ entries, now }: { entries: DeviceWithTimeline['timeline']; now: number }) {
  return (
    <Steps
      ariaLabel="Timeline"
      steps={entries.map((entry) => ({
        status: stepStatus[entry.kind] ?? 'info',
        header: <bdi>{entry.says}</bdi>,
        details: <span title={entry.at}>{ago(entry.at, now)}</span>,
      }))}
    />
  );
}
