import type { ErrorKind } from '../../collect/live-figures.js';
import type { Snapshot } from '../../collect/snapshot.js';
import { withCommas } from '../../metrics/format.js';
import type { StatName } from '../../metrics/statistics.js';
import { durationWords, percentWords, short } from '../../report/figures.js';
import { withThousands } from '../../util/counted.js';
import { type ShardHealth, shardHealth } from '../../views/shard-health.js';
import type { LiveMetric } from '../../views/web/live-state.js';
import { type Column, Table } from './parts.js';

const statistics: readonly StatName[] = ['avg', 'min', 'p50', 'p90', 'p95', 'p99', 'max', 'std'];

const metricColumns: readonly Column<LiveMetric>[] = [
  {
    title: 'Metric',
    cell: ({ label, unit }) => (
      <>
        {label} <span class="unit">({unit})</span>
      </>
    ),
  },
  ...statistics.map((name) => ({
    title: name,
    cell: ({ statistics }: LiveMetric) => {
      const value = statistics[name];
      return value === undefined ? <span class="none">–</span> : withCommas(value);
    },
  })),
];

/** Every metric of the console so far. */
export function MetricsTable({ metrics }: { readonly metrics: readonly LiveMetric[] }) {
  return <Table caption="Metrics so far" columns={metricColumns} rows={metrics} keyOf={({ tag }) => tag} />;
}

const errorColumns: readonly Column<ErrorKind>[] = [
  { title: 'Error', cell: ({ code, type }) => `${code ?? '–'} ${type}` },
  { title: 'Count', cell: ({ count }) => withThousands(count) },
  {
    title: 'Last message',
    isText: true,
    cell: ({ lastMessage }) => <span class="message">{lastMessage}</span>,
  },
];

/** Failures by kind, the most frequent first. */
export function ErrorsTable({ errors }: { readonly errors: readonly ErrorKind[] }) {
  if (errors.length === 0) return <p class="nothing">No request has failed.</p>;
  return (
    <Table
      caption="Failures by kind"
      columns={errorColumns}
      rows={errors}
      keyOf={({ code, type }) => `${code} ${type}`}
    />
  );
}

type Thread = Snapshot['threads'][number];

const threadColumns: readonly Column<Thread>[] = [
  { title: 'Load thread', cell: ({ thread }) => String(thread) },
  { title: 'CPU', cell: ({ cpuShare }) => optional(cpuShare, percentWords) },
  { title: 'Event loop delay', cell: ({ loopDelayMs }) => optional(loopDelayMs, durationWords) },
  { title: 'Records', cell: ({ records }) => withThousands(records) },
  { title: 'Late sends', cell: ({ lateSends }) => withThousands(lateSends) },
  { title: 'Backlog', cell: ({ backlogBytes }) => `${short(backlogBytes / 1e6)} MB` },
];

/** Health of the load threads. */
export function ThreadsTable({ threads }: { readonly threads: readonly Thread[] }) {
  return (
    <Table caption="Load threads" columns={threadColumns} rows={threads} keyOf={({ thread }) => thread} />
  );
}

const shardColumns: readonly Column<ShardHealth>[] = [
  { title: 'Shard', cell: ({ shard, host }) => `${shard}${host === undefined ? '' : ` ${host}`}` },
  { title: 'State', isText: true, cell: ({ state }) => <span class={`state ${state}`}>{state}</span> },
  {
    title: 'Client',
    isText: true,
    cell: ({ fidelity }) => optional(fidelity, ({ verdict }) => verdict.replace('client ', '')),
  },
  {
    title: 'Ended',
    cell: ({ returned, planned }) =>
      planned === undefined
        ? withThousands(returned)
        : `${withThousands(returned)} of ${withThousands(planned)}`,
  },
  { title: 'In flight', cell: ({ inFlight }) => withThousands(inFlight) },
  { title: 'Lateness p99', cell: ({ latenessMs }) => optional(latenessMs?.p99, durationWords) },
  { title: 'Records received', cell: ({ received }) => withThousands(received) },
  { title: 'Unsent', cell: ({ unsentBytes }) => `${short(unsentBytes / 1e6)} MB` },
  {
    title: 'Clock error',
    cell: ({ clockErrorNs }) => optional(clockErrorNs, (ns) => durationWords(ns / 1e6)),
  },
  {
    title: 'Clock drift',
    cell: ({ clockDriftNs }) => optional(clockDriftNs, (ns) => durationWords(ns / 1e6)),
  },
  { title: 'CPU', cell: ({ cpuShare }) => optional(cpuShare, percentWords) },
  { title: 'Event loop delay', cell: ({ loopDelayMs }) => optional(loopDelayMs, durationWords) },
  { title: 'Late sends', cell: ({ lateSends }) => withThousands(lateSends) },
];

/** Machines that send the load. CPU and delay are those of the busiest and the slowest thread. */
export function ShardsTable({ snapshot }: { readonly snapshot: Pick<Snapshot, 'shards' | 'threads'> }) {
  return (
    <Table
      caption="Shards"
      columns={shardColumns}
      rows={shardHealth(snapshot)}
      keyOf={({ shard }) => shard}
    />
  );
}

type Telemetry = NonNullable<Snapshot['telemetry']>;
type Server = Telemetry['servers'][number];
type Gpu = Telemetry['gpus'][number];

const serverColumns: readonly Column<Server>[] = [
  { title: 'Server', cell: ({ url }) => url },
  { title: 'Running', cell: ({ running }) => optional(running, withThousands) },
  { title: 'Waiting', cell: ({ waiting }) => optional(waiting, withThousands) },
  { title: 'KV cache', cell: ({ kvCacheShare }) => optional(kvCacheShare, percentWords) },
  { title: 'Output tokens/s', cell: ({ outputTokensPerSecond }) => optional(outputTokensPerSecond, short) },
];

const gpuColumns: readonly Column<Gpu>[] = [
  { title: 'GPU', cell: ({ host, index, model }) => `${host === '' ? '' : `${host} `}${index} ${model}` },
  {
    title: 'Utilization',
    cell: ({ utilizationPercent }) => optional(utilizationPercent, (of) => `${short(of)} %`),
  },
  {
    title: 'Memory',
    cell: ({ memoryUsedGb }) => optional(memoryUsedGb, (used) => `${short(used)} GB`),
  },
  { title: 'Power', cell: ({ powerWatts }) => optional(powerWatts, (watts) => `${short(watts)} W`) },
  {
    title: 'Temperature',
    cell: ({ temperatureCelsius }) => optional(temperatureCelsius, (at) => `${short(at)} °C`),
  },
];

/** Latest values of servers and GPUs. */
export function TelemetryTables({ servers, gpus }: Telemetry) {
  return (
    <>
      {servers.length > 0 && (
        <Table caption="Servers" columns={serverColumns} rows={servers} keyOf={({ url }) => url} />
      )}
      {gpus.length > 0 && (
        <Table
          caption="GPUs"
          columns={gpuColumns}
          rows={gpus}
          keyOf={({ source, host, index }) => `${source} ${host} ${index}`}
        />
      )}
    </>
  );
}

function optional<Value>(value: Value | undefined, text: (value: Value) => string) {
  return value === undefined ? <span class="none">–</span> : text(value);
}
