/**
 * Entry of the CDK command line (cdk.json). The configuration file comes from `-c config=FILE`, else from the environment
 * variable EXTENDER_CONFIG, else it is docs/configuration.example.json, which suffices to synthesize.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { bundleFunctions } from '#infra/cloud/bundle';
import { ConfigurationError, readDeployedConfiguration } from '#infra/cloud/deployed-configuration';
import { addStacks } from '#infra/cloud/extender-app';
import { addChecks } from '#infra/cloud/nag';

const example = fileURLToPath(new URL('../docs/configuration.example.json', import.meta.url));

async function main(): Promise<void> {
  const app = new App({ analyticsReporting: false });
  const file = app.node.tryGetContext('config') ?? process.env.EXTENDER_CONFIG ?? example;
  const configuration = readDeployedConfiguration(resolve(String(file)));
  const bundles = await bundleFunctions(configuration, { directory: join(app.outdir, 'bundles') });
  addStacks(app, configuration, { bundles });
  addChecks(app);
  app.synth();
}

await main().catch((error: unknown) => {
  console.error(error instanceof ConfigurationError ? error.message : error);
  process.exitCode = 1;
});
