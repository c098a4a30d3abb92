import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomInsideComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from 'echarts/components';

/** What the charts need of ECharts, wherever they are drawn. */
export const parts = [
  ...[CustomChart, LineChart, ScatterChart],
  ...[DataZoomInsideComponent, GridComponent, LegendComponent],
  ...[MarkAreaComponent, MarkLineComponent, TitleComponent, TooltipComponent, VisualMapContinuousComponent],
];
