import { listDifferences as list, setDifferences as set, treeDifferences as tree } from './lists.js';

// Files of server metrics beside AIPerf's: names, units, keys, and which statistics and labels there are.

type Json = Readonly<Record<string, unknown>>;

/** `server_metrics_export.json`, and what `metrics` of a phase have in common with it. */
export function serverJsonDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [theirText, ourText].map((text) => JSON.parse(text)) as [Json, Json];
  const summaries = [theirs, ours].map((file) => (file.summary ?? {}) as Json) as [Json, Json];
  const infos = summaries.map((summary) => Object.values((summary.endpoint_info ?? {}) as Json)[0] ?? {}) as [
    Json,
    Json,
  ];
  return [
    ...list('key', Object.keys(theirs), Object.keys(ours)),
    ...list('key of summary', Object.keys(summaries[0]), Object.keys(summaries[1])),
    ...list('key of endpoint_info', Object.keys(infos[0]), Object.keys(infos[1])),
    ...tree('phase', summaries[0].phase_time_ranges, summaries[1].phase_time_ranges),
    ...metricDifferences(theirs.metrics as Json, ours.metrics as Json),
    ...(theirs.warmup_metrics === undefined
      ? []
      : metricDifferences(theirs.warmup_metrics as Json, (ours.warmup_metrics ?? {}) as Json)),
    ...tree('input_config', theirs.input_config, ours.input_config),
  ];
}

interface Metric {
  readonly type: string;
  readonly description: string;
  readonly unit?: string;
  readonly series: readonly {
    readonly labels?: Json;
    readonly stats: Json;
    readonly buckets?: Json;
    readonly timeslices?: readonly Json[];
  }[];
}

function metricDifferences(theirs: Json, ours: Json): string[] {
  return [
    ...set('metric', Object.keys(theirs), Object.keys(ours)),
    ...Object.keys(theirs).flatMap((name) => {
      const [a, b] = [theirs[name], ours[name]] as [Metric, Metric | undefined];
      if (b === undefined) return [];
      const kind = ({ type, unit, description }: Metric) => [`${type} in ${unit}`, description];
      const observed = (metric: Metric) =>
        metric.series.find(({ stats }) => stats.count !== 0) ?? metric.series[0];
      const [one, own] = [observed(a), observed(b)];
      if (one === undefined || own === undefined) return [`${name} has no series`];
      return [
        ...list(`kind of ${name}`, kind(a), kind(b)),
        ...set(`series of ${name}`, labelsOf(a), labelsOf(b)),
        ...list(`key of ${name}`, Object.keys(one), Object.keys(own)),
        ...list(`statistic of ${name}`, Object.keys(one.stats), Object.keys(own.stats)),
        ...list(`bucket of ${name}`, Object.keys(one.buckets ?? {}), Object.keys(own.buckets ?? {})),
        ...list(`key of a slice of ${name}`, sliceKeys(one.timeslices), sliceKeys(own.timeslices)),
      ];
    }),
  ];
}

function labelsOf({ series }: Metric): string[] {
  return series.map(({ labels = {} }) =>
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(),
  );
}

function sliceKeys(slices: readonly Json[] = []): string[] {
  const [first, last] = [slices[0], slices.at(-1)];
  return first === undefined || last === undefined
    ? []
    : [...Object.keys(first), ...Object.keys(last).map((key) => `last ${key}`)];
}

/** Comments, headers, and of each row what names it with the form of its cells. */
export function serverCsvDifferences(theirText: string, ourText: string): string[] {
  const rows = (text: string) =>
    text
      .split(/\r?\n/)
      .map((row) =>
        row.replace(/^127\.0\.0\.1:\d+/, 'PAGE').replace(/^# (aiperf_version|benchmark_id): .*/, '# $1'),
      )
      .map((row) =>
        row
          .replace(/-?\d+\.\d{4}(?=,)/g, '9.9999')
          .replace(/=\d+(?=[;]|$)/g, '=9')
          .replace(/^(PAGE,histogram,[^,]*,[^,]*),\d+,/, '$1,9,'),
      );
  return list('row', rows(theirText), rows(ourText));
}

/** The keys of lines, of samples, and what is sampled. */
export function serverLineDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [theirText, ourText].map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json),
  ) as [Json[], Json[]];
  const samples = (lines: readonly Json[]) => [
    ...new Set(
      lines.flatMap(({ metrics }) =>
        Object.entries(metrics as Record<string, Json[]>).flatMap(([name, all]) =>
          all.map((sample) => `${name}: ${Object.keys(sample)}`),
        ),
      ),
    ),
  ];
  return [
    ...list('key of the first line', Object.keys(theirs[0] ?? {}), Object.keys(ours[0] ?? {})),
    ...list('key of the last line', Object.keys(theirs.at(-1) ?? {}), Object.keys(ours.at(-1) ?? {})),
    ...set('sample', samples(theirs), samples(ours)),
  ];
}

/** Lines of a file of a phase; what is measured and what differs from run to run is left out. */
export function serverPhaseDifferences(theirText: string, ourText: string): string[] {
  const lines = (text: string) =>
    text
      .split('\n')
      .map((line) =>
        line.replace(/127\.0\.0\.1:\d+/g, 'SERVER').replace(/: ("[\da-f]{12}"|[\d.]+)(?=,?$)/, ': 9'),
      );
  return list('line', lines(theirText), lines(ourText));
}
