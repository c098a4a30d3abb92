import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeBundle } from './licences.js';

/** Bundles script and style of the report page, each into one self-contained file. @param folder is created. */
export async function compilePage(folder: string): Promise<void> {
  const source = (name: string) => fileURLToPath(new URL(`../../src/page/${name}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  await writeBundle({
    entryPoints: { page: source('main.ts') },
    outdir: folder,
    format: 'iife',
    target: 'es2022',
  });
  await build({
    entryPoints: [source('page.css')],
    outdir: folder,
    minify: true,
    logLevel: 'warning',
  });
}
