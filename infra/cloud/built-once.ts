/** Builds made once per state of their sources: a second start reuses the build of the first. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, 'node_modules/.cache/traveler-extender');
/** Builds kept of each kind; older ones belong to earlier states of the sources. */
const kept = 4;

export type BuildOnce = {
  name: string;
  /** Files and folders, from the root of the checkout. */
  sources: readonly string[];
  /** Parts of `sources` that the build does not read. */
  except?: readonly string[];
  /** Builds into an empty folder; returns the files it read, from the root of the checkout. */
  build: (outdir: string) => Promise<string[]>;
};
/** What every build depends on: the packages, how imports are resolved, how TypeScript is read. */
const always = ['package.json', 'package-lock.json', 'tsconfig.json'];

/** Returns the folder of the finished build, to be copied and never written to. Throws if the build read more than `sources`. */
export async function builtOnce({ name, sources, except = [], build }: BuildOnce): Promise<string> {
  const all = [...sources, ...always];
  const isSource = (file: string) => all.some((source) => isWithin(file, source)) && !except.some((part) => isWithin(file, part));
  const files = (await Promise.all(all.map(filesOf))).flat().filter(isSource);
  const built = join(cache, `${name}-${await fingerprintOf(files)}`);
  if (await exists(built)) return built;
  await buildTo(built, async (outdir) => {
    const unforeseen = (await build(outdir)).filter((file) => !isWithin(file, 'node_modules') && !isSource(file));
    // A change in these files would leave an old build in use.
    if (unforeseen.length > 0) throw new Error(`The build of ${name} read more than its sources say: ${unforeseen.join(', ')}.`);
  });
  await removeOlder(name);
  return built;
}

/** Builds in a temporary folder, then renames it: a concurrent build never sees a partial result. */
async function buildTo(target: string, build: (outdir: string) => Promise<void>): Promise<void> {
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, `building-${basename(target)}-`));
  try {
    // A temporary folder is private to its owner; in the cloud another user reads it.
    await chmod(outdir, 0o755);
    await build(outdir);
    await rename(outdir, target);
  } catch (error) {
    await rm(outdir, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
}

async function removeOlder(name: string): Promise<void> {
  const folders = (await readdir(cache)).filter((folder) => folder.startsWith(`${name}-`)).map((folder) => join(cache, folder));
  // Another start may remove older builds concurrently: a folder that no longer exists counts as the oldest.
  const dated = await Promise.all(folders.map(async (folder) => ({ folder, at: await builtAt(folder) })));
  const older = dated.sort((one, other) => other.at - one.at).slice(kept);
  await Promise.all(older.map(({ folder }) => rm(folder, { recursive: true, force: true })));
}

/** Epoch ms; 0 for a folder that no longer exists. */
async function builtAt(folder: string): Promise<number> {
  try {
    return (await stat(folder)).mtimeMs;
  } catch (error) {
    if (isAbsent(error)) return 0;
    throw error;
  }
}

/** Throws if it cannot be determined whether the folder exists. */
async function exists(folder: string): Promise<boolean> {
  return (await builtAt(folder)) > 0;
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

async function fingerprintOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files.toSorted())
    hash
      .update(file)
      .update('\0')
      .update(await readFile(join(root, file)));
  return hash.digest('hex').slice(0, 16);
}

async function filesOf(source: string): Promise<string[]> {
  if ((await stat(join(root, source))).isFile()) return [source];
  const entries = await readdir(join(root, source), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Whether the file is this source, or within it. */
const isWithin = (file: string, source: string): boolean => file === source || file.startsWith(`${source}${sep}`);
