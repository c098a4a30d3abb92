import { type Printable, prettyJson } from '../../util/python-json.js';
import { gpuFigures } from './current-figures.js';
import type { MetricFigures } from './families.js';
import { liveMetrics, metricBody } from './metrics.js';
import { epochNs, phaseIdentity, recordCounts } from './progress.js';
import type { ApiState, WatchedPhase } from './state.js';
import { statusOf, workerId } from './workers.js';

/** The members of a message besides its type; undefined where there is nothing to tell. */
type Make = (state: ApiState, phase: WatchedPhase) => Readonly<Record<string, Printable>> | undefined;

/** Messages of the websocket while a run goes on, by their type. Their services are those of AIPerf. */
const liveMessages: Readonly<Record<string, Make>> = {
  realtime_metrics: ({ snapshots }) => withMetrics('records_manager', liveMetrics(snapshots)),
  realtime_telemetry_metrics: (_, { snapshot: { telemetry } }) =>
    withMetrics('gpu_telemetry', gpuFigures(telemetry?.gpus ?? []).map(namedByGpu)),
  processing_stats: ({ phases }, phase) => ({
    request_ns: epochNs(phase.snapshot.unixMs),
    service_id: 'records_manager',
    processing_stats: {
      ...phaseIdentity(phase, phases.indexOf(phase)),
      ...{ timeout_triggered: false, grace_period_timeout_triggered: false, was_cancelled: false },
      ...recordCounts(phase.snapshot),
    },
    worker_stats: Object.fromEntries(
      phase.snapshot.threads.map((thread) => [
        workerId(thread),
        // Failures are not counted by thread.
        { success_records: thread.records, error_records: 0 },
      ]),
    ),
  }),
  worker_status_summary: (_, { snapshot: { threads } }) => ({
    service_id: 'worker_manager',
    worker_statuses: Object.fromEntries(threads.map((thread) => [workerId(thread), statusOf(thread)])),
    worker_startup_states: {},
  }),
};

/** The messages that there is something to tell of now, with their texts, which are made when they are asked for. */
export function* messagesNow(
  state: ApiState,
): Generator<readonly [type: string, text: () => string | undefined]> {
  const phase = state.phases.at(-1);
  if (phase === undefined) return;
  for (const [type, make] of Object.entries(liveMessages)) {
    yield [type, () => messageText(type, make(state, phase))];
  }
}

/** The text of a message, one line; undefined without members. */
export function messageText(
  type: string,
  members: Readonly<Record<string, Printable>> | undefined,
): string | undefined {
  // On one line: a string in JSON has no line feed of its own.
  return members && prettyJson({ message_type: type, ...members }).replaceAll(/\n */g, '');
}

function withMetrics(service_id: string, metrics: readonly MetricFigures[]) {
  if (metrics.length === 0) return undefined;
  return { service_id, metrics: metrics.map((figures) => ({ ...metricBody(figures), tag: figures.tag })) };
}

/** In a list without labels, names tell GPUs apart. */
function namedByGpu({ labels = {}, ...figures }: MetricFigures): MetricFigures {
  const { source = '', gpu = '', gpu_uuid = '', gpu_model = '' } = labels;
  const place = source.replaceAll(/[^\w-]/g, '_');
  return {
    ...figures,
    tag: `${figures.tag}_dcgm_${place}_gpu${gpu}_${gpu_uuid.slice(0, 12)}`,
    header: `${figures.header} | ${source} | GPU ${gpu} | ${gpu_model}`,
  };
}
