import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles script and style of the report page, each into one file that needs no other. @param folder is made. */
export async function compilePage(folder: string): Promise<void> {
  const source = (name: string) => fileURLToPath(new URL(`../../src/page/${name}`, import.meta.url));
  await build({
    entryPoints: { page: source('main.ts') },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
  });
  await build({
    entryPoints: [source('page.css')],
    outdir: folder,
    minify: true,
    logLevel: 'warning',
  });
}
