import {
  type Figure,
  type FigureSource,
  figuresOfServer,
  hasLabels,
  isSecondRank,
  type KnownServer,
  knownServers,
} from '../telemetry/known-servers.js';
import type { ScrapedSeries, ScrapedSource, SeriesHead } from '../telemetry/server-series.js';
import type { Labels } from '../telemetry/time-series.js';
import type { Window } from './request-table.js';
import {
  type GaugeFigure,
  type HistogramFigure,
  histogramFigure,
  meanGauge,
  type ReducedSeries,
  reduced,
  referenceScrape,
  summedGauge,
} from './server-growth.js';

/** Times that a server observed, in ms. */
export interface LatencyFigure extends HistogramFigure {
  /** An ITL that is observed once for each request, its mean, and not once for each token. */
  readonly isPerRequest: boolean;
}

/** How well drafts were accepted. */
interface Speculation {
  /** Tokens per verified draft: 1 + accepted tokens / drafts, since the model itself adds one. */
  readonly acceptanceLength: number;
  /** Accepted tokens / drafted tokens, 0 to 1; undefined where the server does not count them. */
  readonly acceptanceRate: number | undefined;
}

/** What the servers of one make say of a phase: all pages, engines and models of the run together. */
export interface ServerFigures {
  readonly id: string;
  readonly name: string;
  readonly urls: readonly string[];
  /** Why the counts may not be those of the phase: a sentence each. */
  readonly gaps: readonly string[];
  /** Growth of counters; those that no page has are absent. */
  readonly counts: Readonly<Partial<Record<CountedFigure, number>>>;
  /** Finished requests by the reason that the server gives; empty where it gives none. */
  readonly reasons: Readonly<Record<string, number>>;
  /** 0 to 1. */
  readonly cacheHitRate: number | undefined;
  /** Of speculative decoding; undefined where the server does none, or does not report it. */
  readonly speculation: Speculation | undefined;
  readonly gauges: Readonly<Partial<Record<GaugedFigure, GaugeFigure>>>;
  readonly latencies: Readonly<Partial<Record<TimedFigure, LatencyFigure>>>;
}

const countedFigures = [
  'finished',
  'aborted',
  'promptTokens',
  'generationTokens',
  'preemptions',
] as const satisfies readonly Figure[];
const timedFigures = ['ttft', 'itl', 'latency'] as const satisfies readonly Figure[];
const summedFigures = ['running', 'waiting'] as const satisfies readonly Figure[];
type CountedFigure = (typeof countedFigures)[number];
type TimedFigure = (typeof timedFigures)[number];
type GaugedFigure = (typeof summedFigures)[number] | 'kvCacheUsage';

/** Whose figures are wanted. */
export interface FiguresOf {
  /** That the run asks for: where a server names them, what it did for other models is left out. */
  readonly models: readonly string[];
  /** The last response of the phase before; undefined for none. */
  readonly warmupEndNs: number | undefined;
}

interface Unread {
  /** Pages of servers of the load that were never read. */
  readonly unread: readonly ScrapedSource[];
}

/** A series that holds a figure. */
interface Found {
  readonly page: ScrapedSource;
  readonly labels: Labels;
  readonly reduced: ReducedSeries;
  readonly figure: Figure;
  readonly source: FigureSource;
  /** Place of the source in the table: lower is preferred. */
  readonly rank: number;
}

/**
 * Figures of the known servers among the pages, in the order of the table; none for pages of others.
 */
export function serverFigures(
  scraped: Pick<ScrapedSeries, 'sources' | 'heads' | 'series'>,
  window: Window,
  { models, warmupEndNs }: FiguresOf,
): ServerFigures[] {
  const pages = knownServers.map((server) => ({
    ...{ server, sources: new Set<ScrapedSource>(), found: [] as Found[] },
  }));
  for (const { family, source } of scraped.heads()) {
    for (const { server, sources } of pages) if (family.name.startsWith(server.prefix)) sources.add(source);
  }
  const placesOf = (head: SeriesHead) => pages.map(({ server }) => figuresIn(head, server));
  for (const series of scraped.series((head) => placesOf(head).some((places) => places.length > 0))) {
    const inPhase = reduced(series, window);
    for (const [i, places] of placesOf(series).entries()) {
      const { source: page, labels } = series;
      pages[i]?.found.push(...places.map((place) => ({ ...place, page, labels, reduced: inPhase })));
    }
  }
  const unread = scraped.sources.filter(
    ({ of, isDefault, sentNs }) => of === 'server' && isDefault && sentNs.length === 0,
  );
  return pages.flatMap(({ server, sources, found }) => {
    const own = chosen(found, server, sources, models);
    return own.length === 0 ? [] : [figuresOf(server, [...sources], own, { ...window, warmupEndNs, unread })];
  });
}

/** The figures of a server that a series holds. */
function figuresIn(
  { family, labels }: SeriesHead,
  server: KnownServer,
): Pick<Found, 'figure' | 'source' | 'rank'>[] {
  if (isSecondRank(server, labels)) return [];
  return figuresOfServer(server).flatMap(([figure, places]) => {
    const rank = places.findIndex((place) => place.family === family.name && hasLabels(place, labels));
    const source = places[rank];
    return source === undefined ? [] : [{ figure, source, rank }];
  });
}

/** Of each page and figure the series under the preferred name, of the models of the run where the page names any. */
function chosen(
  all: readonly Found[],
  { modelLabel }: KnownServer,
  sources: ReadonlySet<ScrapedSource>,
  models: readonly string[],
): Found[] {
  const own = all.filter(({ page }) => sources.has(page));
  const isAsked = ({ labels }: Found) => models.includes(labels[modelLabel] ?? '');
  const asked = own.filter((one) => isAsked(one) || one.labels[modelLabel] === undefined);
  const ofRun = own.some(isAsked) ? asked : own;
  const best = new Map<string, number>();
  const places = [...sources];
  const key = ({ page, figure }: Found) => `${places.indexOf(page)} ${figure}`;
  for (const one of ofRun) best.set(key(one), Math.min(one.rank, best.get(key(one)) ?? one.rank));
  return ofRun.filter((one) => one.rank === best.get(key(one)));
}

function figuresOf(
  server: KnownServer,
  sources: readonly ScrapedSource[],
  found: readonly Found[],
  window: Window & Pick<FiguresOf, 'warmupEndNs'> & Unread,
): ServerFigures {
  const of = (figure: Figure) => found.filter((one) => one.figure === figure);
  const seriesOf = (figure: Figure) => of(figure).map(({ reduced }) => reduced);
  const count = (figure: Figure) => {
    const all = of(figure);
    return all.length === 0 ? undefined : all.reduce((sum, one) => sum + amount(one), 0);
  };
  const latency = (figure: TimedFigure): LatencyFigure | undefined => {
    const histogram = histogramFigure(seriesOf(figure));
    if (histogram === undefined) return undefined;
    const { mean, p50, p99 } = histogram;
    return {
      count: histogram.count,
      ...{ mean: 1000 * mean, p50: 1000 * p50, p99: 1000 * p99 },
      isPerRequest: of(figure)[0]?.source.isPerRequest === true,
    };
  };
  const kvCacheUsage = meanGauge(seriesOf('kvCacheUsage'));
  const speculation = (): Speculation | undefined => {
    const [drafts = 0, drafted = 0, accepted] = (['drafts', 'draftTokens', 'acceptedTokens'] as const).map(
      count,
    );
    if (drafts > 0 && accepted !== undefined) {
      return {
        acceptanceLength: 1 + accepted / drafts,
        acceptanceRate: drafted === 0 ? undefined : accepted / drafted,
      };
    }
    const mean = meanGauge(seriesOf('acceptanceLength'))?.mean;
    // SGLang reports 0 while it drafts nothing.
    return mean === undefined || mean === 0
      ? undefined
      : { acceptanceLength: mean, acceptanceRate: undefined };
  };
  const [queries, hits, misses] = (['cacheQueries', 'cacheHits', 'cacheMisses'] as const).map(count);
  const lookups = queries ?? (hits === undefined || misses === undefined ? undefined : hits + misses);
  return {
    id: server.id,
    name: server.name,
    urls: sources.map(({ url }) => url),
    gaps: gapsOf(
      sources,
      window,
      found.some(({ reduced: { wasReset } }) => wasReset),
    ),
    counts: defined(countedFigures, count),
    reasons: reasonsOf(of('finished')),
    cacheHitRate:
      hits === undefined || lookups === undefined
        ? meanGauge(seriesOf('cacheHitRate'))?.mean
        : lookups === 0
          ? undefined
          : hits / lookups,
    speculation: speculation(),
    gauges: {
      ...(kvCacheUsage === undefined ? {} : { kvCacheUsage }),
      ...defined(summedFigures, (figure) => summedGauge(seriesOf(figure))),
    },
    latencies: defined(timedFigures, latency),
  };
}

/** Of a histogram of requests the count, of one of tokens the sum. */
function amount({ reduced: { kind, growth }, figure }: Found): number {
  const place = kind !== 'histogram' ? 0 : figure === 'finished' ? -1 : -2;
  return growth.at(place) ?? 0;
}

function reasonsOf(finished: readonly Found[]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const one of finished) {
    const { reasonLabel } = one.source;
    const reason = reasonLabel === undefined ? undefined : one.labels[reasonLabel];
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + amount(one);
  }
  return reasons;
}

function gapsOf(
  sources: readonly ScrapedSource[],
  window: Window & Pick<FiguresOf, 'warmupEndNs'> & Unread,
  wasReset: boolean,
): string[] {
  const { warmupEndNs = Number.NEGATIVE_INFINITY } = window;
  const referenceNs = (source: ScrapedSource) => source.sentNs[referenceScrape(source, window)];
  const late = sources.filter((source) => referenceNs(source) === undefined);
  const mixed = sources.filter((source) => (referenceNs(source) ?? warmupEndNs) < warmupEndNs);
  const early = sources.filter(({ sentNs }) => (sentNs.at(-1) ?? 0) < window.toNs);
  const urls = (some: readonly ScrapedSource[]) => some.map(({ url }) => url).join(', ');
  return [
    ...(window.unread.length === 0 ? [] : [`${urls(window.unread)} could not be read`]),
    ...(late.length === 0 ? [] : [`${urls(late)} was not read before the first request`]),
    ...(mixed.length === 0 ? [] : [`${urls(mixed)} was not read between warm-up and first request`]),
    ...(early.length === 0 ? [] : [`${urls(early)} was not read after the last response`]),
    ...(wasReset ? ['counters dropped: the server restarted, or several servers answer at one URL'] : []),
  ];
}

/** The values of those keys that have one. */
function defined<Key extends string, Value>(
  keys: readonly Key[],
  find: (key: Key) => Value | undefined,
): Partial<Record<Key, Value>> {
  const entries = keys.flatMap((key) => {
    const value = find(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries) as Partial<Record<Key, Value>>;
}
