/** A healthy relay beside a cloud and a Traveler server, in which a test breaks one thing; and the doctor run on it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { egressOf } from '../../../relay/connection/egress.ts';
import { checks } from '../../../relay/doctor/checks.ts';
import { doctorContextOf } from '../../../relay/doctor/doctor-context.ts';
import { reportOf } from '../../../relay/doctor/format-finding.ts';
import { type CheckResult, runChecks } from '../../../relay/doctor/run-checks.ts';
import { enrol } from '../../../relay/identity/enrol.ts';
import { type FakeCloud, type FakeCloudOptions, fakeCloud } from '../fake-cloud.ts';
import { dataFolder, relay, writeConfiguration } from '../relay-process.ts';

export type Report = ReturnType<typeof reportOf> & { out: string };

type Wanted = {
  cloud?: FakeCloudOptions;
  traveler?: Parameters<typeof startTravelerSimulator>[0];
  /** Overrides the usual configuration. */
  configuration?: object;
  environment?: NodeJS.ProcessEnv;
};

export async function setUp({
  cloud: cloudOptions = {},
  traveler: travelerOptions = {},
  configuration = {},
  environment = {},
}: Wanted = {}) {
  const cloud: FakeCloud = await fakeCloud(cloudOptions);
  const traveler: TravelerSimulator = await startTravelerSimulator({ devices: 30, ...travelerOptions });
  const dataDir = dataFolder();
  const ca = cloudOptions.tls ? { caFile: 'ca.pem' } : {};
  if (cloudOptions.tls) writeFileSync(join(dataDir, 'ca.pem'), cloudOptions.tls.cert);
  const usual = {
    traveler: { url: traveler.url, credentials: traveler.credentials },
    console: { by: 'rest' },
    health: { port: 0 },
    ...ca,
  };
  writeConfiguration(dataDir, usual);
  const dispatcher = egressOf({ ca: cloudOptions.tls?.cert });
  await enrol({ cloudUrl: cloud.url, token: cloud.token('acme'), dataDir, dispatcher, again: false });
  await dispatcher.destroy();
  writeConfiguration(dataDir, { ...usual, ...configuration });
  const file = (name: string) => join(dataDir, name);
  return {
    cloud,
    traveler,
    dataDir,
    file,
    environment,
    usual,
    configure: (changed: object) => writeConfiguration(dataDir, { ...usual, ...changed }),
    identity(change: (was: Record<string, unknown>) => object): void {
      const was = JSON.parse(readFileSync(file('identity.json'), 'utf8'));
      writeFileSync(file('identity.json'), JSON.stringify({ ...was, ...change(was) }), { mode: 0o600 });
    },
    async examine(): Promise<Report> {
      const places = { config: file('relay.json'), data: dataDir };
      const found: CheckResult[] = [];
      const patient = doctorContextOf({ places, environment, platform: process.platform, timeoutMs: 1_500 });
      for await (const one of runChecks(checks, patient)) found.push(one);
      const report = reportOf(found);
      return { ...report, out: JSON.stringify(report) };
    },
    /** As a person runs it, in a separate process. */
    run: (...options: string[]) => relay(['doctor', ...options], { dataDir, environment }),
    async close() {
      await traveler.stop();
      await cloud.close();
    },
  };
}
export type SetUp = Awaited<ReturnType<typeof setUp>>;
