import type { ConsoleTable } from '../metrics/metric.js';
import type { RunSummary } from '../metrics/metric-store.js';
import type { RunFacts } from '../run/facts.js';
import type { GpuTelemetry } from '../run/gpu-telemetry.js';
import { batchTable } from './batch-table.js';
import { errorTable } from './error-table.js';
import { gpuTables } from './gpu-tables.js';
import type { Layout } from './layout.js';
import { metricsTable } from './metrics-table.js';
import { omissionLines } from './omission-lines.js';
import {
  exitErrorPanel,
  knownRefusalPanels,
  missingUsagePanel,
  notStreamedPanel,
  oslMismatchPanel,
  tokenDiscrepancyPanel,
  unreadContentPanel,
} from './panels.js';
import { serverLines } from './server-lines.js';
import { turnTable } from './session-table.js';
import { shardTable } from './shard-table.js';
import { sliceTable } from './slice-table.js';
import { sloTable } from './slo-table.js';
import { trendLines } from './trend-lines.js';
import { joinLines, wrap } from './wrap.js';

/** Tables besides the main one, and that of sessions, which is printed where there are any. */
export type SideTable = Exclude<ConsoleTable, 'main' | 'sessions'>;

/** The names that `--tables` takes, and what they stand for. */
export function sideTables(names: readonly ('all' | SideTable)[]): ReadonlySet<SideTable> {
  const all: readonly SideTable[] = [...groups.map(([name]) => name), 'http'];
  return new Set(names.flatMap((name) => (name === 'all' ? all : [name])));
}

/** Tables that are named after the main one, in the order in which they stand before it. */
const groups = [
  ['schedule', 'Schedule'],
  ['effective', 'Effective'],
  ['active', 'Active'],
  ['usage', 'Usage'],
  ['reasoning', 'Reasoning'],
] as const;

/**
 * The tables and panels at the end of a run, each line ended by a line feed: the same for a terminal and for the
 * console file.
 * @param tables to print where the run has something to put in them; 'adjusted' is printed always.
 * @param findings what the series of the servers explain.
 */
export function report(
  summary: RunSummary,
  facts: RunFacts,
  layout: Layout,
  tables: ReadonlySet<SideTable> = new Set(),
  findings: readonly string[] = [],
  gpu?: GpuTelemetry,
): string {
  const { title = 'LLM Metrics', incompleteReason, fidelity } = facts;
  const incomplete =
    incompleteReason === undefined
      ? []
      : [
          'AIPerf | INCOMPLETE RESULTS',
          incompleteReason,
          'The figures cover only part of the run: do not compare them with complete runs.',
        ];
  const table = (name: ConsoleTable, heading: string) =>
    metricsTable(summary.results, name, `AIPerf | ${heading}`, layout);
  const metricTables = [
    ...groups.flatMap(([name, group]) => (tables.has(name) ? table(name, `${title}: ${group}`) : [])),
    ...table('main', title),
    ...table('sessions', `${title}: Sessions`),
    ...turnTable(summary.sessions, layout),
    ...table('adjusted', 'Error-adjusted latency (failures = ∞)'),
    ...batchTable(summary.batches ?? [], layout),
    ...sloTable(summary, layout),
    ...(summary.sliced === undefined ? [] : sliceTable(summary.sliced, layout)),
  ];
  return joinLines([
    ...after(2, incomplete),
    ...after(1, knownRefusalPanels(summary.errors, layout)),
    ...after(2, errorTable(summary.errors, layout)),
    ...after(2, tables.has('http') ? table('http', 'HTTP Trace Timing') : []),
    ...after(2, metricTables),
    ...after(1, summary.sliced === undefined ? [] : trendLines(summary, summary.sliced, layout)),
    ...after(2, serverLines(facts, layout)),
    ...after(
      1,
      findings.flatMap((sentence) => wrap(sentence, layout.width, 2)),
    ),
    ...after(2, shardTable(facts, layout)),
    ...after(2, gpu === undefined ? [] : gpuTables(summary.results, gpu, facts, layout)),
    ...after(1, omissionLines(summary, fidelity, layout)),
    ...after(1, notStreamedPanel(summary, layout)),
    ...after(1, missingUsagePanel(summary, layout)),
    ...after(1, unreadContentPanel(summary, layout)),
    ...after(1, tokenDiscrepancyPanel(summary, layout)),
    ...after(1, oslMismatchPanel(summary, layout)),
    ...after(1, summary.validCount > 0 ? [] : noSuccessPanel(summary, incompleteReason, layout)),
  ]);
}

/** What a run in which no request succeeded ends with. */
function noSuccessPanel(summary: RunSummary, incompleteReason: string | undefined, layout: Layout): string[] {
  const { failedCount, outcomes } = summary;
  const cancelled = outcomes.cancelled === 0 ? '' : ` ${outcomes.cancelled} were cancelled on purpose.`;
  const reason =
    incompleteReason !== undefined
      ? `${incompleteReason} No request had succeeded by then.`
      : failedCount === 0
        ? `No request succeeded.${cancelled}`
        : `All ${failedCount} inference request(s) failed.${cancelled} No successful responses were collected: check ` +
          'the server URL, endpoint path and response format. The Error Summary above has the details.';
  const error = { service: 'profile', operation: 'export_results', error: 'NoSuccess', reason };
  return exitErrorPanel([error], layout);
}

/** A block and the empty lines before it; nothing for an empty block. */
function after(emptyLines: number, block: readonly string[]): readonly string[] {
  return block.length === 0 ? [] : [...Array<string>(emptyLines).fill(''), ...block];
}
