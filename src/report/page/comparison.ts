import type { RunSummary } from '../../metrics/compute.js';
import type { StatName } from '../../metrics/statistics.js';
import type { Recommendation } from '../../metrics/trade-off.js';
import { type ComparedRuns, compare } from '../compared-runs.js';
import { beatenWords, tieWords } from '../trade-off-words.js';
import { count, counted, duration, percent, short, statisticsOf } from './figures.js';
import { type Html, html } from './html.js';
import { loadWords } from './load.js';
import type { ReportedRun } from './run.js';
import { type Cell, table } from './table.js';
import type { Said } from './words.js';

/** Several runs of a page weighed against each other. */
export interface Comparison extends ComparedRuns<ReportedRun> {
  /** Share of good requests that a run with objectives needs to be recommended. */
  readonly targetShare: number;
}

/** @param targetShare of good requests that a run with objectives needs to be recommended. */
export function comparisonOf(runs: readonly ReportedRun[], targetShare: number): Comparison {
  const slos = runs.find(({ summary }) => summary.slos.length > 0)?.summary.slos ?? [];
  const meanOf = ({ summary }: ReportedRun, tag: string) => statisticsOf(summary.results, tag).avg;
  return { ...compare(runs, { meanOf, slos, targetShare }), targetShare };
}

/** What the runs come to together, in words. */
export function comparisonWords(compared: Comparison): readonly Said[] {
  const { groups, points, verdict, workNote } = compared;
  const runs = groups.flatMap((group) => group.runs);
  const name = (index: number) => groups[index]?.title ?? '';
  const { frontier, knee, userExperience, balanced, cost } = verdict;
  const beaten = beatenWords(points, verdict, name);
  const figures = (index: number) => {
    const { throughput, perUser } = points[index] ?? {};
    return `${short(throughput?.mean ?? 0)} output tokens/s, ${short(perUser?.mean ?? 0)} for each user`;
  };
  const priority = (chosen: Recommendation | undefined, what: string) =>
    chosen === undefined
      ? []
      : [`${what}: ${name(chosen.point)} (${figures(chosen.point)}).${tieWords(chosen.ties.map(name))}`];
  const models = [...new Set(runs.flatMap(({ inputConfig }) => loadWords(inputConfig).models))];
  const requests = runs.reduce((sum, { summary }) => sum + summary.validCount + summary.failedCount, 0);
  const failed = runs.filter(({ summary }) => summary.failedCount > 0);
  const said: readonly Said[] = [
    {
      topic: 'Compared',
      sentences: [
        `${counted(runs.length, 'run')} with ${counted(requests, 'request')}${models.length === 0 ? '' : `, to ${models.join(', ')}`}.`,
        ...(groups.length === runs.length
          ? []
          : [`Repeats are weighed as one, by their means: ${counted(groups.length, 'point')}.`]),
      ],
      tone: 'plain',
    },
    {
      topic: 'Frontier',
      sentences:
        frontier.length === 0
          ? ['No run has both output tokens/s and tokens/s for each user.']
          : [
              `No other run gives both more output tokens/s and more for each user than ${frontier.map(name).join(', ')}` +
                `${beaten.length === 0 ? '.' : `; ${beaten.join('; ')}.`}`,
              ...(runs.some(isStreamed)
                ? []
                : ['For each user: output tokens / request latency, since nothing was streamed.']),
              ...(knee === undefined ? [] : [`More load stops to pay at ${name(knee)} (Kneedle).`]),
            ],
      tone: 'plain',
    },
    {
      topic: 'To choose',
      sentences: [
        ...objectiveWords(compared),
        ...priority(userExperience, 'Fastest for a user'),
        ...priority(balanced, 'Balanced'),
        ...priority(cost, 'Most for the money'),
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
                `${run}: ${count(failedCount)} of ${counted(failedCount + validCount, 'request')} failed (${percent(failedCount / (failedCount + validCount))}).`,
            ),
      tone: failed.length === 0 ? 'good' : 'bad',
    },
    { topic: 'Mind', sentences: workNote === undefined ? [] : [workNote], tone: 'caution' },
  ];
  return said.filter(({ sentences }) => sentences.length > 0);
}

function isStreamed({ summary }: ReportedRun): boolean {
  return statisticsOf(summary.results, 'output_token_throughput_per_user').avg !== undefined;
}

/** Which runs are not recommended, because too few of their requests keep the objectives. */
function objectiveWords({ groups, points, verdict: { eligible }, targetShare }: Comparison): string[] {
  const missed = points.flatMap(({ goodShare }, i) =>
    goodShare === undefined || eligible.includes(i) ? [] : [{ name: groups[i]?.title ?? '', goodShare }],
  );
  const [first] = missed;
  if (first === undefined) return [];
  const target = `${percent(targetShare)} of all requests keep every objective`;
  if (eligible.length === 0) {
    const nearest = missed.reduce((best, run) => (run.goodShare > best.goodShare ? run : best), first);
    return [`None: in no run ${target}; nearest is ${nearest.name} with ${percent(nearest.goodShare)}.`];
  }
  const names = missed.map(({ name, goodShare }) => `${name} (${percent(goodShare)})`);
  return [`Only runs where ${target}: without ${names.join(', ')}.`];
}

/** A row for each run, repeats under each other. @param href where a run is shown. */
export function comparisonTable({ groups, verdict }: Comparison, href: (run: ReportedRun) => string): Html {
  const hasSlos = groups.some(({ runs }) => runs.some(({ summary }) => summary.slos.length > 0));
  const row = (run: ReportedRun, point: number) => [
    html`<a href="${href(run)}">${run.name}</a>`,
    [verdict.frontier.includes(point) ? '●' : '', verdict.knee === point ? 'knee' : ''].join(' ').trim(),
    loadWords(run.inputConfig).load ?? '',
    ...figureCells(run.summary),
    ...(hasSlos ? [goodCell(run.summary)] : []),
  ];
  const rows = groups.flatMap(({ runs }, point) => runs.map((run) => row(run, point)));
  return table({
    caption: 'Runs',
    isCaptionHidden: true,
    columns: [
      ...['Run', 'Frontier', 'Load', 'Requests', 'Failed', 'Requests/s', 'Tokens/s', 'per user'],
      ...['TTFT p50', 'TTFT p99', 'Latency p50', 'Latency p99'],
      ...(hasSlos ? ['Good'] : []),
    ],
    rows,
  });
}

function figureCells({ results, validCount, failedCount }: RunSummary): Cell[] {
  const rate = (tag: string) => optional(statisticsOf(results, tag).avg, short);
  const time = (tag: string, name: StatName) => optional(statisticsOf(results, tag)[name], duration);
  const all = validCount + failedCount;
  return [
    count(all),
    count(failedCount),
    rate('request_throughput'),
    rate('output_token_throughput'),
    rate('output_token_throughput_per_user'),
    time('time_to_first_token', 'p50'),
    time('time_to_first_token', 'p99'),
    time('request_latency', 'p50'),
    time('request_latency', 'p99'),
  ];
}

function goodCell({ results, slos }: RunSummary): string {
  return slos.length === 0 ? '' : percent(statisticsOf(results, 'good_request_fraction').avg ?? 0);
}

function optional(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '' : text(value);
}
