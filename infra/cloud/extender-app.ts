/** The CDK app: two stacks by lifetime, the same for a deployment and for the local stack. */
import { type App, DefaultStackSynthesizer, type IStackSynthesizer } from 'aws-cdk-lib';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { Bundles } from './function-factory.ts';
import { ServiceStack } from './service-stack.ts';
import { StateStack } from './state-stack.ts';

export const stackNames = { state: 'TravelerExtenderState', service: 'TravelerExtenderService' } as const;

/** Adds both stacks to `app`. Account and region come from the environment of the deployment. */
export function addStacks(app: App, configuration: RuntimeConfiguration, { bundles }: { bundles: Bundles }) {
  const state = new StateStack(app, stackNames.state, {
    description: 'Traveler Extender: tables, key, users and bus. Holds all data; never delete it lightly',
    ...common('state'),
  });
  const service = new ServiceStack(app, stackNames.service, {
    description: 'Traveler Extender: functions, queues, schedule and API. Can be removed and deployed again',
    configuration,
    state,
    bundles,
    ...common('service'),
  });
  return { state, service };
}

/** CloudFormation puts a stack's tags on every resource that it creates, so that costs can be split by them. */
function common(lifetime: 'state' | 'service') {
  return {
    tags: { product: 'traveler-extender', lifetime },
    // The deploy command checks the version of the bootstrap stack anyway. (The cast: its optional fields are typed loosely.)
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer,
  };
}
