/**
 * Builds each function's bundle: one ESM file with all its code, and the configuration beside it; for the console also its
 * page. In process, without Docker or network.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import { type FunctionName, functionVariables } from '#domain/runtime/environment';
import { builtOnce } from './built-once.ts';
import { addConsoleAssets } from './console-assets.ts';
import type { Bundles } from './function-factory.ts';
import { leanImports } from './lean-imports.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Reachable without a token, and independent of the configuration. */
const openToAnyone: ReadonlySet<FunctionName> = new Set(['console', 'sign-in']);
const functionNames = Object.keys(functionVariables) as FunctionName[];
const handlerOf = (name: FunctionName) => join(root, 'lambdas/functions', name, 'handler.ts');

/**
 * Writes `<directory>/<function>/index.mjs` and `configuration.json` for every function, and the console's files under
 * `<directory>/console/assets`. Replaces what was there. Throws an error that names every missing handler, or esbuild's own error.
 */
export async function bundleFunctions(
  configuration: RuntimeConfiguration,
  { directory }: { directory: string },
): Promise<Bundles> {
  const missing = functionNames.filter((name) => !existsSync(handlerOf(name)));
  if (missing.length > 0)
    throw new Error(`Cannot bundle: no handler at ${missing.map((name) => `lambdas/functions/${name}/handler.ts`).join(', ')}.`);
  const bundles = await emptyBundles(configuration, { directory });
  await Promise.all([addCode(directory), addConsoleAssets(join(bundles.console, 'assets'))]);
  return bundles;
}

/** Creates the folders with the configuration but no code: enough to synthesize a template, not to run it. */
export async function emptyBundles(configuration: RuntimeConfiguration, { directory }: { directory: string }): Promise<Bundles> {
  const folders = functionNames.map((name) => [name, join(directory, name)] as const);
  await rm(directory, { recursive: true, force: true });
  await Promise.all(
    folders.map(async ([name, folder]) => {
      await mkdir(folder, { recursive: true });
      if (!openToAnyone.has(name)) await writeFile(join(folder, 'configuration.json'), JSON.stringify(configuration));
    }),
  );
  return Object.fromEntries(folders) as Bundles;
}

/** One ESM file of minified code that needs only Node 24. Also used to measure bundles. */
export const bundleOptions = {
  absWorkingDir: root,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // The SDK's ESM build can be tree-shaken.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'silent',
  // CommonJS parts (undici) load Node's modules with `require`.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  ...leanImports(root),
} satisfies BuildOptions;

async function addCode(directory: string): Promise<void> {
  const built = await builtOnce({
    name: 'functions',
    sources: ['lambdas', 'infra/cloud'],
    except: ['lambdas/console'],
    build: compile,
  });
  await cp(built, directory, { recursive: true });
}

async function compile(outdir: string): Promise<string[]> {
  const entryPoints = functionNames.map((name) => ({ in: handlerOf(name), out: `${name}/index` }));
  // Loaded only if there is something to build.
  const { build } = await import('esbuild');
  const { metafile } = await build({ ...bundleOptions, entryPoints, outdir, metafile: true });
  return Object.keys(metafile.inputs);
}
