import { counted, withThousands } from '../util/counted.js';
import type { ChartOption } from './chart.js';
import type { ChartRun } from './chart-run.js';
import { niceStep } from './reduce.js';
import type { Theme } from './theme.js';

/** Ships with the package; a browser that lacks it takes its own. */
const fontFamily = 'DejaVu Sans, system-ui, sans-serif';

/** Title, background and the behaviour that all charts share. */
export function frame(theme: Theme, title: string, subtitle: string) {
  return {
    animation: false,
    backgroundColor: theme.paper,
    textStyle: { fontFamily, color: theme.ink },
    title: {
      text: title,
      subtext: subtitle,
      left: 24,
      top: 16,
      itemGap: 6,
      textStyle: { fontSize: 18, fontWeight: 'normal', color: theme.ink },
      subtextStyle: { fontSize: 12.5, color: theme.soft },
    },
    grid: { left: 24, right: 32, top: 104, bottom: 24 },
    legend: {
      left: 24,
      top: 68,
      itemGap: 20,
      itemWidth: 18,
      itemHeight: 9,
      textStyle: { fontSize: 12.5, color: theme.ink },
      inactiveColor: theme.line,
    },
    tooltip: {
      backgroundColor: theme.paper,
      borderColor: theme.line,
      textStyle: { color: theme.ink, fontSize: 12.5 },
      confine: true,
    },
    dataZoom: [{ type: 'inside', xAxisIndex: 'all', filterMode: 'none' }],
  } as const satisfies ChartOption;
}

/** An axis of numbers with its name. */
export function axis(theme: Theme, name: string, nameGap: number) {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap,
    nameTextStyle: { fontSize: 12.5, color: theme.soft },
    axisLabel: { fontSize: 12, color: theme.soft, hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: theme.soft } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: theme.line } },
  } as const;
}

export function xAxis(theme: Theme, name: string) {
  return { ...axis(theme, name, 30), splitLine: { show: false } } as const;
}

/** Time since the first request. @param seconds length of the run. */
export function timeAxis(theme: Theme, seconds: number) {
  const axis = xAxis(theme, 'Time since the first request (s)');
  // The end is seldom a round number.
  return { ...axis, min: 0, max: seconds, axisLabel: { ...axis.axisLabel, showMaxLabel: false } } as const;
}

export function yAxis(theme: Theme, name: string) {
  return { ...axis(theme, name, 58), min: 0 } as const;
}

/** Lengthened where all values lie below an objective, so that its line is seen. */
export function yAxisWithLimit(
  theme: Theme,
  name: string,
  values: readonly number[],
  limit: number | undefined,
) {
  const isSeen = limit === undefined || values.some((value) => value >= limit);
  return { ...yAxis(theme, name), ...(isSeen ? {} : { max: niceStep(1.05 * limit) }) };
}

/** How the legend shows a line. */
export const lineIcons = {
  solid: 'path://M0 4h18v2h-18z',
  dashed: 'path://M0 4h7v2h-7zM11 4h7v2h-7z',
} as const;

/** The unit goes into brackets behind the name. */
export function named(name: string, unit: string): string {
  return unit === '' ? name : `${name} (${unit})`;
}

/** An objective's line with its limit. */
export function limitLine(
  theme: Theme,
  text: string,
  at: { readonly xAxis: number } | { readonly yAxis: number },
) {
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { color: theme.bad, width: 1.5, type: 'dashed' as const },
    label: {
      formatter: text,
      position: 'insideEndTop' as const,
      color: theme.bad,
      fontSize: 12,
      fontFamily,
    },
    data: [at],
  };
}

/** `1,000 requests, 12 failed`. */
export function requestsWords(run: ChartRun): string {
  const failed = run.failedCount === 0 ? '' : `, ${withThousands(run.failedCount)} failed`;
  return `${counted(run.length, 'request')}${failed}`;
}

/** With four digits, or all before the point. */
export function figure(value: number): string {
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString('en-US', digits);
}
