import type { CustomSeriesOption } from 'echarts';
import { figure, limitLine } from './frame.js';
import type { Point } from './reduce.js';
import type { Theme } from './theme.js';

/** A bar for each item `[from, to, height]`: bars of any width on an axis of numbers. */
export function bar(fill: string): Pick<CustomSeriesOption, 'encode' | 'renderItem' | 'clip'> {
  return {
    encode: { x: [0, 1], y: 2, tooltip: [0, 1, 2] },
    clip: true,
    renderItem: (_, api) => {
      const [left = 0, top = 0] = api.coord([api.value(0), api.value(2)]);
      const [right = 0, bottom = 0] = api.coord([api.value(1), 0]);
      const gap = right - left > 4 ? 0.75 : 0;
      return {
        type: 'rect',
        shape: { x: left + gap, y: top, width: Math.max(0.8, right - left - 2 * gap), height: bottom - top },
        style: { fill },
      };
    },
  };
}

export const RANGE_OPACITY = 0.2;

/** A faint box for each item `[from, to, least, greatest]`. */
export function rangeBoxes(fill: string): Pick<CustomSeriesOption, 'encode' | 'renderItem' | 'clip'> {
  return {
    encode: { x: [0, 1], y: [2, 3], tooltip: [2, 3] },
    clip: true,
    renderItem: (_, api) => {
      const [left = 0, top = 0] = api.coord([api.value(0), api.value(3)]);
      const [right = 0, bottom = 0] = api.coord([api.value(1), api.value(2)]);
      return {
        type: 'rect',
        shape: { x: left, y: top, width: right - left, height: Math.max(1, bottom - top) },
        style: { fill, opacity: RANGE_OPACITY },
      };
    },
  };
}

/** A dot for each request, and the objective for what they are drawn by as a line. @param unit of the limit. */
export function requestDots(
  theme: Theme,
  points: readonly Point[],
  { limit, unit }: { readonly limit: number | undefined; readonly unit: string },
) {
  return {
    type: 'scatter' as const,
    name: 'Request',
    data: points.map((point) => [...point]),
    symbolSize: points.length > 1500 ? 3.5 : 6,
    color: theme.first,
    itemStyle: { opacity: points.length > 300 ? 0.55 : 0.85 },
    ...(limit === undefined
      ? {}
      : { markLine: limitLine(theme, `SLO ${figure(limit)} ${unit}`, { yAxis: limit }) }),
  };
}
