import { goodRequestFraction } from '../../metrics/goodput-metrics.js';
import type { Metric } from '../../metrics/metric.js';
import type { RunSummary } from '../../metrics/metric-store.js';
import { outputTokensPerJoule, totalGpuPower } from '../../metrics/power-metrics.js';
import {
  outputTokenThroughputPerUser,
  requestLatency,
  timeToFirstToken,
} from '../../metrics/request-metrics.js';
import { statsOf } from '../../metrics/results.js';
import { outputTokenThroughput, requestThroughput } from '../../metrics/run-metrics.js';
import type { StatName } from '../../metrics/statistics.js';
import { perUserMetric } from '../../run/compared-point.js';
import { counted, withThousands } from '../../util/counted.js';
import { andList } from '../../util/lists.js';
import { type ComparedRuns, compare } from '../compared-runs.js';
import { durationWords, percentWords, short } from '../figures.js';
import {
  called,
  clientLimitedWords,
  frontierWords,
  recommendedPoints,
  tieReason,
  tieSentence,
} from '../trade-off-words.js';
import { type Html, html } from './html.js';
import { loadWords } from './load.js';
import type { ReportedRun } from './run.js';
import type { Statement } from './statement.js';
import { type Cell, table } from './table.js';

/** Several runs of a page weighed against each other. */
export interface PageComparison extends ComparedRuns<ReportedRun> {
  /** Share of good requests that a run with objectives needs to be recommended. */
  readonly targetShare: number;
}

/** @param targetShare of good requests that a run with objectives needs to be recommended. */
export function pageComparison(runs: readonly ReportedRun[], targetShare: number): PageComparison {
  const slos = runs.find(({ summary }) => summary.slos.length > 0)?.summary.slos ?? [];
  return { ...compare(runs, { slos, targetShare }), targetShare };
}

/** What the runs come to together, in words. */
export function comparisonStatements(compared: PageComparison): readonly Statement[] {
  const { groups, points, verdict, notes } = compared;
  const runs = groups.flatMap((group) => group.runs);
  const { frontier, knee } = verdict;
  const tie = tieSentence(compared);
  const models = [...new Set(runs.flatMap(({ facts }) => loadWords(facts.inputConfig).models))];
  const requests = runs.reduce((sum, { summary }) => sum + summary.validCount + summary.failedCount, 0);
  const failed = runs.filter(({ summary }) => summary.failedCount > 0);
  const statements: readonly Statement[] = [
    {
      topic: 'Compared',
      sentences: [
        `${counted(runs.length, 'run')} with ${counted(requests, 'request')}${models.length === 0 ? '' : `, to ${models.join(', ')}`}.`,
        ...(groups.length === runs.length
          ? []
          : [`Repeats are compared by their means: ${counted(groups.length, 'point')}.`]),
      ],
      tone: 'plain',
    },
    clientSummary(compared),
    {
      topic: 'Frontier',
      sentences:
        frontier.length === 0
          ? [
              points.every(({ isIncomplete }) => isIncomplete === true)
                ? 'No run is complete.'
                : 'No run has both output tokens/s and tokens/s/user.',
            ]
          : [
              tie ?? `Pareto frontier (output tokens/s against tokens/s/user): ${frontierWords(compared)}.`,
              ...(perUserMetric(runs) === outputTokenThroughputPerUser
                ? []
                : ['tokens/s/user = output tokens / request latency, since nothing was streamed.']),
              ...(knee === undefined
                ? []
                : [`Throughput stops scaling beyond ${called([knee], compared, 'list')} (Kneedle knee).`]),
            ],
      tone: 'plain',
    },
    {
      topic: 'Recommendation',
      sentences: [
        ...objectiveWords(compared),
        ...recommendedPoints(compared).map((recommended) => {
          const { title, points: indices } = recommended;
          const why = indices.length > 1 ? `; ${tieReason(recommended, 'output tokens/s')}` : '';
          return `${title}: ${called(indices, compared, 'range')} (${figures(indices.flatMap((i) => points[i] ?? []))}${why}).`;
        }),
      ],
      tone: 'plain',
    },
    {
      topic: 'Failures',
      sentences:
        failed.length === 0
          ? ['Every request of every run succeeded.']
          : failed.map(
              ({ name: run, summary: { failedCount, validCount } }) =>
                `${run}: ${withThousands(failedCount)} of ${counted(failedCount + validCount, 'request')} failed (${percentWords(failedCount / (failedCount + validCount))}).`,
            ),
      tone: failed.length === 0 ? 'good' : 'bad',
    },
    { topic: 'Caveats', sentences: notes, tone: 'caution' },
  ];
  return statements.filter(({ sentences }) => sentences.length > 0);
}

/** Runs that the client limited or nearly did; empty for runs without a verdict. */
function clientSummary(compared: PageComparison): Statement {
  const runs = compared.groups.flatMap((group) => group.runs);
  const strained = compared.groups.flatMap((group, i) =>
    group.runs.some((run) => clientVerdict(run) === 'client strained') ? [i] : [],
  );
  const sentences = [
    ...clientLimitedWords(compared),
    ...(strained.length === 0
      ? []
      : [
          `The client was strained at ${called(strained, compared, 'list')}: read the tails there with care.`,
        ]),
  ];
  if (sentences.length === 0 && runs.every((run) => clientVerdict(run) === 'client ok')) {
    return { topic: 'Client', sentences: ['The client kept up in every run.'], tone: 'good' };
  }
  const isLimited = compared.points.some(({ clientLimited }) => clientLimited);
  return { topic: 'Client', sentences, tone: isLimited ? 'bad' : 'caution' };
}

function clientVerdict({ facts }: ReportedRun): string | undefined {
  return facts.fidelity?.verdict;
}

/** `320 output tokens/s, 80.0 tokens/s/user`; of several points the least and the greatest. */
function figures(points: PageComparison['points']): string {
  const range = (values: readonly number[]) => {
    const [low, high] = [Math.min(...values), Math.max(...values)].map(short);
    return low === high ? low : `${low} to ${high}`;
  };
  const throughputs = points.map(({ throughput }) => throughput?.mean ?? 0);
  const perUser = points.map((point) => point.perUser?.mean ?? 0);
  return `${range(throughputs)} output tokens/s, ${range(perUser)} tokens/s/user`;
}

/** Which points are not recommended, because too few of their requests meet the objectives. */
function objectiveWords(compared: PageComparison): string[] {
  const { points, verdict, targetShare } = compared;
  const missed = points.filter(
    ({ goodShare, isIncomplete }, i) =>
      goodShare !== undefined && isIncomplete !== true && !verdict.eligible.includes(i),
  );
  if (missed.length === 0) return [];
  const share = `${percentWords(targetShare)} of all requests`;
  if (verdict.eligible.length === 0) {
    const most = Math.max(...missed.map(({ goodShare = 0 }) => goodShare));
    const nearest = points.flatMap(({ goodShare }, i) => (goodShare === most ? [i] : []));
    return [
      `None: at no point do ${share} meet every objective; nearest: ${called(nearest, compared, 'range')} with ${percentWords(most)}.`,
    ];
  }
  const names = missed.map(({ name, goodShare = 0 }) => `${name} (${percentWords(goodShare)})`);
  return [`Only points where ${share} meet every objective: not ${andList(names)}.`];
}

/** A row for each run, repeats under each other. @param href where a run is shown. */
export function comparisonTable(
  { groups, verdict }: PageComparison,
  href: (run: ReportedRun) => string,
): Html {
  const hasSlos = groups.some(({ runs }) => runs.some(({ summary }) => summary.slos.length > 0));
  const hasPower = groups.some(({ runs }) =>
    runs.some(({ summary }) => powerCells(summary).some((cell) => cell !== '')),
  );
  const hasVerdicts = groups.some(({ runs }) => runs.some(({ facts }) => facts.fidelity !== undefined));
  const row = (run: ReportedRun, point: number) => [
    html`<a href="${href(run)}">${run.name}</a>`,
    [
      ...(verdict.frontier.includes(point) ? ['●'] : []),
      ...(verdict.knee === point ? ['knee'] : []),
      ...(run.facts.incompleteReason === undefined ? [] : ['incomplete']),
    ].join(' '),
    loadWords(run.facts.inputConfig).load ?? '',
    ...(hasVerdicts ? [clientVerdict(run)?.replace(/^client /, '') ?? ''] : []),
    ...figureCells(run.summary),
    ...(hasPower ? powerCells(run.summary) : []),
    ...(hasSlos ? [goodCell(run.summary)] : []),
  ];
  const rows = groups.flatMap(({ runs }, point) => runs.map((run) => row(run, point)));
  return table({
    caption: 'Runs',
    isCaptionHidden: true,
    columns: [
      ...['Run', 'Frontier', 'Load', ...(hasVerdicts ? ['Client'] : [])],
      ...['Requests', 'Failed', 'Requests/s', 'Tokens/s', 'per user'],
      ...['TTFT p50', 'TTFT p99', 'Latency p50', 'Latency p99'],
      ...(hasPower ? ['GPU power', 'Tokens/J'] : []),
      ...(hasSlos ? ['Good'] : []),
    ],
    rows,
  });
}

function figureCells({ results, validCount, failedCount }: RunSummary): Cell[] {
  const rate = (metric: Metric) => optional(statsOf(results, metric)?.avg, short);
  const time = (metric: Metric, name: StatName) => optional(statsOf(results, metric)?.[name], durationWords);
  const all = validCount + failedCount;
  return [
    withThousands(all),
    withThousands(failedCount),
    rate(requestThroughput),
    rate(outputTokenThroughput),
    rate(outputTokenThroughputPerUser),
    time(timeToFirstToken, 'p50'),
    time(timeToFirstToken, 'p99'),
    time(requestLatency, 'p50'),
    time(requestLatency, 'p99'),
  ];
}

/** Power of all GPUs, and output tokens per joule. */
function powerCells({ results }: RunSummary): Cell[] {
  const of = (metrics: readonly Metric[]) =>
    metrics.flatMap((metric) => statsOf(results, metric)?.avg ?? [])[0];
  return [
    optional(of(totalGpuPower), (watts) => `${short(watts)} W`),
    optional(of(outputTokensPerJoule), short),
  ];
}

function goodCell({ results, slos }: RunSummary): string {
  return slos.length === 0 ? '' : percentWords(statsOf(results, goodRequestFraction)?.avg ?? 0);
}

function optional(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '' : text(value);
}
