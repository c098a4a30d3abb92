import type { ServerResult, ServerSlice } from '../metrics/server-results.js';
import type { PhaseName } from '../records/record.js';
import { instant } from '../run/instant.js';
import type { MetricFamily } from '../telemetry/server-series.js';
import { wallNs } from '../util/clock.js';
import { configurationMembers } from '../util/configuration.js';
import { type Printable, prettyJson } from '../util/python-json.js';
import {
  bucketMembers,
  compareKeys,
  labelsKey,
  type ServerMetricsFacts,
  sortedLabels,
  sourceInfo,
  statMembers,
  unitOf,
} from './server-metrics.js';
import type { TextPlace, TextSpill } from './text-spill.js';

/** A series that has been added. */
interface Entry {
  readonly family: MetricFamily;
  /** Metric, page, labels. */
  readonly keys: readonly string[];
  readonly place: TextPlace;
}

/** Makes `server_metrics_export.json` of results that come in any order. */
export class ServerMetricsJson {
  readonly #spill: TextSpill;
  readonly #facts: ServerMetricsFacts;
  readonly #entries: Readonly<Record<PhaseName, Entry[]>> = { warmup: [], profiling: [] };

  constructor(facts: ServerMetricsFacts, spill: TextSpill) {
    this.#facts = facts;
    this.#spill = spill;
  }

  /** @throws the error of the spill. */
  add(phase: PhaseName, result: ServerResult): void {
    const { source, family, labels } = result.head;
    this.#entries[phase].push({
      family,
      keys: [family.name, source.url, labelsKey(labels)],
      place: this.#spill.add(prettyJson(this.#series(result), ' '.repeat(8))),
    });
  }

  /** The text of the file, piece by piece. @throws the error of the spill. */
  *text(): Generator<string> {
    const { version, benchmarkId, inputConfig } = this.#facts;
    yield* members({
      schema_version: '1.1',
      aiperf_version: version,
      benchmark_id: benchmarkId,
      summary: this.#summary(),
      metrics_phase: 'profiling',
    });
    yield '  "metrics": ';
    yield* this.#metrics(this.#entries.profiling);
    if (this.#facts.phases.some(({ name }) => name === 'warmup')) {
      yield ',\n  "warmup_metrics": ';
      yield* this.#metrics(this.#entries.warmup);
    }
    yield ',';
    // Without the brace that opens the object.
    yield prettyJson(configurationMembers('input_config', inputConfig)).slice(1);
  }

  #summary(): Printable {
    const { sources, phases, origin } = this.#facts;
    const reached = sources.filter(({ sentNs }) => sentNs.length > 0);
    const profiling = phases.find(({ name }) => name === 'profiling') ?? phases[0];
    const time = (atNs: number | undefined) =>
      // Rounded to microseconds.
      atNs === undefined ? undefined : (instant.write(wallNs(origin, atNs) + 500n) as Printable);
    return {
      endpoints_configured: sources.map(({ url }) => url),
      endpoints_successful: reached.map(({ url }) => url),
      start_time: time(profiling?.fromNs),
      end_time: time(profiling?.toNs),
      endpoint_info: Object.fromEntries(
        reached
          .toSorted((a, b) => (a.url < b.url ? -1 : 1))
          .map((source) => [source.url, sourceInfo(source, origin)]),
      ),
      phase_time_ranges: Object.fromEntries(
        phases
          .toReversed()
          .map(({ name, fromNs, toNs }) => [
            name,
            { start_ns: wallNs(origin, fromNs), end_ns: wallNs(origin, toNs) },
          ]),
      ),
    };
  }

  #series({ head, stats, buckets, slices }: ServerResult): Printable {
    const labels = sortedLabels(head.labels);
    const grown = (counts: readonly number[] | undefined) => counts && bucketMembers(head.bounds, counts);
    const slice = ({ fromNs, toNs, isComplete, stats, buckets }: ServerSlice): Printable => ({
      start_ns: wallNs(this.#facts.origin, fromNs),
      end_ns: wallNs(this.#facts.origin, toNs),
      is_complete: isComplete ? undefined : false,
      ...Object.fromEntries(statMembers(stats)),
      buckets: grown(buckets),
    });
    return {
      endpoint_url: head.source.url,
      labels: labels.length === 0 ? undefined : new Map(labels),
      stats: Object.fromEntries(statMembers(stats)),
      buckets: grown(buckets),
      timeslices: slices === undefined || slices.length === 0 ? undefined : slices.map(slice),
    };
  }

  /** The member of a phase: series by metric, each sorted by page and labels. */
  *#metrics(entries: readonly Entry[]): Generator<string> {
    const sorted = entries.toSorted((a, b) => compareKeys(a.keys, b.keys));
    let before: string | undefined;
    for (const { family, place } of sorted) {
      if (family.name === before) yield ',\n        ';
      else {
        yield before === undefined ? '{\n' : '\n      ]\n    },\n';
        yield `    ${prettyJson(family.name)}: `;
        const { kind: type, help: description } = family;
        const head = prettyJson({ type, description, unit: unitOf(family), series: [] }, '    ');
        yield head.replace(/\[\]\n {4}\}$/, '[\n        ');
      }
      before = family.name;
      yield this.#spill.read(place);
    }
    yield before === undefined ? '{}' : '\n      ]\n    }\n  }';
  }
}

/** The first members of an object that goes on. */
function members(object: Printable): string[] {
  return [prettyJson(object).replace(/\n\}$/, ',\n')];
}
