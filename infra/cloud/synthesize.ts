/** The same template in process, for the local stack and the tests: no command line, account, Docker or network. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import { bundleFunctions, emptyBundles } from './bundle.ts';
import { addStacks } from './extender-app.ts';

export type SynthesizeOptions = {
  /** Where templates and bundles go (`<outdir>/bundles/<function>`); a new temporary folder by default. */
  outdir?: string;
  /** `skip`: function folders without code, where only the template matters. */
  bundles?: 'build' | 'skip';
};

/**
 * Two stacks, in the order of their dependency: `assembly.stacks` has templates and asset manifests. Each function's
 * metadata `aws:asset:path` is the absolute folder of its bundle.
 */
export async function synthesize(configuration: RuntimeConfiguration, options: SynthesizeOptions = {}): Promise<CloudAssembly> {
  const outdir = options.outdir ?? (await mkdtemp(join(tmpdir(), 'traveler-extender-')));
  const makeBundles = options.bundles === 'skip' ? emptyBundles : bundleFunctions;
  const bundles = await makeBundles(configuration, { directory: join(outdir, 'bundles') });
  const app = new App({ ...inProcess, outdir });
  addStacks(app, configuration, { bundles });
  return app.synth();
}

/** The same as in cdk.json: both ways must produce the same template. */
export const context = {
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/core:checkSecretUsage': true,
  // An export in use cannot be deleted: this protects the state stack.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
};
/**
 * Leaves out what only a deployment checks and records (CloudFormation's validation, the construct tree): saves three of four
 * seconds. Bundles are used in place; each function's metadata names the folder.
 */
const inProcess = {
  analyticsReporting: false,
  builtinCloudFormationValidation: false,
  treeMetadata: false,
  context: { ...context, 'aws:cdk:disable-asset-staging': true, 'aws:cdk:enable-asset-metadata': true },
};
