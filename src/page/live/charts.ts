import { durationWords, percentWords, short } from '../../report/figures.js';
import type { LiveState } from '../../views/web/live-state.js';
import type { ChartData, Line } from './chart.js';
import { axisCount, axisDuration, axisShare } from './words.js';

const rate = (unit: string) => ({ format: (value: number) => `${short(value)} ${unit}`, axis: axisCount });
const duration = { format: durationWords, axis: axisDuration };
const count = { format: (value: number) => Math.round(value).toLocaleString('en-US'), axis: axisCount };
const share = { format: percentWords, axis: axisShare };

/** The charts of a run, those first that one looks at first; a chart without any value is left out. */
export function chartsOf({ history }: LiveState): readonly ChartData[] {
  const { values } = history;
  const percentiles = (p50: readonly (number | null)[], p99: readonly (number | null)[]): Line[] => [
    { label: 'p50', color: 'first', values: p50 },
    { label: 'p99', color: 'second', values: p99 },
  ];
  const charts: readonly ChartData[] = [
    {
      title: 'Request throughput',
      ...rate('requests/s'),
      lines: [
        { label: 'completed', color: 'first', values: values.requestsPerSecond },
        { label: 'planned', color: 'third', isDashed: true, values: values.plannedPerSecond },
      ],
    },
    {
      title: 'Token throughput',
      ...rate('tokens/s'),
      lines: [
        { label: 'output', color: 'first', values: values.outputTokensPerSecond },
        { label: 'input', color: 'second', values: values.inputTokensPerSecond },
      ],
    },
    {
      title: 'In flight',
      ...count,
      lines: [
        { label: 'requests', color: 'first', values: values.inFlight },
        { label: 'planned', color: 'third', isDashed: true, values: values.plannedInFlight },
      ],
    },
    { title: 'Time to first token', ...duration, lines: percentiles(values.ttftP50, values.ttftP99) },
    { title: 'Inter-token latency', ...duration, lines: percentiles(values.itlP50, values.itlP99) },
    { title: 'Request latency', ...duration, lines: percentiles(values.latencyP50, values.latencyP99) },
    {
      title: 'Requests meeting all SLOs',
      ...share,
      lines: [{ label: 'of recent requests', color: 'third', values: values.goodShare }],
    },
    {
      title: 'Errors',
      ...rate('errors/s'),
      lines: [{ label: 'failed', color: 'bad', values: values.errorsPerSecond }],
    },
    {
      title: 'Lateness of sends',
      ...duration,
      lines: percentiles(values.latenessP50, values.latenessP99),
    },
    {
      title: 'Server queue',
      ...count,
      lines: [
        { label: 'running', color: 'first', values: values.serverRunning },
        { label: 'waiting', color: 'second', values: values.serverWaiting },
      ],
    },
    {
      title: 'KV cache in use',
      ...share,
      lines: [{ label: 'used', color: 'first', values: values.kvCacheShare }],
    },
    {
      title: 'GPU utilization',
      ...share,
      lines: [{ label: 'mean of GPUs', color: 'first', values: values.gpuShare }],
    },
    {
      title: 'GPU power',
      ...rate('W'),
      lines: [{ label: 'all GPUs', color: 'second', values: values.gpuWatts }],
    },
  ];
  return charts
    .map((chart) => ({
      ...chart,
      lines: chart.lines.filter(({ values }) => values.some((value) => value !== null)),
    }))
    .filter(({ lines }) => lines.length > 0);
}
