import type { RunChart } from './chart.js';
import { figure, frame, lineIcons, xAxis, yAxis } from './frame.js';
import { bar } from './marks.js';
import { fewDigits, type Point } from './reduce.js';
import type { Theme } from './theme.js';

/** The load of a run as planned and as achieved, slice by slice, where a shard of it was lost. */
export interface OfferedSlices {
  /** Mean requests in flight; false: requests sent. */
  readonly isInFlight: boolean;
  /** What the shards that are not complete are called together. */
  readonly lostName: string;
  /** Seconds since the start; `planned` is undefined where the plan does not tell. */
  readonly slices: readonly {
    readonly startSeconds: number;
    readonly endSeconds: number;
    readonly planned: number | undefined;
    readonly achieved: number;
    readonly lostAchieved: number;
  }[];
  /** When shards were lost, seconds since the start. */
  readonly losses: readonly { readonly text: string; readonly atSeconds: number }[];
}

interface OfferedData {
  readonly subtitle: string;
  readonly seconds: number;
  readonly axis: string;
  /** Their names, from the greatest bars to the least. */
  readonly names: readonly string[];
  /** Slice: start and end in seconds, and a height for each name. */
  readonly bars: readonly (readonly [from: number, to: number, ...heights: number[]])[];
  /** What was planned from each time on; empty where the plan does not tell. */
  readonly planned: readonly Point[];
  readonly losses: OfferedSlices['losses'];
}

/** More lines than this would hide the bars. */
const MOST_LOSSES = 4;

/** What was planned in each slice, and what of it was achieved by the lost shards and by the others. */
export const offeredLoadChart: RunChart<OfferedData> = {
  name: 'offered_load_over_time',
  title: 'Offered load over time',
  data: ({ offered }) => {
    if (offered === undefined || offered.slices.length === 0) return undefined;
    const { isInFlight, lostName, slices, losses } = offered;
    const isPlanned = slices.every(({ planned }) => planned !== undefined);
    const had = isInFlight ? 'in flight' : 'sent';
    const per = ({ startSeconds, endSeconds }: (typeof slices)[number]) =>
      isInFlight ? 1 : endSeconds - startSeconds;
    const steps = slices.map(
      (slice): Point => [slice.startSeconds, fewDigits((slice.planned ?? 0) / per(slice))],
    );
    const endSeconds = slices.at(-1)?.endSeconds ?? 0;
    return {
      subtitle: isInFlight
        ? 'mean requests in flight in each slice'
        : 'requests with a record, by the time at which they were sent',
      seconds: endSeconds,
      axis: isInFlight ? 'Requests in flight' : 'Requests/s',
      names: [...(isPlanned ? [`Planned, not ${had}`] : []), `${lostName}, ${had}`, `Other shards, ${had}`],
      bars: slices.map((slice) => {
        const { planned = 0, achieved, lostAchieved } = slice;
        const heights = [...(isPlanned ? [planned] : []), achieved, achieved - lostAchieved];
        const drawn = heights.map((height) => fewDigits(height / per(slice)));
        return [slice.startSeconds, slice.endSeconds, ...drawn] as const;
      }),
      planned: isPlanned ? [...steps, [endSeconds, steps.at(-1)?.[1] ?? 0]] : [],
      losses: losses.slice(0, MOST_LOSSES),
    };
  },
  option: ({ subtitle, seconds, axis, names, bars, planned, losses }, theme) => {
    const base = frame(theme, offeredLoadChart.title, subtitle);
    const fills = [theme.bad, theme.second, theme.first].slice(-names.length);
    return {
      ...base,
      legend: {
        ...base.legend,
        data: [
          ...(planned.length > 0 ? [{ name: 'Planned', icon: lineIcons.solid }] : []),
          ...names.map((name) => ({ name, icon: 'rect' })),
        ],
      },
      tooltip: { ...base.tooltip, valueFormatter: (value) => figure(Number(value)) },
      xAxis: { ...xAxis(theme, 'Time since the start (s)'), min: 0, max: seconds },
      yAxis: yAxis(theme, axis),
      series: [
        ...names.map((name, i) => ({
          type: 'custom' as const,
          name,
          color: fills[i] ?? theme.first,
          data: bars.map(([from, to, ...heights]) => [from, to, heights[i] ?? 0]),
          dimensions: ['from', 'to', name],
          ...bar(fills[i] ?? theme.first),
          ...(i === names.length - 1 ? { markLine: lossLines(theme, losses) } : {}),
        })),
        {
          type: 'line',
          name: 'Planned',
          data: planned.map((point) => [...point]),
          step: 'end',
          symbol: 'none',
          color: theme.ink,
          lineStyle: { width: 1.5 },
        },
      ],
    };
  },
};

/** A line where each shard was lost. */
function lossLines(theme: Theme, losses: OfferedSlices['losses']) {
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { color: theme.ink, width: 1.5, type: 'dashed' as const },
    label: { color: theme.ink, fontSize: 12, position: 'insideEndTop' as const },
    data: losses.map(({ text, atSeconds }) => ({ xAxis: atSeconds, label: { formatter: text } })),
  };
}
