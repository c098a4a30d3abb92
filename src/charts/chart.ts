import type { EChartsOption } from 'echarts';
import type { RunColumns } from './run-columns.js';
import type { Theme } from './theme.js';

/** What ECharts draws: with tooltips and zoom for a page, without animation. */
export type ChartOption = EChartsOption;

/** A way to draw `Data`, which is plain JSON: it may be worked out here and drawn in a browser. */
export interface Drawing<Data> {
  /** Of its file, without ending. */
  readonly name: string;
  /** What it shows, in a few words. */
  readonly title: string;
  option(data: Data, theme: Theme): ChartOption;
}

/** A picture of one run. */
export interface Chart<Data> extends Drawing<Data> {
  /** The few numbers that are drawn, however many requests there are; undefined where the run has nothing of it. */
  data(run: RunColumns): Data | undefined;
}
