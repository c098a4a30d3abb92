import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import { packageFile } from '../util/package-file.js';

const font = fileURLToPath(packageFile('assets/fonts/DejaVuSans.ttf'));

/** Pixels of the picture for one of the drawing. */
export const pixelRatio = 2;

/** Paints an SVG document as PNG, with the font that ships with the package and no other. */
export function svgToPng(svg: string): Buffer {
  const fonts = { loadSystemFonts: false, fontFiles: [font], defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: pixelRatio }, font: fonts }).render().asPng();
}
