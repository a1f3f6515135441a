/** What is stored about a device, and what its server shows. */
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { ExplainedDevice } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { accessWords, approvalWords, clientWord, presenceWords, wipeWords } from '../texts/words.ts';
import { Ago } from '../time.tsx';
import { Name } from './verdict.tsx';

export function DeviceFacts({ device }: { device: ExplainedDevice }) {
  const { provider, type, lastSync, heldSince, decidedAt } = device;
  return (
    <Container header={<Header variant="h2">{texts.device.facts}</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'User', value: <Name>{device.user}</Name> },
          { label: 'Device id', value: <bdi className="whole">{device.deviceId}</bdi> },
          { label: 'Source', value: <Name>{device.sourceId}</Name> },
          { label: 'Client', value: clientWord(device.client) },
          { label: 'Model', value: <Name>{[provider, type].filter(Boolean).join(', ') || '–'}</Name> },
          { label: 'Presence', value: presenceWords[device.state] ?? device.state },
          { label: 'First seen', value: <Ago at={device.firstSeen} /> },
          { label: 'Last sync', value: lastSync === null ? '–' : <Ago at={lastSync} /> },
          { label: 'Held since', value: heldSince === null ? '–' : <Ago at={heldSince} /> },
          { label: 'Connected before Auto-Quarantine', value: device.existing ? 'yes' : 'no' },
          { label: 'Decided', value: decidedAt === null ? '–' : <Ago at={decidedAt} /> },
          { label: 'By settings version', value: device.settingsVersion ?? '–' },
        ]}
      />
    </Container>
  );
}

export function ServerFacts({ device: { approval, access, wipe } }: { device: ExplainedDevice }) {
  const allowed = access === 'allow' && approval !== 'pending' && approval !== 'denied';
  return (
    <Container header={<Header variant="h2">{texts.device.server}</Header>}>
      <KeyValuePairs
        columns={3}
        minColumnWidth={200}
        items={[
          {
            label: 'Approval',
            value: (
              <StatusIndicator type={approval === 'pending' ? 'pending' : allowed ? 'success' : 'stopped'}>
                {approvalWords[approval] ?? approval}
              </StatusIndicator>
            ),
          },
          { label: 'Access', value: accessWords[access] ?? access },
          { label: 'Wipe', value: wipeWords[wipe] ?? wipe },
        ]}
      />
    </Container>
  );
}
