import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Modules that what they use of a library is put into: the package needs no other, and they load fast. */
const modules = ['../charts/svg.js', '../config/zod.js'];

export async function bundleLibraries(): Promise<void> {
  await Promise.all(modules.map((module) => bundle(fileURLToPath(new URL(module, import.meta.url)))));
}

async function bundle(module: string): Promise<void> {
  await build({
    entryPoints: [module],
    outfile: module,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });
}

/** Copies the font of the charts, with its licence, into `folder`. */
export function copyFont(folder: string): void {
  const require = createRequire(import.meta.url);
  const font = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
  mkdirSync(folder, { recursive: true });
  copyFileSync(font, `${folder}DejaVuSans.ttf`);
  copyFileSync(font.replace(/ttf[/\\]DejaVuSans\.ttf$/, 'LICENSE'), `${folder}LICENSE`);
}
