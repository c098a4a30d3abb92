import { isBaseUrl } from './base-url.js';
import type { OptionTable } from './option.js';
import { choices, flag, list } from './option-kinds.js';

const group = 'Telemetry';

/** Files that server metrics can be written to. */
export const serverMetricsFormats = ['json', 'csv', 'jsonl', 'parquet'] as const;

/** Options of `profile` for what is read from servers and GPUs during the run. */
export const telemetryOptions = {
  serverMetrics: list({
    flags: ['--server-metrics'],
    group,
    items: 'URLs of Prometheus pages',
    greedy: true,
    item: isBaseUrl,
    default: [],
    defaultText: 'the page /metrics of every --url',
    help: 'Read these Prometheus pages too during the run; http:// and /metrics are optional.',
  }),
  noServerMetrics: flag({
    flags: ['--no-server-metrics'],
    group,
    help: 'Read no server metrics.',
  }),
  serverMetricsFormats: choices(serverMetricsFormats, {
    flags: ['--server-metrics-formats'],
    group,
    greedy: true,
    default: ['json', 'csv'],
    help: 'Files of server metrics: statistics as json or csv, every sample as jsonl or parquet.',
  }),
  strictTelemetry: flag({
    flags: ['--strict-telemetry'],
    group,
    help: 'Fail before the load if a source of telemetry cannot be read.',
  }),
} satisfies OptionTable;
