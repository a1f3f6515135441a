/** The project's import graph, read from the import lines of its source files. Type-only imports count. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');
const aliases: Record<string, string> = {
  '#domain/': 'lambdas/domain/',
  '#adapters/': 'lambdas/adapters/',
  '#use-cases/': 'lambdas/use-cases/',
  '#functions/': 'lambdas/functions/',
  '#infra/': 'infra/',
  '#test/': 'test/',
};

/** A source file: its path from the root, with its ending, and its text. */
export type SourceFile = { file: string; source: string };
/** From each file or folder to those that it imports. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

export const comments = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
const imports =
  /(?<!['"`])(?:\bimport|\bexport)\b(?:[\s\w{},*$]*?\bfrom)?\s*['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]/g;

export function importsOf(source: string): string[] {
  return [...source.replace(comments, '').matchAll(imports)].map((found) => found[1] ?? found[2] ?? '');
}

/** A path from the root for our own files (`lambdas/domain/devices/device`), null for a package. */
export function resolve(file: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  const alias = Object.keys(aliases).find((prefix) => specifier.startsWith(prefix));
  return alias ? `${aliases[alias]}${specifier.slice(alias.length)}` : null;
}

export function productFiles(): SourceFile[] {
  return ['lambdas', 'infra', 'relay'].flatMap(filesIn).map((file) => ({ file, source: readFileSync(join(root, file), 'utf8') }));
}

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file));
}

/** Of files to files; packages and data files are left out. */
export function fileGraph(files: readonly SourceFile[]): Graph {
  const known = new Set(files.map(({ file }) => file));
  const asFile = (path: string) => [path, `${path}.ts`, `${path}.tsx`].find((name) => known.has(name));
  return new Map(
    files.map(({ file, source }) => [
      file,
      new Set(
        importsOf(source).flatMap((specifier) => {
          const target = resolve(file, specifier);
          return (target && asFile(target)) ?? [];
        }),
      ),
    ]),
  );
}

/** The same graph between folders; `folderOf` names a file's folder, or the file itself. A folder's imports of itself are left out. */
export function folderGraph(graph: Graph, folderOf: (file: string) => string): Graph {
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of graph) {
    const from = folderOf(file);
    const out = folders.get(from) ?? new Set<string>();
    folders.set(from, out);
    for (const target of targets) if (folderOf(target) !== from) out.add(folderOf(target));
  }
  return folders;
}

/** Each cycle once, as the path that closes it: `['a', 'b', 'a']`. */
export function cyclesOf(graph: Graph): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  function visit(node: string): void {
    const at = path.indexOf(node);
    if (at >= 0) cycles.push([...path.slice(at), node]);
    if (at >= 0 || done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  }
  for (const node of graph.keys()) visit(node);
  return cycles;
}
