import type { ServerResult } from '../metrics/server-results.js';
import type { MetricFamily, ScrapedSource } from '../telemetry/server-series.js';
import { wallNs } from '../util/clock.js';
import { type Printable, prettyJson } from '../util/python-json.js';
import {
  bucketMembers,
  compareKeys,
  type ServerMetricsFacts,
  type ServerPhase,
  shortUrl,
  sortedLabels,
  sourceInfo,
  statMembers,
} from './server-metrics.js';
import type { TextPlace, TextSpill } from './text-spill.js';

interface Entry {
  readonly source: ScrapedSource;
  readonly family: MetricFamily;
  readonly place: TextPlace;
}

/** Makes `phases/<name>/server_metrics.json` of the results of one phase. */
export class ServerMetricsOfPhase {
  readonly #spill: TextSpill;
  readonly #facts: ServerMetricsFacts;
  readonly #phase: ServerPhase;
  readonly #entries: Entry[] = [];

  constructor(facts: ServerMetricsFacts, phase: ServerPhase, spill: TextSpill) {
    this.#facts = facts;
    this.#phase = phase;
    this.#spill = spill;
  }

  /** @throws the error of the spill. */
  add({ head, stats, buckets }: ServerResult): void {
    const { source, family, labels, bounds } = head;
    const series: Printable = sorted([
      ['buckets', buckets && sorted([...bucketMembers(bounds, buckets)])],
      ['labels', Object.keys(labels).length === 0 ? undefined : new Map(sortedLabels(labels))],
      ['stats', sorted(statMembers(stats))],
    ]);
    this.#entries.push({ source, family, place: this.#spill.add(prettyJson(series, ' '.repeat(14))) });
  }

  /** The text of the file, piece by piece: all keys are sorted. @throws the error of the spill. */
  *text(): Generator<string> {
    const { benchmarkId, origin, sources, phases } = this.#facts;
    const { name, fromNs, toNs, wasCancelled } = this.#phase;
    const reached = sources.filter(({ sentNs }) => sentNs.length > 0);
    const [start_ns, end_ns] = [wallNs(origin, fromNs), wallNs(origin, toNs)];
    const phase = { phase_index: phases.indexOf(this.#phase), phase_kind: name, phase_name: name };
    yield `{\n  "data": ${opened({ benchmark_id: benchmarkId, end_ns }, 2)},\n    "endpoint_summaries": {`;
    let isFirst = true;
    for (const source of reached.toSorted((a, b) => (shortUrl(a.url) < shortUrl(b.url) ? -1 : 1))) {
      yield isFirst ? '\n' : ',\n';
      isFirst = false;
      yield* this.#source(source);
    }
    yield `${isFirst ? '' : '\n    '}},`;
    const rest = {
      endpoints_configured: sources.map(({ url }) => url),
      endpoints_successful: reached.map(({ url }) => url),
      error_summary: errorSummary(sources),
      ...{ phase: name, ...phase, phase_results: [], start_ns },
    };
    yield `${prettyJson(rest, '  ').slice(1)},\n`;
    const tail = {
      phase: {
        end_ns,
        ...phase,
        profiling_index: name === 'profiling' ? 0 : null,
        ...{ start_ns, was_cancelled: wasCancelled },
      },
      schema_version: 1,
      warnings: [],
    };
    yield `${prettyJson(tail).slice(2)}\n`;
  }

  *#source(source: ScrapedSource): Generator<string> {
    const info = sourceInfo(source, this.#facts.origin, this.#phase);
    const head = {
      endpoint_url: source.url,
      info: info === undefined ? undefined : sorted(Object.entries(info)),
    };
    yield `      ${prettyJson(shortUrl(source.url))}: ${opened(head, 6)},\n        "metrics": {`;
    const own = this.#entries
      .filter((entry) => entry.source === source)
      // Within a metric in the order of the page.
      .sort((a, b) => compareKeys([a.family.name], [b.family.name]));
    let family: MetricFamily | undefined;
    for (const entry of own) {
      if (entry.family.name === family?.name) yield ',\n              ';
      else {
        yield family === undefined ? '\n' : `${closing(family)},\n`;
        const description = prettyJson(entry.family.help);
        yield `          ${prettyJson(entry.family.name)}: {\n            "description": ${description},\n`;
        yield '            "series": [\n              ';
      }
      family = entry.family;
      yield this.#spill.read(entry.place);
    }
    yield `${family === undefined ? '' : `${closing(family)}\n        `}}\n      }`;
  }
}

function closing({ kind }: MetricFamily): string {
  return `\n            ],\n            "type": "${kind}"\n          }`;
}

/** An object without its closing brace. @param indentation of the object, in spaces. */
function opened(object: Printable, indentation: number): string {
  return prettyJson(object, ' '.repeat(indentation)).replace(/\n *\}$/, '');
}

function sorted(members: readonly (readonly [string, Printable | undefined])[]): Map<string, Printable> {
  const present = members.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return new Map(present.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Failed scrapes by reason, over all pages. */
function errorSummary(sources: readonly ScrapedSource[]): Printable[] {
  return sources.flatMap(({ failures }) =>
    [...failures].map(([message, count]) => ({ count, error_details: { message } })),
  );
}
