import { init, setPlatformAPI, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { plainText } from '../util/plain-text.js';
import type { ChartOption } from './chart.js';
import { parts } from './echarts-parts.js';

/** Of every picture, in CSS pixels. */
export const size = { width: 1000, height: 560 } as const;

use([...parts, SVGRenderer]);

// Without a canvas ECharts takes widths of Helvetica, and DejaVu Sans is wider.
setPlatformAPI({
  measureText(text, font) {
    const fontSize = Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? 12);
    return { width: fontSize * Array.from(text, widthOf).reduce((sum, width) => sum + width, 0) };
  },
});

/** Of a character of DejaVu Sans, nearly, in ems. */
function widthOf(character: string): number {
  // Heights of lines are taken from the width of a Chinese one.
  if (character > '\u2e80') return 1;
  if (/[0-9]/.test(character)) return 0.636;
  if (/[ .,:;|!'()ijl-]/.test(character)) return 0.34;
  return /[A-Zmw%+=]/.test(character) ? 0.76 : 0.58;
}

/** Draws a chart as an SVG document. */
export function chartSvg(option: ChartOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption(option);
    return plainText(chart.renderToSVGString());
  } finally {
    // Else the process never ends.
    chart.dispose();
  }
}
