/** The console's page, built by Vite. */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from './built-once.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = join(root, 'lambdas/console');

/** Copies the built page to `directory`; does nothing if the checkout has no page. */
export async function addConsoleAssets(directory: string): Promise<void> {
  if (!existsSync(join(page, 'index.html'))) return;
  const built = await builtOnce({
    name: 'console',
    // The page also contains the bench results and the list prices.
    sources: [
      'lambdas/console',
      'lambdas/domain/actions/action.ts',
      'lambdas/domain/devices',
      'lambdas/domain/runtime/list-prices.ts',
      'docs/bench.md',
    ],
    except: ['lambdas/console/dist'],
    build: buildPage,
  });
  await cp(built, directory, { recursive: true });
}

async function buildPage(outDir: string): Promise<string[]> {
  // Loaded only if there is something to build: most starts find it built.
  const { build } = await import('vite');
  const read: string[] = [];
  const listed = { name: 'what-is-read', moduleParsed: ({ id }: { id: string }) => void read.push(id) };
  await build({ root: page, logLevel: 'error', plugins: [listed], build: { outDir, emptyOutDir: true } });
  // Leaves out Vite's virtual modules (`\0…`) and strips query suffixes such as `?raw`.
  return read.filter((id) => isAbsolute(id)).map((id) => relative(root, id.replace(/\?.*$/, '')));
}
