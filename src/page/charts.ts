import { type ECharts, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { ChartOption } from '../charts/chart.js';
import { comparisonCharts } from '../charts/comparison-charts.js';
import { parts } from '../charts/echarts-parts.js';
import { runCharts } from '../charts/run-charts.js';
import { themes } from '../charts/theme.js';
import { currentTheme } from './theme.js';
import { offerZoom, shownPart } from './zoom.js';

use([...parts, CanvasRenderer]);

/** Every chart that a page may hold. */
const drawings = [...runCharts, ...comparisonCharts];

const redraws: (() => void)[] = [];

/** Draws the charts of each run when they are first seen. */
export function drawCharts(): void {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) continue;
      seen.unobserve(target);
      drawAll(target).catch((thrown: unknown) =>
        target.prepend(`The charts cannot be drawn: ${String(thrown)}`),
      );
    }
  });
  for (const box of document.querySelectorAll('.charts')) seen.observe(box);
}

/** Draws what has been drawn again, in the colours of now. */
export function redrawCharts(): void {
  for (const redraw of redraws) redraw();
}

async function drawAll(box: HTMLElement): Promise<void> {
  const data = await dataOf(box.dataset.charts ?? '');
  const overTime: ECharts[] = [];
  for (const plot of box.querySelectorAll<HTMLElement>('.plot')) {
    const drawing = drawings.find(({ name }) => name === plot.dataset.name);
    if (drawing === undefined) continue;
    const chart = init(plot, undefined, { renderer: 'canvas' });
    const isOverTime = drawing.name.endsWith('_over_time');
    const draw = () => {
      const part = shownPart(chart);
      const option = drawing.option(data[drawing.name], themes[currentTheme()]);
      // At once: the points are few, and drawn piece by piece they would seem to be fewer.
      chart.setOption({ ...option, progressive: 0 }, true);
      chart.setOption(fitting(plot, Array.isArray(option.grid) ? option.grid.length : 1));
      if (part !== undefined) chart.dispatchAction({ type: 'dataZoom', ...part });
    };
    draw();
    explain(plot, chart);
    redraws.push(draw);
    new ResizeObserver(() => {
      chart.resize();
      draw();
    }).observe(plot);
    if (isOverTime) overTime.push(chart);
  }
  if (overTime.length > 0) offerZoom(box, overTime);
  box.dataset.drawn = 'yes';
}

/**
 * What fits a chart that is laid out as a large picture into a figure of the page, whose caption has its title.
 * @param parts of the picture, one above the other.
 */
function fitting(plot: HTMLElement, parts: number): ChartOption {
  const { clientWidth: width, clientHeight: height } = plot;
  const top = width < 520 ? 88 : 44;
  const share = (height - top) / parts;
  return {
    title: { show: false },
    legend: { top: 8, left: 12, right: 12, itemGap: 12, itemWidth: 12, textStyle: { fontSize: 12 } },
    ...(parts === 1
      ? {
          grid: { top, left: 16, bottom: 12 },
          // An axis ends where the run does, which is seldom a round number.
          xAxis: { axisLabel: { showMaxLabel: false } },
        }
      : {
          grid: Array.from({ length: parts }, (_, i) => ({
            top: top + i * share,
            height: share - AXIS_HEIGHT,
          })),
        }),
  };
}

/** Labels below a part of a chart. */
const AXIS_HEIGHT = 48;

/** Puts what a chart says of itself under its title. */
function explain(plot: HTMLElement, chart: ECharts): void {
  const { title } = chart.getOption();
  const first: unknown = Array.isArray(title) ? title[0] : title;
  const note = plot.parentElement?.querySelector('figcaption small');
  if (note && typeof first === 'object' && first !== null && 'subtext' in first) {
    note.textContent = String(first.subtext);
  }
}

async function dataOf(id: string): Promise<Record<string, unknown>> {
  const base64 = document.getElementById(id)?.textContent ?? '';
  const compressed = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}
