/** `npm run build:relay`: the relay as one file that runs with plain Node 24, with the Notes script beside it. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { leanImports } from './cloud/lean-imports.ts';

const root = join(import.meta.dirname, '..');

/** `to`: the folder; relay.mjs and traveler-notes.ps1 are written there. */
export async function buildRelay(to: string): Promise<string> {
  mkdirSync(to, { recursive: true });
  const outfile = join(to, 'relay.mjs');
  await build({
    entryPoints: [join(root, 'relay/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    banner: {
      // Some bundled libraries still load Node's modules with `require`.
      js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
    // Code that is left out uses no memory (bench, row 13).
    ...leanImports(root, 'undici-relay.js'),
    external: ['pino-pretty'],
  });
  copyFileSync(join(root, 'relay/notes/traveler-notes.ps1'), join(to, 'traveler-notes.ps1'));
  return outfile;
}

if (import.meta.main) console.log(`written: ${await buildRelay(join(root, 'relay/dist'))}`);
