import type { EChartsOption } from 'echarts';
import type { ChartRun } from './chart-run.js';
import type { Theme } from './theme.js';

/** What ECharts draws: with tooltips and zoom for a page, without animation. */
export type ChartOption = EChartsOption;

/**
 * A picture: what it is drawn from, and how. `Data` is plain JSON, a few numbers however large the source is: it may be
 * computed here and drawn in a browser.
 */
export interface Chart<Source, Data> {
  /** Of its file, without ending. */
  readonly name: string;
  readonly title: string;
  /** Undefined where the source has nothing of it. */
  data(source: Source): Data | undefined;
  /** @param data as this chart's own `data` gave it. */
  option(data: Data, theme: Theme): ChartOption;
}

/** A picture of one run. */
export type RunChart<Data> = Chart<ChartRun, Data>;
