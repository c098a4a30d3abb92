import type { Config } from '../../config/options.js';
import { endpoints } from '../../endpoint/endpoints.js';
import { fidelityJson } from '../../export/fidelity-json.js';
import { placeOf, type RunOfSeries } from '../../export/series.js';
import { summaryCsv } from '../../export/summary-csv.js';
import { type SummaryFacts, summaryJson } from '../../export/summary-json.js';
import type { Fidelity } from '../../fidelity/verdict.js';
import { replayWarning } from '../../metrics/replay-metrics.js';
import { footer } from '../../report/footer.js';
import { layoutOn } from '../../report/layout.js';
import { ledgerLine } from '../../report/ledger.js';
import { ledgerPanel, notStreamed, responseWarnings } from '../../report/panels.js';
import { type ReportFacts, report, sideTables } from '../../report/report.js';
import { type ClockOrigin, wallNs } from '../../util/clock.js';
import type { Io } from '../../util/io.js';
import type { JsonObject } from '../../util/json.js';
import type { Log } from '../../util/log.js';
import { version } from '../../util/version.js';
import { timesliceFiles } from '../timeslices.js';
import { writeWithFolder } from '../write-whole.js';
import type { Artifacts } from './artifacts.js';
import { phaseFiles } from './phase-files.js';
import type { PreparedRun } from './prepare.js';
import type { RunOutcome } from './run.js';
import { warmupWarning } from './warmup-warning.js';

/** What the files and the report say besides results. */
export interface ResultFacts {
  readonly config: Config;
  /** 12 hex digits. */
  readonly benchmarkId: string;
  readonly recordedCommand: string;
  readonly inputConfig: JsonObject;
  readonly origin: ClockOrigin;
  readonly artifacts: Artifacts;
  /** Which of several runs it is. */
  readonly series?: RunOfSeries;
  /** Makes the page of the run from its other files; undefined where none is wanted. */
  readonly page: (() => string) | undefined;
}

/**
 * Prints what is wrong with the count of requests, by phase: each request that was issued must have ended once.
 * @returns the number of phases where something is.
 */
export function tellMismatches(
  { summary, warmup, interrupted, stalled, failure, left }: RunOutcome,
  { phases }: PreparedRun,
  { config }: ResultFacts,
  { stdout, env }: Pick<Io, 'stdout' | 'env'>,
): number {
  const wasCut = interrupted || stalled !== undefined || failure !== undefined;
  const lines = phases.flatMap(({ plan, counters, expectedRequests }) => {
    const results = plan.name === 'warmup' ? warmup : summary;
    if (results === undefined) return [];
    const recorded = counters.issued - left[plan.name];
    return ledgerLine(results.outcomes, recorded, wasCut ? undefined : expectedRequests) ?? [];
  });
  const layout = layoutOn(stdout, config.consoleExportWidth, env);
  for (const line of lines) stdout.write(`${ledgerPanel(line, layout).join('\n')}\n`);
  return lines.length;
}

/**
 * Writes the summary files and prints the report, also of a run without a successful request: it needs them most. A
 * file that cannot be written is logged, and the others are written all the same.
 * @returns whether every file was written.
 */
export function publishResults(
  outcome: RunOutcome,
  facts: ResultFacts,
  { stdout, env }: Pick<Io, 'stdout' | 'env'>,
  log: Log,
): boolean {
  const { summary } = outcome;
  const { config, artifacts } = facts;
  const hasRequests = summary.firstStartNs !== undefined;
  const warmup = outcome.warmup && warmupWarning(outcome.warmup, hasRequests);
  if (warmup !== undefined) log('WARNING', 'warmup', warmup);
  for (const warning of responseWarnings(summary)) log('WARNING', 'records', warning);
  const inOnePiece = notStreamed(summary);
  if (inOnePiece !== undefined) log('WARNING', 'records', inOnePiece);
  const replay = replayWarning(summary.results);
  if (replay !== undefined) log('WARNING', 'load', replay);
  const layout = layoutOn(stdout, config.consoleExportWidth, env);
  const write = ({ path, text }: { path: string; text: () => string }) => writeFile(path, text, log);
  // A page without a request would be empty.
  const pages =
    facts.page === undefined || !hasRequests
      ? []
      : [{ label: 'HTML Report', path: artifacts.page, text: facts.page }];
  const reason = incompleteReason(outcome);
  const reportFacts = {
    title: endpoints[config.endpointType].title,
    ...dueTimes(outcome.fidelity),
    tables: sideTables([...config.tables, ...(config.showTraceTiming ? (['http'] as const) : [])]),
    ...(reason === undefined ? {} : { incompleteReason: reason }),
  };
  const summaryFacts = summaryFactsOf(outcome, facts, reason);
  const files: readonly { readonly label?: string; readonly path: string; readonly text: () => string }[] = [
    { label: 'CSV Export', path: artifacts.csv, text: () => summaryCsv(summary.results) },
    { label: 'JSON Export', path: artifacts.json, text: () => summaryJson(summary, summaryFacts) },
    {
      path: artifacts.console,
      text: () => report(summary, reportFacts, { width: config.consoleExportWidth, colours: false }),
    },
    ...phaseFiles(outcome, facts.origin, artifacts, summaryFacts),
  ];
  const lastFiles = [...timesliceFiles(summary.sliced, artifacts, facts.inputConfig), ...pages];
  const written = files.filter(write);
  const writtenLast = lastFiles.filter(write);
  const listed = [
    ...written.flatMap(({ label, path }) => (label === undefined ? [] : [{ label, path }])),
    ...(artifacts.records === undefined ? [] : [{ label: 'Records Export', path: artifacts.records }]),
    ...(artifacts.raw === undefined ? [] : [{ label: 'Raw Records', path: artifacts.raw }]),
    ...writtenLast,
  ];
  stdout.write(report(summary, reportFacts, layout));
  stdout.write(
    footer(
      summary,
      {
        cliCommand: facts.recordedCommand,
        files: listed,
        ...(outcome.fidelity === undefined ? {} : { fidelity: saidOf(outcome.fidelity) }),
        ...(warmup === undefined ? {} : { warmup }),
        logFile: artifacts.log,
        wasCancelled: outcome.interrupted,
      },
      layout,
    ),
  );
  const isWhole = written.length === files.length && writtenLast.length === lastFiles.length;
  return write({ path: artifacts.ready, text: () => readyMarker(outcome.interrupted, !isWhole) }) && isWhole;
}

/** @param isPartial some file could not be written. */
function readyMarker(wasCancelled: boolean, isPartial: boolean): string {
  return JSON.stringify({ ready: true, was_cancelled: wasCancelled, partial: isPartial });
}

function dueTimes(fidelity: Fidelity | undefined): Pick<ReportFacts, 'dueTimes'> {
  if (fidelity === undefined || fidelity.evidence.load.kind === 'concurrency') return {};
  return {
    dueTimes: {
      mayQueue: fidelity.evidence.mayQueue,
      clientWasLate: fidelity.verdict !== 'client ok',
    },
  };
}

function saidOf({ verdict, reasons }: Fidelity) {
  return { verdict, reasons: reasons.map(({ words }) => words) };
}

function incompleteReason({
  interrupted,
  failure,
  stalled,
  left,
  unrecorded,
  summary,
  warmup,
}: RunOutcome): string | undefined {
  if (failure !== undefined) {
    return unrecorded === 0
      ? `${failure.message}.`
      : `${failure.message}. ${unrecorded} of the requests that were sent have no record.`;
  }
  if (stalled !== undefined) return `The run was ended because it was stuck: ${stalled}.`;
  const waiting = left.warmup + left.profiling;
  const without = waiting === 0 ? '' : ` ${waiting} finished requests are not in the results.`;
  if (interrupted) {
    return warmup !== undefined && summary.firstStartNs === undefined
      ? `Run cancelled during its warm-up: nothing was measured.${without}`
      : `Run cancelled before all records were processed.${without}`;
  }
  return waiting === 0
    ? undefined
    : `The results were interrupted before all records were processed.${without}`;
}

function summaryFactsOf(outcome: RunOutcome, facts: ResultFacts, reason: string | undefined): SummaryFacts {
  const { summary, warmup, startNs, firstSession, interrupted, fidelity } = outcome;
  const { config, benchmarkId, recordedCommand, inputConfig, origin, series } = facts;
  const startedAtNs = wallNs(origin, startNs);
  return {
    version,
    benchmarkId,
    inputConfig,
    ...(config.randomSeed === undefined ? {} : { randomSeed: config.randomSeed }),
    cliCommand: recordedCommand,
    ...(series === undefined ? {} : { place: placeOf(series, firstSession) }),
    wasCancelled: interrupted,
    ...(reason === undefined ? {} : { incompleteReason: reason }),
    startedAtNs,
    endedAtNs: summary.lastEndNs ?? startedAtNs,
    ...(fidelity === undefined ? {} : { fidelity: fidelityJson(fidelity) }),
    responseWarnings: responseWarnings(summary),
    ...(warmup === undefined ? {} : { warmup }),
  };
}

function writeFile(path: string, text: () => string, log: Log): boolean {
  // Each phase has a folder of its own.
  const troubles = writeWithFolder(path, text);
  for (const trouble of troubles) log('ERROR', 'export', trouble);
  return troubles.length === 0;
}
