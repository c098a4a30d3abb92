import { fileURLToPath } from 'node:url';
import { writeBundles } from './licences.js';

/** Bundles script and style of the report page and of the live page, each into one self-contained file. */
export async function compilePage(folder: string): Promise<void> {
  const source = (name: string) => fileURLToPath(new URL(`../../src/page/${name}`, import.meta.url));
  await writeBundles({
    entryPoints: { page: source('main.ts'), live: source('live/main.tsx') },
    outdir: folder,
    format: 'iife',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  await writeBundles({
    entryPoints: { page: source('page.css'), live: source('live/live.css') },
    outdir: folder,
    minify: true,
  });
}
