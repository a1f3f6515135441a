/** The rule packs that a deployment must pass. An acknowledgement is beside the resource it concerns, with its reason. */
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';

export const rulePacks = [AwsSolutionsChecks, ServerlessChecks] as const;

/** Any finding fails the synthesis. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(...rulePacks.map((Pack) => new Pack(app)));
}
