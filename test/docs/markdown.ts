/** What the tests of the documentation read of a Markdown file: its links, its headings' anchors, and the files that it names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

export type Link = { target: string; line: number };

/** The page without its blocks of code. Line numbers stay. */
const withoutBlocks = (text: string): string => text.replace(/^( *)```[\s\S]*?^\1```/gm, (block) => block.replace(/[^\n]/g, ''));

/** Targets of links and pictures, not those within code. */
export function linksOf(text: string): Link[] {
  return withoutBlocks(text)
    .replace(/`[^`\n]*`/g, (span) => ' '.repeat(span.length))
    .split('\n')
    .flatMap((content, index) =>
      [...content.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => ({ target, line: index + 1 })),
    );
}

/** Anchors of the headings, as GitHub derives them. A repeated heading has a number at its end. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, title = ''] of withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * Paths from the root that are named in code spans: `lambdas/domain/devices/device.ts`. Patterns and build output are left out.
 */
export function pathsNamed(text: string): string[] {
  const spans = [...withoutBlocks(text).matchAll(/`((?:lambdas|infra|relay|test|docs)\/(?!dist\b)[\w./-]+)`/g)];
  return spans.map(([, path = '']) => path);
}

/** One sentence per relative link of `file` that leads nowhere. Paths are from the root. */
export function brokenLinks(file: string, text: string): string[] {
  return linksOf(text).flatMap(({ target, line }) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#', 2);
    const to = path === '' ? file : posix.join(posix.dirname(file), path);
    if (!existsSync(to)) return [`${file}:${line}: ${target} does not exist`];
    if (anchor === undefined || !to.endsWith('.md')) return [];
    const there = to === file ? text : readFileSync(to, 'utf8');
    return anchorsOf(there).has(anchor) ? [] : [`${file}:${line}: ${target} is no heading`];
  });
}

/** The pages of the repository. */
export const pages = (): string[] => [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`)
    .sort(),
];
