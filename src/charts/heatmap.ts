import { withThousands } from '../util/counted.js';
import type { RunChart } from './chart.js';
import { figure, frame, named, requestsWords, timeAxis, yAxis } from './frame.js';
import { axisEnd } from './histogram.js';
import { latency } from './measures.js';
import { niceStep } from './reduce.js';

interface Heatmap {
  readonly subtitle: string;
  readonly seconds: number;
  readonly most: number;
  /** Of a cell: seconds and ms. */
  readonly width: number;
  readonly height: number;
  /** Of those that are not empty: start, least latency, requests. */
  readonly cells: readonly (readonly [from: number, above: number, requests: number])[];
}

const ACROSS = 90;
const UP = 40;

/** How many requests were sent when and took how long. */
export const latencyHeatmap: RunChart<Heatmap> = {
  name: 'latency_heatmap',
  title: 'Request latency over time, by number of requests',
  data(run) {
    const sorted = run.sorted(latency.metric);
    if (sorted.length === 0 || run.seconds === 0) return undefined;
    const most = axisEnd(sorted);
    const [width, height] = [niceStep(run.seconds / ACROSS), niceStep(most / UP)];
    const rows = Math.ceil((most + height / 1e6) / height);
    const counts = new Map<number, number>();
    let beyond = 0;
    for (let row = 0; row < run.length; row++) {
      const value = run.value(latency.metric, row);
      if (Number.isNaN(value)) continue;
      if (value > most) beyond++;
      const cell =
        Math.floor(run.startS(row) / width) * rows + Math.min(rows - 1, Math.floor(value / height));
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    return {
      subtitle: [
        requestsWords(run),
        `cells of ${figure(width)} s and ${figure(height)} ${latency.unit}`,
        ...(beyond === 0
          ? []
          : [`the top row holds ${withThousands(beyond)} above ${figure(most)} ${latency.unit}`]),
      ].join('; '),
      seconds: run.seconds,
      most: rows * height,
      width,
      height,
      cells: [...counts].map(([cell, requests]) => [
        Math.floor(cell / rows) * width,
        (cell % rows) * height,
        requests,
      ]),
    };
  },
  option({ subtitle, seconds, most, width, height, cells }, theme) {
    const base = frame(theme, latencyHeatmap.title, subtitle);
    const y = yAxis(theme, named(latency.label, latency.unit));
    const least = Math.min(...cells.map(([, , requests]) => requests));
    const greatest = Math.max(...cells.map(([, , requests]) => requests));
    return {
      ...base,
      legend: { show: false },
      grid: { ...base.grid, top: 84, right: 120 },
      visualMap: {
        type: 'continuous',
        dimension: 2,
        min: least === greatest ? 0 : least,
        max: greatest,
        orient: 'vertical',
        right: 16,
        top: 84,
        itemHeight: 180,
        text: ['Requests', ''],
        textStyle: { color: theme.soft, fontSize: 12 },
        inRange: { color: [...theme.ramp] },
        formatter: (value) => withThousands(Math.round(Number(value))),
        calculable: true,
      },
      xAxis: timeAxis(theme, seconds),
      yAxis: { ...y, max: most, axisLabel: { ...y.axisLabel, showMaxLabel: false } },
      series: [
        {
          type: 'custom',
          name: 'Requests',
          data: cells.map((cell) => [...cell]),
          encode: { x: 0, y: 1, tooltip: [0, 1, 2] },
          clip: true,
          renderItem: (_, api) => {
            const [from, above] = [Number(api.value(0)), Number(api.value(1))];
            const [left = 0, bottom = 0] = api.coord([from, above]);
            const [right = 0, top = 0] = api.coord([Math.min(from + width, seconds), above + height]);
            return {
              type: 'rect',
              shape: { x: left, y: top, width: right - left + 0.3, height: bottom - top + 0.3 },
              style: { fill: String(api.visual('color')) },
            };
          },
        },
      ],
    };
  },
};
