import { fixed } from '../metrics/format.js';
import type { ServerResult } from '../metrics/server-results.js';
import type { ServerStat } from '../metrics/server-statistics.js';
import { percentiles } from '../metrics/statistics.js';
import type { FamilyKind, MetricFamily } from '../telemetry/server-series.js';
import { freeNames, labelColumns } from './label-columns.js';
import {
  compareKeys,
  labelsKey,
  type ServerMetricsFacts,
  shortUrl,
  sortedLabels,
  unitOf,
} from './server-metrics.js';
import { csvRow } from './summary-csv.js';
import type { TextPlace, TextSpill } from './text-spill.js';

const gaugeColumns: readonly ServerStat[] = [
  'avg',
  'min',
  'max',
  'std',
  ...percentiles.map((percent) => `p${percent}` as const),
];

/** The statistics of each section, in the order of sections. */
const sections: readonly (readonly [FamilyKind, readonly ServerStat[]])[] = [
  ['gauge', gaugeColumns],
  ['counter', ['total', 'rate', 'rate_avg', 'rate_min', 'rate_max', 'rate_std']],
  [
    'histogram',
    [
      ...(['count', 'count_rate', 'sum', 'sum_rate', 'avg'] as const),
      ...percentiles.map((percent) => `p${percent}_estimate` as const),
    ],
  ],
  ['unknown', gaugeColumns],
];

/** A series that has been added. */
interface Entry {
  readonly url: string;
  readonly family: MetricFamily;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly key: string;
  /** Of its statistics, and of a histogram the buckets, a cell a line. */
  readonly place: TextPlace;
}

/** Makes `server_metrics_export.csv` of the results of profiling, which come in any order. */
export class ServerMetricsCsv {
  readonly #spill: TextSpill;
  readonly #facts: ServerMetricsFacts;
  readonly #entries = new Map<FamilyKind | 'info', Entry[]>();

  constructor(facts: ServerMetricsFacts, spill: TextSpill) {
    this.#facts = facts;
    this.#spill = spill;
  }

  /** @throws the error of the spill. */
  add({ head, stats, buckets }: ServerResult): void {
    const { source, family, labels, bounds } = head;
    const [, columns = []] = sections.find(([kind]) => kind === family.kind) ?? [];
    const numbers = columns.map((name) => {
      const value = stats[name];
      return value === undefined ? '' : name === 'count' ? fixedInteger(value) : fixed(value, 4);
    });
    const grown = bounds.map((bound, i) => `${bound}=${fixedInteger(buckets?.[i] ?? 0)}`).join(';');
    const cells = family.kind === 'histogram' ? [...numbers, buckets === undefined ? '' : grown] : numbers;
    const section = family.isInfo ? 'info' : family.kind;
    const entry = {
      ...{ url: shortUrl(source.url), family, labels: sortedLabels(labels), key: labelsKey(labels) },
      place: this.#spill.add(cells.join('\n')),
    };
    const entries = this.#entries.get(section);
    if (entries === undefined) this.#entries.set(section, [entry]);
    else entries.push(entry);
  }

  /** The text of the file, piece by piece. @throws the error of the spill. */
  *text(): Generator<string> {
    yield '# AIPerf Server Metrics Export (CSV)\n';
    yield `# aiperf_version: ${this.#facts.version}\n# schema_version: 1.0\n`;
    yield `# benchmark_id: ${this.#facts.benchmarkId}\n`;
    yield '# Note: Same benchmark_id and version appear in JSON and Parquet exports\n#\n';
    let isFirst = true;
    for (const section of [...sections.map(([kind]) => kind), 'info' as const]) {
      const entries = this.#entries.get(section);
      if (entries === undefined) continue;
      if (!isFirst) yield '\r\n';
      isFirst = false;
      yield* section === 'info' ? infoRows(entries) : this.#rows(section, entries);
    }
  }

  *#rows(section: FamilyKind, entries: readonly Entry[]): Generator<string> {
    const [, stats = []] = sections.find(([kind]) => kind === section) ?? [];
    const names = labelColumns(entries.map(({ labels }) => labels.map(([name]) => name)));
    const before = ['Endpoint', 'Type', 'Metric', 'Unit', ...stats];
    const after = section === 'histogram' ? ['Description', 'buckets'] : ['Description'];
    yield csvRow([...before, ...freeNames(names, [...before, ...after]), ...after]);
    // Rows with the same labels come together.
    const filled = ({ labels }: Entry) =>
      names.map((name) => (labels.some(([other]) => other === name) ? '1' : '0')).join('');
    const sorted = entries
      .map((entry) => ({ entry, keys: [filled(entry), entry.family.name, entry.url, entry.key] }))
      .sort((a, b) => compareKeys(a.keys, b.keys));
    for (const { entry } of sorted) {
      const { url, family, labels, place } = entry;
      const cells = this.#spill.read(place).split('\n');
      const values = new Map(labels);
      yield csvRow([
        ...[url, section, family.name, unitOf(family) ?? ''],
        ...cells.slice(0, stats.length),
        ...names.map((name) => values.get(name) ?? ''),
        family.help,
        ...cells.slice(stats.length),
      ]);
    }
  }
}

function* infoRows(entries: readonly Entry[]): Generator<string> {
  yield csvRow(['Endpoint', 'Metric', 'Key', 'Value', 'Description']);
  const sorted = entries.toSorted((a, b) => compareKeys([a.family.name, a.url], [b.family.name, b.url]));
  for (const { url, family, labels } of sorted) {
    for (const [name, value] of labels) yield csvRow([url, family.name, name, value, family.help]);
  }
}

function fixedInteger(value: number): string {
  return BigInt(Math.round(value)).toString();
}
