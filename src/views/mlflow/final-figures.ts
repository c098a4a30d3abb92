import { statNames } from '../../metrics/statistics.js';
import { isObject, type JsonObject } from '../../util/json.js';
import type { WatchedResult, WatchedRun } from '../messages.js';
import type { MlflowPair } from './client.js';

/** Every statistic of a run, in display units: the average by the metric's tag, the others by `<tag>.<stat>`. */
export function finalMetrics(
  { phases }: WatchedRun,
  { results, requests }: WatchedResult,
): Map<string, number> {
  const values = new Map<string, number>();
  for (const { tag, statistics } of results) {
    for (const stat of statNames) {
      const value = statistics[stat];
      if (value !== undefined && Number.isFinite(value))
        values.set(stat === 'avg' ? tag : `${tag}.${stat}`, value);
    }
  }
  values.set('aiperf.completed_requests', requests.succeeded + requests.failed);
  const planned = phases.find(({ name }) => name === 'profiling')?.requests;
  if (planned !== undefined) values.set('aiperf.total_expected_requests', planned);
  return values;
}

/** The settings of a run by AIPerf's names. */
export function runParams(run: WatchedRun): MlflowPair[] {
  const phase = profilingPhase(run.config);
  const profiling = run.phases.find(({ name }) => name === 'profiling');
  const params = {
    'endpoint.type': run.endpointType,
    'endpoint.models': run.models.join(','),
    'endpoint.urls': run.urls.join(','),
    'output.artifact_directory': run.folder,
    'timing.mode': phase?.type,
    'loadgen.concurrency': run.concurrency,
    'loadgen.request_rate': run.requestRate,
    'loadgen.request_count': phase?.requests,
    'loadgen.benchmark_duration': profiling?.seconds,
    'aiperf.cli_command': run.command,
  };
  return pairs(params);
}

export function runTags(
  run: WatchedRun,
  wasCancelled: boolean | undefined,
  more: Readonly<Record<string, unknown>>,
): MlflowPair[] {
  return pairs({
    'aiperf.version': run.version,
    'aiperf.was_cancelled': wasCancelled,
    benchmark_id: run.benchmarkId,
    'aiperf.series_point': run.place?.label,
    ...more,
  });
}

/** Texts longer than this are refused by MLflow. */
const LONGEST = 5000;

function pairs(values: Readonly<Record<string, unknown>>): MlflowPair[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === null || value === ''
      ? []
      : [
          {
            key,
            value: (typeof value === 'object' ? JSON.stringify(value) : String(value)).slice(0, LONGEST),
          },
        ],
  );
}

function profilingPhase({ phases }: JsonObject): JsonObject | undefined {
  const all = Array.isArray(phases) ? phases.filter(isObject) : [];
  return all.find(({ kind }) => kind === 'profiling') ?? all.at(-1);
}
