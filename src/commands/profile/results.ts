import type { Writable } from 'node:stream';
import type { Config } from '../../config/options.js';
import type { LoadPlan } from '../../load/plan.js';
import { clientCounts } from '../../metrics/client-counts.js';
import type { RunSummary } from '../../metrics/metric-store.js';
import { replayWarning } from '../../metrics/replay-metrics.js';
import type { Window } from '../../metrics/request-table.js';
import { layoutOn } from '../../report/layout.js';
import { ledgerLine } from '../../report/ledger.js';
import { ledgerPanel, notStreamed, responseWarnings } from '../../report/panels.js';
import { sideTables } from '../../report/report.js';
import type { RunFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { busyGpus, withPower } from '../../run/gpu-telemetry.js';
import { notesOn } from '../../run/open.js';
import { failedTooOftenText, type RunOutcome } from '../../run/outcome.js';
import { readSeries } from '../../run/read-series.js';
import type { Run } from '../../run/run.js';
import { serverViews } from '../../run/server-view.js';
import { isWhole, type ShardsSection } from '../../run/shards.js';
import { type ClockOrigin, wallNs } from '../../util/clock.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import { version } from '../../util/version.js';
import { publish } from '../publish.js';
import type { ReadGpus } from './read-gpus.js';
import type { TelemetryResults } from './telemetry-results.js';
import { warmupWarning } from './warmup-warning.js';

/**
 * Prints what is wrong with the count of requests, by phase: each request that was issued must have ended once.
 * @returns the number of phases where something is.
 */
export function tellMismatches(
  outcome: RunOutcome,
  phases: LoadPlan['phases'],
  config: Config,
  { stdout, env }: Pick<Io, 'stdout' | 'env'>,
): number {
  const { summary, warmup, left, issued } = outcome;
  const wasCut = wasCutShort(outcome);
  const lines = phases.flatMap(({ name, expectedRequests }) => {
    const results = name === 'warmup' ? warmup : summary;
    if (results === undefined) return [];
    const recorded = issued[name] - left[name];
    return ledgerLine(results.outcomes, recorded, wasCut ? undefined : expectedRequests) ?? [];
  });
  const layout = layoutOn(stdout, config.consoleExportWidth, env);
  for (const line of lines) stdout.write(`${ledgerPanel(line, layout).join('\n')}\n`);
  return lines.length;
}

/** Whether a run was ended before everything that was planned was sent. */
export function wasCutShort({ interrupted, failedTooOften, stalled, failure }: RunOutcome): boolean {
  return interrupted || failedTooOften || stalled !== undefined || failure !== undefined;
}

/** A run that has just been measured. */
export interface MeasuredRun {
  readonly config: Config;
  readonly files: RunFiles;
  /** What was known before it began. */
  readonly facts: RunFacts;
  readonly outcome: RunOutcome;
  /** What the servers told; undefined if none was read. */
  readonly servers: TelemetryResults | undefined;
  readonly origin: ClockOrigin;
  /** What was read of GPUs; undefined if none are read, or there was no time. */
  readonly gpu: ReadGpus | undefined;
  /** Makes its page; undefined where none is wanted. */
  readonly page: ((run: Run) => string) | undefined;
  /** How its parts were put together; undefined: one machine has sent it. */
  readonly merge: ShardsSection | undefined;
}

/**
 * Writes the files of a run and prints its report, also where no request succeeded: it needs them most. A file that
 * cannot be written is logged, and the others are written all the same.
 * @returns whether every file was written.
 */
export function publishResults(
  { config, files, facts: before, outcome, servers, origin, gpu: readGpus, page, merge }: MeasuredRun,
  { stdout, env }: { readonly stdout: Writable; readonly env: Io['env'] },
  log: Log,
): boolean {
  const { warmup, requests, notable } = outcome;
  const gpu = readGpus?.telemetry;
  const summary = withPower(outcome.summary, gpu, before);
  const hasRequests = summary.firstStartNs !== undefined;
  const warmupFault = warmup && warmupWarning(warmup, hasRequests);
  if (warmupFault !== undefined) log('WARNING', 'warmup', warmupFault);
  const warnings = responseWarnings(summary);
  for (const warning of warnings) log('WARNING', 'records', warning);
  const inOnePiece = notStreamed(summary);
  if (inOnePiece !== undefined) log('WARNING', 'records', inOnePiece);
  const replay = replayWarning(summary.results);
  if (replay !== undefined) log('WARNING', 'load', replay);
  const facts = {
    ...before,
    ...factsOf(outcome, origin, before.sweepId !== undefined, merge),
    responseWarnings: warnings,
    ...serverFacts(servers, summary, config),
    ...(readGpus === undefined ? {} : gpuFacts(readGpus)),
  };
  const mismatches = (facts.serverView ?? []).flatMap(({ unexplained = [] }) => unexplained);
  if (mismatches.length > 0) log('WARNING', 'telemetry', mismatches.join(' '));
  const stored = { metrics: summary.results, warmup: warmup?.results ?? [] };
  const counts = { records: requests?.length ?? 0, warmups: 0, isCut: false };
  const troubles = publish(
    {
      ...{
        facts,
        files,
        summary,
        warmup,
        requests,
        notable,
        extent: extentOf(summary, origin),
        gpu,
        notes: notesOn({ facts, stored }, counts),
      },
      get series() {
        return config.exportLevel === 'summary' ? (servers?.series ?? []) : readSeries(files.series, origin);
      },
    },
    {
      write: () => true,
      list: () => true,
      // A page without a request would be empty.
      page: hasRequests ? page : undefined,
      tables: sideTables([...config.tables, ...(config.showTraceTiming ? (['http'] as const) : [])]),
      consoleWidth: config.consoleExportWidth,
      layout: layoutOn(stdout, config.consoleExportWidth, env),
      warmupFault,
    },
    stdout,
  );
  for (const trouble of troubles) log('ERROR', 'export', trouble);
  return troubles.length === 0;
}

function extentOf({ firstStartNs, lastEndNs }: RunSummary, { epochNs }: ClockOrigin): Window | undefined {
  return firstStartNs === undefined || lastEndNs === undefined
    ? undefined
    : { fromNs: Number(firstStartNs - epochNs), toNs: Number(lastEndNs - epochNs) };
}

function gpuFacts({ telemetry, configured, reached, errors }: ReadGpus): RunFacts {
  return {
    gpuConfigured: configured,
    gpuReached: reached,
    gpuErrors: errors,
    gpuCount: busyGpus(telemetry),
  };
}

/** What the known servers counted, and their settings; nothing where none was read. */
function serverFacts(
  servers: TelemetryResults | undefined,
  summary: RunSummary,
  { promptBatchSize, extraInputs, shard }: Config,
): RunFacts {
  if (servers === undefined || servers.servers.length === 0) return {};
  const choices = typeof extraInputs.n === 'number' ? extraInputs.n : 1;
  return {
    serverView: serverViews(
      shard === undefined ? servers.servers : servers.servers.map(ofAllShards),
      clientCounts(summary, { prompts: promptBatchSize, choices }),
    ),
    serverSettings: servers.settings.filter(({ settings }) => Object.keys(settings).length > 0),
  };
}

/** What a server counted of all shards says nothing about the requests of one. */
function ofAllShards<Figures extends { readonly gaps: readonly string[] }>(server: Figures): Figures {
  return { ...server, gaps: [...server.gaps, 'the other shards of the run send to the same servers'] };
}

/** What is known of a run when it has ended. */
function factsOf(
  outcome: RunOutcome,
  origin: ClockOrigin,
  isOfSeries: boolean,
  merge: ShardsSection | undefined,
): RunFacts {
  const { summary, warmupStartNs, startNs, firstSession, interrupted, failedTooOften, fidelity } = outcome;
  const startedAtNs = wallNs(origin, startNs);
  return {
    version,
    // A single run always begins with the first.
    ...(isOfSeries ? { firstSession } : {}),
    wasCancelled: interrupted || failedTooOften,
    incompleteReason: joined(incompleteReason(outcome), degradedReason(merge)),
    shards: merge,
    startedAtNs,
    endedAtNs: summary.lastEndNs ?? startedAtNs,
    warmupStartedAtNs: warmupStartNs === undefined ? undefined : wallNs(origin, warmupStartNs),
    fidelity,
  };
}

/** Why requests of the run are not in its results, though it was not ended early; undefined: they are. */
export function degradedReason(merge: ShardsSection | undefined): string | undefined {
  return merge === undefined || isWhole(merge) ? undefined : merge.reasons?.join(' ');
}

function joined(...sentences: readonly (string | undefined)[]): string | undefined {
  const said = sentences.filter((sentence) => sentence !== undefined);
  return said.length === 0 ? undefined : said.join(' ');
}

function incompleteReason({
  interrupted,
  failedTooOften,
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
  if (failedTooOften) return `The run was ended: ${failedTooOftenText}.`;
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
