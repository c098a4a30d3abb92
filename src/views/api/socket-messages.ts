import type { Snapshot } from '../../collect/snapshot.js';
import { type Printable, prettyJson } from '../../util/python-json.js';
import { gpuFigures } from './current-figures.js';
import type { MetricFigures } from './families.js';
import { liveMetrics, metricBody } from './metrics.js';
import { phaseIdentity, recordCounts } from './progress.js';
import type { ApiState } from './state.js';
import { statusOf, workerId } from './workers.js';

/** The members of a message besides its type; undefined where there is nothing to tell. */
type Make = (state: ApiState, snapshot: Snapshot) => Readonly<Record<string, Printable>> | undefined;

/** Messages of the websocket while a run goes on, by their type. Their services are those of AIPerf. */
const liveMessages: Readonly<Record<string, Make>> = {
  realtime_metrics: ({ snapshots }) => withMetrics('records_manager', liveMetrics(snapshots)),
  realtime_telemetry_metrics: (_, { telemetry }) =>
    withMetrics('gpu_telemetry', gpuFigures(telemetry?.gpus ?? []).map(namedByGpu)),
  processing_stats: ({ snapshots }, snapshot) => ({
    request_ns: BigInt(Math.round(snapshot.unixMs)) * 1_000_000n,
    service_id: 'records_manager',
    processing_stats: {
      ...phaseIdentity(snapshot, snapshots.indexOf(snapshot)),
      ...{ timeout_triggered: false, grace_period_timeout_triggered: false, was_cancelled: false },
      ...recordCounts(snapshot),
    },
    worker_stats: Object.fromEntries(
      snapshot.threads.map((thread) => [
        workerId(thread),
        // Failures are not counted by thread.
        { success_records: thread.records, error_records: 0 },
      ]),
    ),
  }),
  worker_status_summary: (_, { threads }) => ({
    service_id: 'worker_manager',
    worker_statuses: Object.fromEntries(threads.map((thread) => [workerId(thread), statusOf(thread)])),
    worker_startup_states: {},
  }),
};

/** The messages that there is something to tell of now, with their texts, which are made when they are asked for. */
export function* messagesNow(
  state: ApiState,
): Generator<readonly [type: string, text: () => string | undefined]> {
  const { snapshot } = state;
  if (snapshot === undefined) return;
  for (const [type, make] of Object.entries(liveMessages)) {
    yield [type, () => messageText(type, make(state, snapshot))];
  }
}

/** The text of a message; undefined without members. */
export function messageText(
  type: string,
  members: Readonly<Record<string, Printable>> | undefined,
): string | undefined {
  return members && prettyJson({ message_type: type, ...members });
}

function withMetrics(service_id: string, metrics: readonly MetricFigures[]) {
  if (metrics.length === 0) return undefined;
  return { service_id, metrics: metrics.map((figures) => ({ ...metricBody(figures), tag: figures.tag })) };
}

/** In a list without labels, names tell GPUs apart. */
function namedByGpu({ labels = {}, ...figures }: MetricFigures): MetricFigures {
  const { source = '', gpu = '', gpu_model = '' } = labels;
  const place = source.replaceAll(/[^\w-]/g, '_');
  return {
    ...figures,
    tag: `${figures.tag}_dcgm_${place}_gpu${gpu}`,
    header: `${figures.header} | ${source} | GPU ${gpu} | ${gpu_model}`,
  };
}
