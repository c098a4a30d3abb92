import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/** A package that a bundle holds parts of. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** Its licences and notices, also those of what it embeds itself. */
  readonly texts: readonly string[];
}

const ourTexts = ['../../NOTICE', '../../LICENSE'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * Writes a bundle of one file, with the licences of all that is in it as a comment at its end.
 * @throws Error where NOTICE does not have the licence of a package that is in it.
 */
export async function writeBundle(options: BuildOptions): Promise<void> {
  const { outputFiles, metafile } = await build({
    ...options,
    ...{ bundle: true, minify: true, legalComments: 'none', logLevel: 'warning' },
    ...{ write: false, metafile: true },
  });
  const [file, ...others] = outputFiles;
  if (file === undefined || others.length > 0) throw new Error('a bundle is to be one file');
  const packages = bundledPackages(metafile);
  requireNotice(basename(file.path), packages, ourTexts.map((path) => readFileSync(path, 'utf8')).join('\n'));
  writeFileSync(file.path, file.text + licenceComment(packages));
}

/** What a bundle holds parts of, our own code aside; a package that is there twice counts once. */
export function bundledPackages({ inputs }: Pick<Metafile, 'inputs'>): BundledPackage[] {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const packages = [...folders].map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { name, version, texts: licencesIn(folder) };
  });
  const byName = new Map(packages.map((found) => [`${found.name} ${found.version}`, found]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws Error that names every package of a bundle that `notice` does not list. */
export function requireNotice(bundle: string, packages: readonly BundledPackage[], notice: string): void {
  const listed = plain(notice);
  const missing = packages.filter(
    ({ name, texts }) =>
      texts.length === 0 ||
      !new RegExp(`(^| )${name}([ ,:]|$)`).test(listed) ||
      !texts.flatMap((text) => text.split(/\n\s*\n/)).every((paragraph) => listed.includes(plain(paragraph))),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ name, version }) => `${name} ${version}`).join(', ');
  throw new Error(`${bundle} holds ${names}: its name and the text of its licence must be in NOTICE`);
}

/** The licences of all packages as a comment of a script, which a page may hold. */
export function licenceComment(packages: readonly BundledPackage[]): string {
  if (packages.length === 0) return '';
  const parts = packages.map(({ name, version, texts }) => `${name} ${version}\n\n${texts.join('\n\n')}`);
  const text = `Third-party software in this file:\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}`;
  if (/\*\/|<\/(script|style)/i.test(text)) throw new Error('a licence would end the comment that holds it');
  return `/*!\n${text}\n*/\n`;
}

function licencesIn(folder: string): string[] {
  const filesIn = (of: string, pattern: RegExp) =>
    existsSync(of)
      ? readdirSync(of)
          .filter((name) => pattern.test(name))
          .sort()
          .map((name) => join(of, name))
      : [];
  const files = [
    ...filesIn(folder, /^(licen[cs]e|notice|copying)(\.\w+)?$/i),
    // Of what it embeds itself: ECharts keeps that of d3 there.
    ...filesIn(join(folder, 'licenses'), /./),
  ];
  // A browser reads CR LF as LF, and a script with another hash than its page's policy says is not run.
  return files.map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim());
}

/** Without what may differ: line breaks, indentation, marks of lists. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
