import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

/** A package of which a bundle contains parts. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** Its licences and notices, including those of code that it embeds. */
  readonly texts: readonly string[];
}

const ourTexts = ['../../NOTICE', '../../LICENSE'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * Writes bundles, each with the licences of its contents in a comment at its end.
 * @throws Error if NOTICE lacks the licence of a bundled package.
 */
export async function writeBundles(options: BuildOptions): Promise<void> {
  const { outputFiles, metafile } = await build({
    ...options,
    ...{ bundle: true, legalComments: 'none', logLevel: 'warning' },
    ...{ write: false, metafile: true },
  });
  const notice = ourTexts.map((path) => readFileSync(path, 'utf8')).join('\n');
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [resolve(path), output]));
  for (const { path, text } of outputFiles) {
    const packages = bundledPackages(outputs.get(path) ?? { inputs: {} });
    requireNotice(basename(path), packages, notice);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text + licenceComment(packages));
  }
}

/** Third-party packages in a bundle, each once. */
export function bundledPackages({
  inputs,
}: {
  readonly inputs: Readonly<Record<string, unknown>>;
}): BundledPackage[] {
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

/** @throws Error that names every package of a bundle missing in `notice`. */
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

/** The licences of all packages as a script comment that is safe within a page. */
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
    // Licences of embedded code: ECharts keeps d3's there.
    ...filesIn(join(folder, 'licenses'), /./),
  ];
  // A browser reads CR LF as LF, which would change the hash, and the page's policy would block the script.
  return files.map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim());
}

/** Removes line breaks, indentation and list marks, which may differ. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
