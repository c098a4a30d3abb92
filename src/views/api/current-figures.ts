import type { Snapshot } from '../../collect/snapshot.js';
import type { LiveGpu, LiveServer } from '../../telemetry/live-telemetry.js';
import { type Family, familiesOf, type MetricFigures, verdictSamples } from './families.js';

/** A figure that has one value now; none if it has not. */
function current(
  tag: string,
  header: string,
  unit: string,
  value: number | undefined,
  labels: Readonly<Record<string, string>> = {},
): MetricFigures[] {
  return value === undefined ? [] : [{ tag, header, unit, statistics: { current: value }, labels }];
}

/** What the servers report now, all of them together, under AIPerf's names. */
export function serverFigures(servers: readonly LiveServer[]): MetricFigures[] {
  const all = (key: 'running' | 'waiting' | 'kvCacheShare' | 'outputTokensPerSecond') => {
    const values = servers.flatMap((server) => server[key] ?? []);
    return values.length === 0 ? undefined : { total: values.reduce((a, b) => a + b), count: values.length };
  };
  const kvCache = all('kvCacheShare');
  return [
    ...current('kv_cache_usage_pct', 'KV Cache Usage', '%', kvCache && (100 * kvCache.total) / kvCache.count),
    ...current('num_running', 'Server Running Requests', 'req', all('running')?.total),
    ...current('num_waiting', 'Server Waiting Requests', 'req', all('waiting')?.total),
    ...current(
      'output_token_throughput_srv',
      'Server Output Throughput',
      'tokens/s',
      all('outputTokensPerSecond')?.total,
    ),
  ].map((figure) => ({
    ...figure,
    statistics: { avg: figure.statistics.current ?? 0, ...figure.statistics },
  }));
}

/** What GPUs report now; AIPerf's page has none of it. */
export function gpuFigures(gpus: readonly LiveGpu[]): MetricFigures[] {
  return gpus.flatMap((gpu) => {
    const labels = {
      ...{ gpu: String(gpu.index), gpu_uuid: gpu.uuid, gpu_model: gpu.model },
      ...{ hostname: gpu.host, source: gpu.source },
    };
    return [
      ...current('gpu_utilization', 'GPU Utilization', '%', gpu.utilizationPercent, labels),
      ...current('gpu_memory_used', 'GPU Memory Used', 'GB', gpu.memoryUsedGb, labels),
      ...current('gpu_power_usage', 'GPU Power Usage', 'W', gpu.powerWatts, labels),
      ...current('gpu_temperature', 'GPU Temperature', 'celsius', gpu.temperatureCelsius, labels),
    ];
  });
}

/** Counts and load of a phase; AIPerf's page has none of it. */
export function loadFamilies(snapshot: Snapshot): Family[] {
  return [...counters(snapshot), ...loadFigures(snapshot).flatMap(familiesOf), ...verdicts(snapshot)];
}

function counters({ phase, requests, errors }: Snapshot): Family[] {
  const counter = (name: string, help: string, samples: Family['samples']): Family => ({
    ...{ name, help, kind: 'counter', samples },
  });
  const ended = (['completed', 'failed', 'cancelled', 'dropped'] as const).map((outcome) => ({
    ...{ labels: { phase, outcome }, value: requests[outcome] },
  }));
  const failed = errors.map(({ code, type, count }) => ({
    ...{ labels: { phase, code: String(code ?? ''), type }, value: count },
  }));
  const sent = { labels: { phase }, value: requests.issued };
  return [
    counter('aiperf_requests_sent_total', 'Requests that were sent', [sent]),
    counter('aiperf_requests_total', 'Requests that ended, by outcome', ended),
    ...(failed.length === 0
      ? []
      : [counter('aiperf_errors_total', 'Failed requests by code and type', failed)]),
  ];
}

function loadFigures({ phase, requests, load, slo }: Snapshot): MetricFigures[] {
  const labels = { phase };
  const { latenessMs: statistics } = load;
  const share = (met: number) => (slo === undefined ? 0 : (100 * met) / slo.all.requests);
  const objectives = slo === undefined || slo.all.requests === 0 ? [] : slo.all.each;
  const attained = (name: string, met: number) =>
    current('slo_attainment', 'Requests Meeting the SLO', '%', share(met), { phase, slo: name });
  return [
    ...current('requests_in_flight', 'Requests In Flight', 'requests', requests.inFlight, labels),
    ...current('planned_in_flight', 'Planned Requests In Flight', 'requests', load.plannedInFlight, labels),
    ...current('sent_request_rate', 'Sent Requests', 'requests/sec', load.sentPerSecond, labels),
    ...current('planned_request_rate', 'Planned Requests', 'requests/sec', load.plannedPerSecond, labels),
    ...(statistics === undefined
      ? []
      : [{ tag: 'send_lateness', header: 'Recent Send Lateness', unit: 'ms', statistics, labels }]),
    ...(objectives.length === 0 ? [] : attained('all', slo?.all.good ?? 0)),
    ...objectives.flatMap(({ tag, met }) => attained(tag, met)),
  ];
}

function verdicts({ phase, fidelity }: Snapshot): Family[] {
  if (fidelity === undefined) return [];
  const samples = verdictSamples(fidelity, { phase });
  const help = 'Whether the client limits the run: 1 for the verdict so far';
  return [{ name: 'aiperf_client_verdict', help, kind: 'gauge', samples }];
}
