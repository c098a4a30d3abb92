import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Round } from '../../cluster/coordinator/round.js';
import type { Sinks } from '../../collect/sink.js';
import { checkDatasetType } from '../../config/conflicts.js';
import { exitCodes } from '../../config/exit-codes.js';
import type { profileOptions } from '../../config/options.js';
import { logStreamed } from '../../dataset/stream/stream-plan.js';
import { endpoints } from '../../endpoint/endpoints.js';
import { readRoof, roofFile } from '../../fidelity/roof.js';
import type { SourceShare } from '../../load/quota.js';
import { slowSpoolText, startLoadThreads } from '../../load/threads.js';
import { type RunFacts, runConfigJson, type SeriesFacts } from '../../run/facts.js';
import type { RunFiles } from '../../run/files.js';
import { runLoad } from '../../run/live-run.js';
import { failedTooOftenText } from '../../run/outcome.js';
import type { RunOptions } from '../../run/run-options.js';
import { openClock, takeOrigin } from '../../util/clock.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import { packageFile } from '../../util/package-file.js';
import { version } from '../../util/version.js';
import { writeWhole } from '../../util/write-whole.js';
import type { SeriesPlace } from '../../views/messages.js';
import type { ViewProcess } from '../../views/view-process.js';
import type { Invocation } from '../command.js';
import { controlOf, givenRttNs, networkProbeOf } from './around-the-run.js';
import { collectPlan } from './collect-plan.js';
import { stageInputs } from './export-inputs.js';
import { inputConfig } from './input-config.js';
import type { Interrupt } from './interrupt.js';
import { type PreparedRun, prepareRun } from './prepare.js';
import { noGpus } from './read-gpus.js';
import { exitCodeOf, failureOf, logLeftRecords, type RunEnd } from './run-end.js';
import { startingAt } from './start-at.js';
import { formerFiles, runTelemetry } from './telemetry.js';
import { customGpuFields } from './telemetry-plan.js';

/** What a run is measured with. */
export interface RunContext extends Pick<Io, 'stdout' | 'env' | 'onExit'> {
  readonly artifacts: RunFiles;
  readonly log: Log;
  /** Makes the folder this run's; called when nothing can refuse the run any more. @throws UserError */
  readonly begin: () => void;
  readonly sinks: Sinks;
  readonly interrupt: Interrupt;
  /** Undefined without live views. */
  readonly views: ViewProcess | undefined;
  /** Of several machines; undefined: this one sends the load. */
  readonly round: Round | undefined;
}

/**
 * One run from its options to its files and its report.
 * @param series which of several runs it is. @param firstSession its number: where in the dataset the run begins. @param place in the series, for live views. @throws UserError before anything is sent, or what a load thread threw.
 */
export async function measureRun(
  invocation: Invocation<typeof profileOptions>,
  context: RunContext,
  givenSeries?: SeriesFacts,
  givenFirst = 0,
  place?: SeriesPlace,
): Promise<RunEnd> {
  const { artifacts, log, begin, stdout, env, onExit, sinks, interrupt, views, round } = context;
  const { config } = invocation;
  const kept = round && (await import('./cluster.js')).keptRun(round, config, invocation.recordedCommand);
  const { series, firstSession } = kept ?? { series: givenSeries, firstSession: givenFirst };
  const origin = round?.origin ?? takeOrigin();
  const control = await controlOf(config, env, log);
  // A coordinator that is gone has begun to send: the server is not to be disturbed.
  const isUnderWay = round?.hasStarted(0) === true;
  if (!isUnderWay) await control?.waitForModel();
  const prepare = (seed?: number) => {
    const shared = round && { sources: round.shards.length };
    return prepareRun(config, { version, env, ...shared, ...(seed === undefined ? {} : { seed }) }, log);
  };
  const prepared = await (kept === undefined
    ? prepare()
    : (await import('./kept-run.js')).preparedLike(kept, () => prepare(round?.seed)));
  requireFittingType(invocation, prepared, log);
  const publishInputs = await stageInputs(config, prepared, artifacts, onExit, log);
  if (!isUnderWay) await control?.resetKvCache();
  await views?.opened();
  begin();
  publishInputs();
  const plan = collectPlan(config, origin, prepared, artifacts, views !== undefined);
  const shard = config.shard && (await import('./shard.js'));
  const { oslMismatchPct, oslMismatchTokens, usageDiffPct } = plan.thresholds;
  const facts: RunFacts = {
    benchmarkId: kept?.benchmarkId ?? randomBytes(series === undefined ? 6 : 16).toString('hex'),
    title: endpoints[config.endpointType].title,
    ...{ oslMismatchPct, oslMismatchTokens, usageDiffPct },
    randomSeed: config.randomSeed,
    command: invocation.recordedCommand,
    inputConfig: inputConfig(config, prepared, artifacts.folder),
    folder: artifacts.folder,
    recordsFile: plan.recordsFile && basename(plan.recordsFile),
    exportPrefix: config.profileExportPrefix,
    customGpuMetrics: customGpuFields(config).map(({ metric }) => metric),
    ...series,
    ...(config.shard && (await shard?.shardFacts(config.shard, config, prepared, origin, log))),
  };
  const load = (config.shard && shard?.loadOfShard(prepared.load, config.shard)) ?? prepared.load;
  for (const trouble of writeWhole(artifacts.config, runConfigJson(facts))) log('WARNING', 'export', trouble);
  const watched =
    views &&
    (await import('./watched-run.js')).watchRun(views, {
      config,
      prepared: { ...prepared, load },
      facts,
      files: artifacts,
      place,
    });
  // What makes the page is loaded now, before anything is measured.
  const loadPage = async () => (await import('../../report/page/run-page.js')).runPage;
  const keepsRecords = plan.recordsFile !== undefined;
  let page = config.report && keepsRecords ? await loadPage() : undefined;
  if (interrupt.happened) return { exitCode: exitCodes.interrupted, failure: 'interrupted before it began' };
  const { threads, datasetSize } = prepared;
  if (round !== undefined) {
    const { gatherShards } = await import('./cluster.js');
    await gatherShards(round, { config, prepared, facts, collect: plan, series, firstSession }, interrupt);
    if (interrupt.happened)
      return { exitCode: exitCodes.interrupted, failure: 'interrupted before it began' };
  }
  const network = await networkProbeOf(config, load.targets, artifacts, origin, log);
  const former = isUnderWay
    ? formerFiles(artifacts, config.profileExportPrefix, kept?.benchmarkId ?? '')
    : undefined;
  const around = { log, env, interrupt, views };
  const telemetry = runTelemetry(config, load, origin, artifacts, facts, around, former);
  const hasWork = load.phases.at(-1)?.expectedRequests !== 0;
  if (!hasWork)
    log('NOTICE', 'load', 'this shard has nothing to send: there are more shards than requests or slots');
  const clock = openClock(origin);
  const share: SourceShare = { source: config.shard?.index ?? 0, sources: config.shard?.count ?? 1 };
  const options: RunOptions = {
    load,
    collect: plan,
    collectorEntry: packageFile('dist/commands/profile/collector-entry.js'),
    openSource: (spool, onSpoolFailure) => {
      const source =
        round?.openSource(load, spool, onSpoolFailure) ??
        startLoadThreads(load, {
          ...{ threads, origin, share, firstSession, spool, onSpoolFailure },
          onSlowSpool: (bytes) => log('WARNING', 'records', slowSpoolText(artifacts.spool, bytes)),
        });
      if (config.startAt === undefined) return source;
      const isLater = (series?.variationIndex ?? 0) + (series?.trial ?? 0) > 0;
      return startingAt(source, { atMs: config.startAt, isLater }, load, clock, log);
    },
    share,
    openTelemetry: telemetry.open,
    sinks,
    onInterrupt: interrupt.onFirst,
    recoverSummary: async () => {
      const { recoverSummary } = await import('../report/complete-records.js');
      return recoverSummary(plan, artifacts.spool, log);
    },
    clock,
    readRoof: () => readRoof(roofFile(env)),
    onExit,
    log,
    stallSeconds: config.stallTimeoutSeconds,
    drainSeconds: config.timingCancelDrainTimeoutSeconds,
    firstSession,
    datasetSize,
    spool: artifacts.spool,
    recordsName: basename(artifacts.records),
    beforeProfiling: async (signal) => {
      const profiling = load.phases.findIndex(({ name }) => name === 'profiling');
      if (round?.hasStarted(profiling)) control?.takeOverProfiler();
      else await control?.startProfiler(signal);
      network?.start();
    },
    afterProfiling: () => {
      control?.stopProfiler();
      return network?.stop() ?? givenRttNs(config);
    },
  };
  const { outcome, telemetry: served } = await telemetry.during(() => runLoad(options));
  await control?.profilerStopped(interrupt.happened);
  if (outcome === undefined) {
    log(
      'ERROR',
      'records',
      `There was no time to sum up all records. All finished requests are kept; show them with: aiperf report ${artifacts.folder}`,
    );
    return { exitCode: exitCodes.interrupted, failure: 'interrupted' };
  }
  const fileErrors = [...outcome.fileErrors, ...(served?.fileErrors ?? [])];
  for (const message of fileErrors) log('ERROR', 'export', message);
  if (load.dataset.kind === 'stream') logStreamed(load.dataset, log);
  if (outcome.stalled !== undefined)
    log('ERROR', 'load', `The run was ended because it was stuck: ${outcome.stalled}`);
  if (outcome.failedTooOften) log('ERROR', 'load', `The run was ended: ${failedTooOftenText}`);
  // Loaded when there is something to tell: before the first request, it would be a tenth of the start.
  const { degradedReason, publishResults, tellMismatches, wasCutShort } = await import('./results.js');
  const unreadGpus = config.noGpuTelemetry || existsSync(artifacts.gpu) ? undefined : noGpus;
  const gpu = served?.gpu ?? unreadGpus;
  // Viewers of the live page get the report too, which is to cost nothing before the load.
  if (config.live && series === undefined && keepsRecords) page ??= await loadPage();
  const merge =
    round &&
    (await import('./cluster.js')).mergeOf(round, outcome, { load, config, wasCut: wasCutShort(outcome) });
  const lacksRecords = degradedReason(merge) !== undefined;
  for (const reason of merge?.reasons ?? []) log(lacksRecords ? 'ERROR' : 'WARNING', 'cluster', reason);
  const ended = await shard?.endOfShard(facts, load, origin, interrupt.happened, log);
  await round?.confirm();
  const measured = {
    ...{ config, files: artifacts, outcome, servers: served, gpu, origin, page, merge },
    facts: { ...facts, ...ended },
  };
  const allWritten = publishResults(measured, { stdout, env }, log);
  logLeftRecords(outcome, artifacts, log);
  const isDegraded = merge?.merge === 'degraded';
  const mismatches = tellMismatches(outcome, isDegraded ? [] : load.phases, config, { stdout, env });
  const failure = failureOf(outcome) ?? degradedReason(merge);
  const isSound =
    allWritten &&
    fileErrors.length === 0 &&
    outcome.stalled === undefined &&
    outcome.failure === undefined &&
    !lacksRecords &&
    mismatches === 0;
  const exitCode = interrupt.happened ? exitCodes.interrupted : exitCodeOf(outcome, isSound, hasWork, config);
  if (round !== undefined && allWritten && fileErrors.length === 0) {
    const { smallFiles } = await import('./small-files.js');
    const end = { failure, isSound: exitCode !== exitCodes.failure };
    await round.end(end, artifacts.folder, series === undefined ? [] : smallFiles(artifacts));
  }
  watched?.end(outcome, { exitCode, failure });
  return { exitCode, failure };
}

/** The rules between options and a dataset whose type its file or the hub told. @throws UserError */
function requireFittingType(
  invocation: Invocation<typeof profileOptions>,
  prepared: PreparedRun,
  log: Log,
): void {
  const { dataset } = prepared.load;
  if (invocation.config.customDatasetType !== undefined || dataset.kind === 'synthetic') return;
  const type = dataset.kind === 'pool' ? 'random_pool' : dataset.type;
  const { errors, warnings } = checkDatasetType(invocation, type);
  if (errors.length > 0) throw new UserError(errors.join('\n'));
  for (const warning of warnings) log('WARNING', 'config', warning);
}
