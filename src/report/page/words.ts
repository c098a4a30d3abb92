import { CONFIDENCE } from '../../metrics/confidence.js';
import { withCommas } from '../../metrics/format.js';
import { goodput, goodRequestCount } from '../../metrics/goodput-metrics.js';
import type { Metric } from '../../metrics/metric.js';
import {
  inputSequenceLength,
  interTokenLatency,
  outputSequenceLength,
  outputTokenThroughputPerUser,
  requestLatency,
  timeToFirstToken,
} from '../../metrics/request-metrics.js';
import { statsOf } from '../../metrics/results.js';
import {
  benchmarkDuration,
  oslMismatchCount,
  outputTokenThroughput,
  requestThroughput,
} from '../../metrics/run-metrics.js';
import type { Statistics } from '../../metrics/statistics.js';
import { usageDiscrepancyCount } from '../../metrics/usage-metrics.js';
import { counted, withThousands } from '../../util/counted.js';
import { durationWords, percentWords, short } from '../figures.js';
import { lengthCauses } from '../length-causes.js';
import { notStreamed } from '../panels.js';
import { trendBlocks } from '../trend-lines.js';
import { clientStatement } from './fidelity.js';
import { loadWords } from './load.js';
import type { ReportedRun } from './run.js';
import type { Statement } from './statement.js';

/** A run in words: what was measured, how it went, and what not to conclude. Topics without a sentence are left out. */
export function runStatements(run: ReportedRun): readonly Statement[] {
  const { summary } = run;
  const failed = summary.failedCount > 0;
  const statements: readonly Statement[] = [
    { topic: 'Incomplete', sentences: incomplete(run), tone: 'bad' },
    { topic: 'Measured', sentences: measured(run), tone: 'plain' },
    { topic: 'Speed', sentences: speed(run), tone: 'plain' },
    { topic: 'Throughput', sentences: throughput(run), tone: 'plain' },
    { topic: 'Goodput', sentences: goodRequests(run), tone: 'plain' },
    { topic: 'Failures', sentences: failures(run), tone: failed ? 'bad' : 'good' },
    { topic: 'Over time', sentences: overTime(run), tone: 'plain' },
    { topic: 'Server', sentences: run.serverFindings, tone: 'plain' },
    { topic: 'Server counts', sentences: unexplainedCounts(run), tone: 'caution' },
    clientStatement(run.facts.fidelity),
    { topic: 'Caveats', sentences: cautions(run), tone: 'caution' },
  ];
  return statements.filter(({ sentences }) => sentences.length > 0);
}

/** Why the results cover only a part of the run. */
function incomplete({ facts: { incompleteReason } }: ReportedRun): string[] {
  return incompleteReason === undefined
    ? []
    : [`${incompleteReason} The figures cover only part of the run: do not compare them with complete runs.`];
}

function measured({ summary, facts }: ReportedRun): string[] {
  const { models, urls, endpoint, load } = loadWords(facts.inputConfig);
  const seconds = statsOf(summary.results, benchmarkDuration)?.avg;
  const sentence = [
    counted(summary.validCount + summary.failedCount, 'request'),
    models.length === 0 ? '' : ` to ${models.join(', ')}`,
    urls.length === 0 ? '' : ` at ${urls.join(', ')}`,
    endpoint === undefined ? '' : ` (${endpoint})`,
    load === undefined ? '' : `, ${load}`,
    seconds === undefined ? '' : `, in ${durationWords(1000 * seconds)}`,
  ].join('');
  const [isl, osl] = [inputSequenceLength, outputSequenceLength].map(
    (metric) => statsOf(summary.results, metric)?.avg,
  );
  if (osl === undefined) return [`${sentence}.`];
  const prompts = isl === undefined ? '' : `Mean prompt length: ${tokens(isl)}; mean output length: `;
  return [`${sentence}.`, `${prompts === '' ? 'Mean output length: ' : prompts}${tokens(osl)}.`];
}

function speed({ summary }: ReportedRun): string[] {
  const of = (metric: Metric) => statsOf(summary.results, metric);
  const [ttft, latency, itl] = [timeToFirstToken, requestLatency, interTokenLatency].map(of);
  const first = medianAndTail(ttft);
  const whole = medianAndTail(latency);
  const share = (ttft?.avg ?? Number.NaN) / (latency?.avg ?? Number.NaN);
  return [
    ...(first === undefined ? [] : [`Time to first token: ${first}.`]),
    ...(whole === undefined ? [] : [`Request latency: ${whole}.`]),
    ...(Number.isNaN(share) || itl?.avg === undefined
      ? []
      : [
          `On average ${percentWords(share)} of the latency was the wait for the first token; inter-token latency: mean ${durationWords(itl.avg)}.`,
        ]),
  ];
}

/** `median 50 ms, p99 130 ms`; fewer than a hundred requests have no tail but their slowest. */
function medianAndTail({ p50, p99, max, count: requests = 0 }: Statistics = {}): string | undefined {
  if (p50 === undefined || p99 === undefined || max === undefined) return undefined;
  const tail = requests < 100 ? `max ${durationWords(max)}` : `p99 ${durationWords(p99)}`;
  return `median ${durationWords(p50)}, ${tail}`;
}

function throughput({ summary }: ReportedRun): string[] {
  const of = (metric: Metric) => statsOf(summary.results, metric)?.avg;
  const [requests, outputs, user] = [
    requestThroughput,
    outputTokenThroughput,
    outputTokenThroughputPerUser,
  ].map(of);
  if (requests === undefined) return [];
  const total = `${short(requests)} requests/s were completed`;
  if (outputs === undefined) return [`${total}.`];
  const each = user === undefined ? '' : `; each user got ${short(user)} tokens/s`;
  return [`${total}, with ${short(outputs)} output tokens/s${each}.`];
}

function goodRequests({ summary }: ReportedRun): string[] {
  const { slos, validCount, failedCount, results } = summary;
  if (slos.length === 0) return [];
  const all = validCount + failedCount;
  const good = statsOf(results, goodRequestCount)?.avg ?? 0;
  const rate = statsOf(results, goodput)?.avg ?? 0;
  const objectives = slos.map(({ label, unit, limit, largerIsBetter, passed }) => ({
    name: `${label} ${largerIsBetter ? '≥' : '≤'} ${withCommas(limit).replace(/\.00$/, '')} ${unit}`,
    share: percentWords(passed / all),
  }));
  const kept = objectives.map(({ name, share }, i) => `${name} ${i === 0 ? 'was met by' : 'by'} ${share}`);
  const [only] = objectives;
  const what = objectives.length === 1 ? `met ${only?.name}` : 'met every objective';
  return [
    `${withThousands(good)} of ${counted(all, 'request')} (${percentWords(good / all)}) ${what}: ${short(rate)} good requests/s.`,
    ...(objectives.length === 1 ? [] : [`${kept.join(', ')}.`]),
  ];
}

function failures({ summary }: ReportedRun): string[] {
  const { validCount, failedCount, outcomes, errors } = summary;
  const all = validCount + failedCount;
  const { failed, cancelled, dropped } = outcomes;
  const planned =
    cancelled === 0
      ? []
      : [
          `${counted(cancelled, 'request was', 'requests were')} cancelled on purpose, and not counted as failures.`,
        ];
  if (all === 0) return planned;
  if (failedCount === 0)
    return [
      all === 1 ? 'The request succeeded.' : `All ${withThousands(all)} requests succeeded.`,
      ...planned,
    ];
  const sentences: string[] = [];
  if (failed > 0) {
    const causes = errors.filter(({ error }) => error.type !== 'RequestCancellationError');
    const [most] = [...causes].sort((a, b) => b.count - a.count);
    const name =
      most &&
      [most.error.code, most.error.type].filter((part) => part !== undefined && part !== '').join(' ');
    const kinds =
      causes.length > 1
        ? ` Most often (${withThousands(most?.count ?? 0)} times): ${name}.`
        : ` The cause: ${name}.`;
    sentences.push(
      `${withThousands(failed)} of ${counted(all, 'request')} failed (${percentWords(failed / all)}).${name === undefined ? '' : kinds}`,
    );
  }
  sentences.push(...planned);
  if (dropped > 0)
    sentences.push(`${counted(dropped, 'request was', 'requests were')} dropped because the run ended.`);
  sentences.push(
    validCount === 0
      ? 'No request succeeded, so there is no latency to report.'
      : 'None of these are part of the latencies; see Error-adjusted latency (failures = ∞).',
  );
  return sentences;
}

function overTime({ summary }: ReportedRun): string[] {
  return summary.sliced === undefined
    ? []
    : trendBlocks(summary.sliced).flatMap(({ head, sentences }) => [head, ...sentences]);
}

/** Counts of the servers and the client that do not fit. */
function unexplainedCounts({ facts: { serverView = [] } }: ReportedRun): string[] {
  return serverView.flatMap(({ unexplained = [] }) => unexplained);
}

function cautions({ summary, notes }: ReportedRun): string[] {
  const { validCount, results, thresholds } = summary;
  const found = [...notes];
  if (validCount > 0 && validCount < enoughFor99) {
    found.push(
      `${counted(validCount, 'request is', 'requests are')} too few for a reliable p99 (${enoughFor99} needed for a 95 % upper bound).`,
    );
  }
  const inOnePiece = notStreamed(summary);
  if (inOnePiece !== undefined) found.push(inOnePiece);
  const discrepant = statsOf(results, usageDiscrepancyCount)?.avg ?? 0;
  if (discrepant > 0) {
    found.push(
      `In ${counted(discrepant, 'request')} the server's token counts and ours are more than ${thresholds.usageDiffPct} % apart; ` +
        'on short prompts its chat template alone can be that.',
    );
  }
  const mismatched = statsOf(results, oslMismatchCount)?.avg ?? 0;
  if (mismatched > 0) {
    const { causes } = lengthCauses(summary);
    const why = causes.map((cause) => `${cause.why} (${withThousands(cause.requests)})`).join('. ');
    found.push(`${counted(mismatched, 'output has', 'outputs have')} a length other than requested. ${why}.`);
  }
  return found;
}

/** The fewest requests of which one is, but for the chance that is left to that side, above the true p99: 368. */
const enoughFor99 = Math.ceil(Math.log((1 - CONFIDENCE) / 2) / Math.log(0.99));

function tokens(mean: number): string {
  return counted(Math.round(mean), 'token');
}
