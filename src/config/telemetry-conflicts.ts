import { gpuConflicts, gpuWarnings } from './gpu-options.js';
import { noEffect, type Rule, refuses } from './rule.js';

/** Conflicts among the options for telemetry. */
export const telemetryConflicts: readonly Rule[] = [
  refuses(
    'noServerMetrics',
    { keys: ['noServerMetrics'], holds: ({ noServerMetrics }) => noServerMetrics },
    ['serverMetrics'],
    ': one names pages to read, the other reads none',
  ),
  ...gpuConflicts,
];

/** Options for telemetry that have no effect. */
export const telemetryWarnings: readonly Rule[] = [
  noEffect(['serverMetricsFormats'], 'with --no-server-metrics', {
    keys: ['noServerMetrics'],
    holds: ({ noServerMetrics }) => noServerMetrics,
  }),
  noEffect(['strictTelemetry'], 'with --no-server-metrics and --no-gpu-telemetry', {
    keys: ['noServerMetrics', 'noGpuTelemetry'],
    holds: ({ noServerMetrics, noGpuTelemetry }) => noServerMetrics && noGpuTelemetry,
  }),
  ...gpuWarnings,
];
