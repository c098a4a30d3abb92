import type { Usage } from '../records/usage.js';
import type { RecordMetric, RequestFacts } from './metric.js';
import { derived, perRequest, summed, totalOf } from './metric-rows.js';
import { type Results, statsOf } from './results.js';
import type { Statistics } from './statistics.js';

/** Field of the usage, the name its tag and label are made from, and its place in the usage table. */
const fields = [
  ['prompt', 'Prompt Tokens', 1000],
  ['completion', 'Completion Tokens', 1100],
  ['total', 'Total Tokens', 1200],
  ['reasoning', 'Reasoning Tokens', 1110],
  ['cacheRead', 'Prompt Cache Read Tokens', 1010],
  ['cacheWrite', 'Prompt Cache Write Tokens', 1015],
  ['cacheMiss', 'Prompt Cache Miss Tokens', 1017],
  ['promptAudio', 'Prompt Audio Tokens', 1020],
  ['completionAudio', 'Completion Audio Tokens', 1120],
  ['acceptedPrediction', 'Accepted Prediction Tokens', 1130],
  ['rejectedPrediction', 'Rejected Prediction Tokens', 1140],
  ['toolUsePrompt', 'Tool Use Prompt Tokens', 1030],
  ['promptAudioSeconds', 'Prompt Audio Seconds', 1040],
] as const satisfies readonly (readonly [keyof Usage, string, number])[];

const smallerIsBetter: readonly (keyof Usage)[] = ['cacheWrite', 'cacheMiss', 'rejectedPrediction'];

const reported = new Map<keyof Usage, RecordMetric>(
  fields.map(([field, name, order]) => [
    field,
    perRequest({
      tag: `usage_${name.toLowerCase().replaceAll(' ', '_')}`,
      label: `Usage ${name}`,
      unit: field === 'promptAudioSeconds' ? 'sec' : 'tokens',
      integer: field !== 'promptAudioSeconds',
      largerIsBetter: !smallerIsBetter.includes(field),
      table: 'usage',
      order,
      formula: `${name.toLowerCase()} as the server reports them in its last usage object`,
      absent: 'not reported',
      compute: (m) => m.usage?.[field],
    }),
  ]),
);

/** The metric of a count that the server reports. */
export function usageMetric(field: 'prompt' | 'cacheRead'): RecordMetric {
  const metric = reported.get(field);
  if (metric === undefined) throw new Error(`no metric of the usage field ${field}`);
  return metric;
}

/** A count that the server reported for a request; undefined where it did not. */
export function reportedUsage(facts: RequestFacts, field: keyof Usage): number | undefined {
  const metric = reported.get(field);
  return metric && facts.value(metric);
}

/** Statistics of a count that the server reported; undefined where no response has it. */
export function usageStatistics(results: Results, field: keyof Usage): Statistics | undefined {
  const metric = reported.get(field);
  return metric && statsOf(results, metric);
}

const totals = new Map(
  [...reported].map(([field, source]) => [
    field,
    totalOf(source, {
      tag: `total_${source.tag}`,
      label: `Total ${source.label}`,
      table: 'usage',
      order: (source.order ?? 0) + 1000,
    }),
  ]),
);

const cacheReadPct = derived({
  tag: 'overall_usage_prompt_cache_read_pct',
  label: 'Overall Usage Prompt Cache Read',
  csvLabel: 'Overall Usage Prompt Cache Read %',
  unit: '%',
  largerIsBetter: true,
  table: 'usage',
  order: 2012,
  formula: 'Total Usage Prompt Cache Read Tokens / Total Usage Prompt Tokens * 100',
  absent: 'either is not reported',
  compute: (run) => {
    const [read, prompt] = [totals.get('cacheRead'), totals.get('prompt')].map(
      (row) => row && run.total(row),
    );
    return read === undefined || !prompt ? undefined : (read / prompt) * 100;
  },
});

/** What the server counted against what we did: its name, the label of ours, and what must be counted. */
const diffMetrics = [
  usageDiff('Prompt', 'Input Sequence Length', 'input tokens', (m) => diffPct(m.usage?.prompt, m.isl)),
  usageDiff('Completion', 'Output Sequence Length', 'output tokens', (m) =>
    diffPct(m.usage?.completion, m.osl),
  ),
  usageDiff('Reasoning', 'Reasoning Token Count', 'output tokens', (m) =>
    diffPct(m.usage?.reasoning, m.tokens.reasoning),
  ),
];

function usageDiff(
  name: string,
  ours: string,
  counted: 'input tokens' | 'output tokens',
  compute: RecordMetric['compute'],
) {
  return perRequest({
    tag: `usage_${name.toLowerCase()}_tokens_diff_pct`,
    label: `Usage ${name} Difference`,
    csvLabel: `Usage ${name} Diff %`,
    unit: '%',
    requires: [counted, 'client token counts'],
    formula: `|Usage ${name} Tokens - ${ours}| / ${ours} * 100`,
    absent: 'either is not known',
    compute,
  });
}

export const usageDiscrepancyCount = summed({
  tag: 'usage_discrepancy_count',
  label: 'Usage Discrepancy Count',
  unit: 'requests',
  requires: ['input tokens', 'output tokens', 'client token counts'],
  formula: 'number of requests with a usage difference above `AIPERF_METRICS_USAGE_PCT_DIFF_THRESHOLD` %',
  absent: 'prompt or completion tokens are not reported, or none of the differences is known',
  compute: (facts) => {
    const isReported = (field: keyof Usage) => reportedUsage(facts, field) !== undefined;
    const diffs = diffMetrics.flatMap((metric) => facts.value(metric) ?? []);
    if (!isReported('prompt') || !isReported('completion') || diffs.length === 0) return undefined;
    return diffs.some((diff) => diff > facts.thresholds.usageDiffPct) ? 1 : 0;
  },
});

/** Token counts that the server reported, and how far they are from ours. */
export const usageMetrics = [
  ...reported.values(),
  ...totals.values(),
  cacheReadPct,
  ...diffMetrics,
  usageDiscrepancyCount,
];

function diffPct(theirs: number | undefined, ours: number | undefined): number | undefined {
  return theirs === undefined || !ours ? undefined : (Math.abs(theirs - ours) / ours) * 100;
}
