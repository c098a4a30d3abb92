import type { RunSummary } from '../../metrics/compute.js';
import type { Metric } from '../../metrics/metric.js';
import { interTokenLatency, timeToFirstToken } from '../../metrics/request-metrics.js';
import { statsOf } from '../../metrics/results.js';
import { benchmarkDuration, requestThroughput } from '../../metrics/run-metrics.js';
import type { PhaseName } from '../../records/record.js';
import type { RunProgress } from '../../run/run-options.js';
import type { ProgressState } from '../../ui/progress.js';

/** How far a run is, as the screen shows it. */
export function progressState(progress: RunProgress): ProgressState {
  const { phase, counts, results } = progress;
  const { returned, issued } = counts;
  return {
    phase: phaseTitles[phase.name],
    completed: returned,
    total: phase.expectedRequests,
    inFlight: issued - returned,
    ...(results === undefined ? soFar(progress) : atEnd(progress, results)),
  };
}

type Figures = Omit<ProgressState, 'phase' | 'completed' | 'total' | 'inFlight'>;

function soFar({ phase, counts, elapsedNs, live }: RunProgress): Figures {
  const { expectedRequests: total } = phase;
  const { returned, failed, cancelled } = counts;
  const elapsedSeconds = elapsedNs / 1e9;
  const perSecond = (requests: number) => (elapsedSeconds === 0 ? 0 : requests / elapsedSeconds);
  return {
    errors: failed,
    elapsedSeconds,
    // As in the result: of those that succeeded.
    requestsPerSecond: perSecond(returned - failed - cancelled),
    etaSeconds: total === undefined || returned === 0 ? undefined : (total - returned) / perSecond(returned),
    ttftAvgMs: live?.ttftAvgMs,
    itlAvgMs: live?.itlAvgMs,
  };
}

/** The figures of the result. */
function atEnd({ phase }: RunProgress, { results, outcomes }: RunSummary): Figures {
  const average = (metric: Metric) => statsOf(results, metric)?.avg;
  return {
    errors: outcomes.failed + outcomes.dropped,
    elapsedSeconds: average(benchmarkDuration) ?? 0,
    requestsPerSecond: average(requestThroughput) ?? 0,
    etaSeconds: phase.expectedRequests === undefined ? undefined : 0,
    ttftAvgMs: average(timeToFirstToken),
    itlAvgMs: average(interTokenLatency),
  };
}

const phaseTitles = { warmup: 'Warmup', profiling: 'Profiling' } as const satisfies Record<
  PhaseName,
  ProgressState['phase']
>;
