import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Copies the font of the charts and its licence into `folder`. */
export function copyFont(folder: string): void {
  const require = createRequire(import.meta.url);
  const font = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
  mkdirSync(folder, { recursive: true });
  copyFileSync(font, `${folder}DejaVuSans.ttf`);
  copyFileSync(font.replace(/ttf[/\\]DejaVuSans\.ttf$/, 'LICENSE'), `${folder}LICENSE`);
}
