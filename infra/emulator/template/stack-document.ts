/** A synthesized stack in the form that the reader expects: its template, and the folders of its code assets. */
import { resolve } from 'node:path';
import { z } from 'zod';

const resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  /** Rejected if present: the local stack does not support conditional resources. */
  Condition: z.string().optional(),
});
const template = z.strictObject({
  AWSTemplateFormatVersion: z.unknown().optional(),
  Description: z.unknown().optional(),
  Metadata: z.unknown().optional(),
  /** The bootstrap version and its rule concern CloudFormation's deployment only; parameters are resolved by their default. */
  Parameters: z.record(z.string(), z.object({ Default: z.unknown() })).default({}),
  Rules: z.unknown().optional(),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown(), Export: z.object({ Name: z.unknown() }).optional() })).default({}),
  Resources: z.record(z.string(), resource),
});
const fileAssets = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.object({ path: z.string().optional(), packaging: z.string().optional() }),
        destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
      }),
    )
    .default({}),
});

export type Template = z.infer<typeof template>;
export type ResourceDocument = z.infer<typeof resource>;
export type StackDocument = {
  name: string;
  template: Template;
  /** Folder of each code asset, by the object key under which a deployment would upload it. */
  codeDirs: ReadonlyMap<string, string>;
};

/** The parts of aws-cdk-lib's CloudAssembly that are needed here. */
type Artifact = object;
type Assembly = {
  directory: string;
  stacks: readonly { stackName: string; template: unknown; dependencies: readonly Artifact[] }[];
};

/** Every stack of a synthesized cloud assembly. Throws if a template has a section that the local stack does not support. */
export function stacksOf({ directory, stacks }: Assembly): StackDocument[] {
  return stacks.map(({ stackName, template: found, dependencies }) => ({
    name: stackName,
    template: parseTemplate(stackName, found),
    codeDirs: new Map(dependencies.flatMap((artifact) => ('contents' in artifact ? folders(directory, artifact.contents) : []))),
  }));
}

export function parseTemplate(stack: string, found: unknown): Template {
  const parsed = template.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new Error(`The template of stack ${stack} cannot be read by the local stack: ${z.prettifyError(parsed.error)}`);
}

function folders(directory: string, manifest: unknown): [string, string][] {
  return Object.values(fileAssets.parse(manifest).files).flatMap(({ source, destinations }) =>
    source.path !== undefined && source.packaging === 'zip'
      ? Object.values(destinations).map(({ objectKey }): [string, string] => [objectKey, resolve(directory, source.path ?? '')])
      : [],
  );
}
