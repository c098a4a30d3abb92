import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Puts what `charts/svg.js` uses of ECharts into it, so that the package needs no other. */
export async function bundleCharts(): Promise<void> {
  const module = fileURLToPath(new URL('../charts/svg.js', import.meta.url));
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
