import type { ComparedPoint, Comparison } from '../../charts/comparison-charts.js';
import type { RunSummary } from '../../metrics/compute.js';
import type { StatName } from '../../metrics/statistics.js';
import { beaterOf, weigh } from '../../metrics/trade-off.js';
import { gpusTold, loadTold } from '../load-told.js';
import { count, counted, duration, percent, short, statisticsOf } from './figures.js';
import { type Html, html } from './html.js';
import { loadWords } from './load.js';
import type { ReportedRun } from './run.js';
import { type Cell, table } from './table.js';
import type { Said } from './words.js';

/** Several runs weighed against each other. */
export interface ComparedRuns extends Comparison {
  /** In the order of the points. */
  readonly runs: readonly ReportedRun[];
  /** Share of good requests that a run with objectives needs to be recommended. */
  readonly targetShare: number;
}

/** @param targetShare of good requests that a run with objectives needs to be recommended. */
export function compare(runs: readonly ReportedRun[], targetShare: number): ComparedRuns {
  const { subject, names } = shortNames(runs.map(({ name }) => name));
  const points = runs.map((run, i) => comparedPoint(run, names[i] ?? run.name));
  const limit = (tag: string) =>
    runs
      .map(({ summary }) => summary.slos.find((slo) => slo.tag === tag)?.limit)
      .find((one) => one !== undefined);
  const [perUser, ttft, latency] = [
    limit('output_token_throughput_per_user'),
    limit('time_to_first_token'),
    limit('request_latency'),
  ];
  return {
    runs,
    points,
    targetShare,
    verdict: weigh(points, targetShare),
    gpus: gpusTold(runs.map(({ inputConfig }) => inputConfig)),
    subject,
    limits: {
      ...(perUser === undefined ? {} : { perUser }),
      ...(ttft === undefined ? {} : { ttft }),
      ...(latency === undefined ? {} : { latency }),
    },
    hasObjectives: points.every(({ goodShare }) => goodShare !== undefined),
  };
}

/** What the runs come to together, in words. */
export function comparisonWords(compared: ComparedRuns): readonly Said[] {
  const { runs, points, verdict } = compared;
  const name = (index: number) => runs[index]?.name ?? '';
  const { frontier, knee, userExperience, balanced, cost } = verdict;
  const beaten = runs.flatMap((run, i) => {
    const by = frontier.includes(i) ? undefined : beaterOf(i, points);
    return by === undefined ? [] : [`${run.name} is beaten by ${name(by)}`];
  });
  const figures = (index: number) => {
    const { throughput, perUser } = points[index] ?? {};
    return `${short(throughput?.mean ?? 0)} output tokens/s, ${short(perUser?.mean ?? 0)} for each user`;
  };
  const priority = (index: number | undefined, what: string) =>
    index === undefined ? [] : [`${what}: ${name(index)} (${figures(index)}).`];
  const models = [...new Set(runs.flatMap(({ inputConfig }) => loadWords(inputConfig).models))];
  const requests = runs.reduce((sum, { summary }) => sum + summary.validCount + summary.failedCount, 0);
  const failed = runs.filter(({ summary }) => summary.failedCount > 0);
  const said: readonly Said[] = [
    {
      topic: 'Compared',
      sentences: [
        `${counted(runs.length, 'run')} with ${counted(requests, 'request')}${models.length === 0 ? '' : `, to ${models.join(', ')}`}.`,
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
              ...(knee === undefined ? [] : [`More load stops to pay at ${name(knee)} (Kneedle).`]),
            ],
      tone: 'plain',
    },
    {
      topic: 'To choose',
      sentences: [
        ...objectiveWords(compared),
        ...priority(userExperience?.point, 'Fastest for a user'),
        ...priority(balanced?.point, 'Balanced'),
        ...priority(cost?.point, 'Most for the money'),
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
  ];
  return said.filter(({ sentences }) => sentences.length > 0);
}

/** Which runs are not recommended, because too few of their requests keep the objectives. */
function objectiveWords({ runs, points, verdict: { eligible }, targetShare }: ComparedRuns): string[] {
  const missed = points.flatMap(({ goodShare }, i) =>
    goodShare === undefined || eligible.includes(i) ? [] : [{ name: runs[i]?.name ?? '', goodShare }],
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

/** A row for each run. @param href where a run is shown. */
export function comparisonTable({ runs, verdict }: ComparedRuns, href: (index: number) => string): Html {
  const hasSlos = runs.some(({ summary }) => summary.slos.length > 0);
  const rows = runs.map(({ name, summary, inputConfig }, i) => [
    html`<a href="${href(i)}">${name}</a>`,
    [verdict.frontier.includes(i) ? '●' : '', verdict.knee === i ? 'knee' : ''].join(' ').trim(),
    loadWords(inputConfig).load ?? '',
    ...figureCells(summary),
    ...(hasSlos ? [goodCell(summary)] : []),
  ]);
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

/** What folders of a sweep are called: `concurrency_2` and `concurrency_10` are 2 and 10 by concurrency. */
function shortNames(names: readonly string[]): {
  readonly subject: string;
  readonly names: readonly string[];
} {
  const parts = names.map((name) => /^(\w*[a-z])_([\d.]+)$/.exec(name) ?? undefined);
  const [subject = ''] = parts.flatMap((part) => part?.[1] ?? []);
  if (!parts.every((part) => part?.[1] === subject)) return { subject: '', names };
  return { subject: subject.replaceAll('_', ' '), names: parts.flatMap((part) => part?.[2] ?? []) };
}

function comparedPoint({ summary, inputConfig }: ReportedRun, name: string): ComparedPoint {
  const mean = (tag: string) => statisticsOf(summary.results, tag).avg;
  const estimate = (tag: string) => {
    const value = mean(tag);
    return value === undefined ? undefined : { mean: value, ciLow: value, ciHigh: value };
  };
  return {
    name,
    load: loadTold(inputConfig),
    throughput: estimate('output_token_throughput'),
    perUser: estimate('output_token_throughput_per_user'),
    goodShare: summary.slos.length === 0 ? undefined : (mean('good_request_fraction') ?? 0),
    ttft: mean('time_to_first_token'),
    latency: mean('request_latency'),
  };
}
