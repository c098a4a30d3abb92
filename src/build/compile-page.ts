import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeBundles } from './licences.js';

/** Bundles script and style of the report page, each into one self-contained file. */
export async function compilePage(folder: string): Promise<void> {
  const source = (name: string) => fileURLToPath(new URL(`../../src/page/${name}`, import.meta.url));
  await writeBundles({
    entryPoints: { page: source('main.ts') },
    outdir: folder,
    format: 'iife',
    target: 'es2022',
    minify: true,
  });
  await build({
    entryPoints: [source('page.css')],
    outdir: folder,
    minify: true,
    logLevel: 'warning',
  });
}
