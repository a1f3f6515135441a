/** The console's page, built by Vite once per state of its sources: a second start takes what the first one built. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = join(root, 'lambdas/console');
const cache = join(root, 'node_modules/.cache/traveler-extender');

/** Copies the built page to `directory`; nothing where the checkout has no page. */
export async function addConsoleAssets(directory: string): Promise<void> {
  if (!existsSync(join(page, 'index.html'))) return;
  const built = join(cache, `console-${await fingerprintOfSources()}`);
  if (!existsSync(built)) await buildTo(built);
  await cp(built, directory, { recursive: true });
}

/** Into a folder of its own, then renamed: another build at the same time never sees half of it. */
async function buildTo(target: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const outDir = await mkdtemp(join(cache, 'building-'));
  // Loaded only when there is something to build: most starts find it built.
  const { build } = await import('vite');
  // A temporary folder is its owner's alone; in the cloud another user reads it.
  await chmod(outDir, 0o755);
  await build({ root: page, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  await rename(outDir, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(outDir, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}

/** Of the page's own files, of the bench page that it shows, and of the lockfile, which fixes everything else in it. */
async function fingerprintOfSources(): Promise<string> {
  const entries = await readdir(page, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !/[\\/](dist|node_modules)([\\/]|$)/.test(entry.parentPath.slice(dirname(page).length)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of [...files, join(root, 'docs/bench.md'), join(root, 'package-lock.json')])
    hash.update(file.slice(root.length)).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
