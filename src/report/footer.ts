import { fixed } from '../metrics/format.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { statsOf } from '../metrics/results.js';
import { benchmarkDuration } from '../metrics/run-metrics.js';
import type { RunFacts } from '../run/facts.js';
import type { ClientFidelity } from '../run/fidelity.js';
import type { ShardsSection } from '../run/shards.js';
import { oneLine } from '../util/plain-text.js';
import { failureCauses } from './failure-causes.js';
import { type Layout, stylesOf } from './layout.js';
import { utilizationText } from './utilization.js';
import { wrap } from './wrap.js';

/** Of a degraded merge: more would hide the other lines. */
const MOST_REASONS = 5;
/** Of each level, in a verdict on several shards: a page of them would hide the other lines. */
const MOST_SHARD_REASONS = 5;

type FidelityReason = NonNullable<ClientFidelity['reasons']>[number];

/** What the footer names besides facts. */
export interface FooterFiles {
  /** Files written, with their labels: `CSV Export` and so on, in the order to print. */
  readonly files: readonly { readonly label: string; readonly path: string }[];
  /** What the warm-up did not do; undefined for one without a fault. */
  readonly warmupFault?: string | undefined;
  readonly log?: string | undefined;
}

/** The lines under the tables, an empty line before and after them. */
export function footer(
  summary: RunSummary,
  { command, fidelity, shards, wasCancelled = false }: RunFacts,
  { files, warmupFault, log }: FooterFiles,
  layout: Layout,
): string {
  const { bold, green, cyan, italic, yellow } = stylesOf(layout);
  const labelled = (label: string, value: string) =>
    `${bold(green(`${label}:`))} ${italic(cyan(oneLine(value)))}`;
  // Only the command is broken into lines: broken paths could neither be copied nor found by a script.
  const [first, ...rest] = command === undefined ? [] : wrap(`CLI Command: ${command}`, layout.width);
  const duration = statsOf(summary.results, benchmarkDuration)?.avg;
  const early = wasCancelled ? ' (cancelled early)' : '';
  const { validCount, failedCount, outcomes } = summary;
  const rate = Math.round((100 * validCount) / (validCount + failedCount));
  const causes = failureCauses(summary.errors, failedCount);
  const success = `${rate}% (${failedCount} errors)${causes === undefined ? '' : `: ${causes}`}`;
  const lines = [
    ...(first === undefined ? [] : [labelled('CLI Command', first.slice('CLI Command: '.length))]),
    ...rest.map((line) => italic(cyan(line))),
    ...(duration === undefined ? [] : [labelled('Benchmark Duration', `${fixed(duration, 2)} sec${early}`)]),
    ...(validCount + failedCount === 0 ? [] : [labelled('Success Rate', success)]),
    ...(outcomes.cancelled === 0
      ? []
      : [
          labelled(
            'Cancelled On Purpose',
            `${outcomes.cancelled} of ${validCount + failedCount + outcomes.cancelled} requests`,
          ),
        ]),
    ...(warmupFault === undefined ? [] : [labelled('Warm-up', warmupFault)]),
    ...mergeLines(shards, layout, labelled),
    ...(fidelity === undefined ? [] : fidelityLines(fidelity, layout, labelled)),
    ...files.map(({ label, path }) => labelled(label, path)),
    ...(log === undefined ? [] : [labelled('Log File', log)]),
    ...(wasCancelled ? [italic(yellow('This run was cancelled early: its results may be incomplete.'))] : []),
  ];
  return ['', ...lines, '', ''].join('\n');
}

/** Why the results are not those of all shards; the table of the shards has the reasons that are left out. */
function mergeLines(
  { merge, reasons = [] }: ShardsSection = {},
  { width }: Layout,
  labelled: (label: string, value: string) => string,
): string[] {
  if (merge !== 'degraded') return [];
  const left = reasons.length - MOST_REASONS;
  return [
    labelled('Merge', merge),
    ...reasons.slice(0, MOST_REASONS).flatMap((reason) => wrap(`  - ${reason}`, Math.max(40, width), 4)),
    ...(left > 0 ? [`  - ${left} more: see Shards`] : []),
  ];
}

function fidelityLines(
  fidelity: ClientFidelity,
  { width }: Layout,
  labelled: (label: string, value: string) => string,
): string[] {
  const { verdict, reasons = [] } = fidelity;
  const utilization = utilizationText(fidelity);
  const isOfShards = reasons.some((reason) => shardOf(reason) !== undefined);
  const shown = isOfShards ? someReasons(reasons) : reasons;
  const left = reasons.length - shown.length;
  return [
    labelled('Fidelity', String(verdict)),
    ...shown.flatMap(({ reason = '' }) => wrap(`  - ${reason}`, Math.max(40, width), 4)),
    ...(left > 0 ? [`  - ${left} more: see fidelity.reasons in the JSON export`] : []),
    ...(utilization === undefined ? [] : [labelled('Client Utilization', utilization)]),
  ];
}

/** `shard 2` of a reason that names one. */
function shardOf({ reason = '' }: FidelityReason): string | undefined {
  return /^shard \d+/.exec(reason)?.[0];
}

/** Of each level a few reasons, of as many shards as possible. */
function someReasons(reasons: readonly FidelityReason[]): readonly FidelityReason[] {
  const levels = [...new Set(reasons.map(({ level }) => level))];
  return levels.flatMap((level) => {
    const own = reasons.filter((reason) => reason.level === level);
    if (own.length <= MOST_SHARD_REASONS) return own;
    const firsts = new Set(new Map(own.toReversed().map((reason) => [shardOf(reason), reason])).values());
    const others = own.filter((reason) => !firsts.has(reason));
    const some = [...own.filter((reason) => firsts.has(reason)), ...others].slice(0, MOST_SHARD_REASONS);
    return own.filter((reason) => some.includes(reason));
  });
}
