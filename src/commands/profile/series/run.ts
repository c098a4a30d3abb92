import type { Coordinator } from '../../../cluster/coordinator/coordinator.js';
import type { Round } from '../../../cluster/coordinator/round.js';
import { exitCodes } from '../../../config/exit-codes.js';
import { hasWarmup } from '../../../config/load-mode.js';
import type { Config, profileOptions } from '../../../config/options.js';
import { hasOwnPrompts } from '../../../config/public-conflicts.js';
import { isClientLimited, type WeighedRun } from '../../../run/compared-point.js';
import type { SeriesFacts } from '../../../run/facts.js';
import type { RunFiles } from '../../../run/files.js';
import { type FolderLock, lockFolder } from '../../../run/folder-lock.js';
import { messageOf, stackOf, UserError } from '../../../util/errors.js';
import type { FileLog } from '../../../util/log.js';
import { oneLine } from '../../../util/plain-text.js';
import { sleep } from '../../../util/timeout.js';
import type { SeriesPlace } from '../../../views/messages.js';
import type { Invocation } from '../../command.js';
import { thresholdsOf } from '../../view.js';
import { makeArtifacts, takeFolder } from '../artifacts.js';
import { requireConnections } from '../limits.js';
import { measureRun, type RunContext } from '../measure.js';
import {
  coolDownSeconds,
  type PlannedRun,
  planSeries,
  requireSlots,
  type Series,
  seriesFacts,
} from './plan.js';
import { publishSeries, type SeriesOutcome } from './publish.js';
import { completeResults, incompleteReason } from './results.js';
import { type Taken, takeUp } from './take-up.js';

/** What the runs of a series share. */
export interface SeriesContext extends Omit<RunContext, 'begin' | 'round'>, FileLog {
  /** Of a series on several machines; undefined: this one sends the load. */
  readonly cluster: Coordinator | undefined;
  /** Of the series: its folder, its log and its page. */
  readonly artifacts: RunFiles;
  /** Opens the log of a run. */
  readonly openLog: (config: Config) => FileLog;
}

/**
 * Runs the points of a sweep, and repeats, one after another in this process, then writes what they come to together.
 * @param invocation its config is that of the first point. @returns the exit code.
 * @throws UserError where nothing has been measured yet.
 */
export async function runSeries(
  invocation: Invocation<typeof profileOptions>,
  shared: SeriesContext,
): Promise<number> {
  const { config, points } = invocation;
  const root = shared.artifacts.folder;
  for (const point of points) requireConnections(point.config, point.config.concurrency ?? 0);
  const taken = await takeUp(invocation, shared);
  const series = planSeries(points, root, taken.manifest.seeds);
  requireSlots(series);
  if (
    !hasOwnPrompts(config) &&
    new Set(series.runs.map((run) => run.config.randomSeed)).size < series.runs.length
  )
    shared.log(
      'NOTICE',
      'sweep',
      'runs of the same seed send the same prompts, so that they can be compared: from the second one on, a prefix cache may answer for the model',
    );
  const { results, failures, unsound } = await runAll(series, taken, invocation, shared);
  const { log, interrupt, cluster } = shared;
  await cluster?.claim.confirm();
  const written = publishSeries(series, { results, failures }, { ...shared, root, config });
  const hasPage =
    !(config.report || config.live) || (await writePage(root, [...results.keys()], config, shared));
  if (cluster !== undefined) cluster.hasMore = false;
  for (const [run, failure] of failures) log('ERROR', 'sweep', `${run.folder} failed: ${failure}`);
  if (interrupt.happened) return exitCodes.interrupted;
  if (results.size - unsound.length < 2 || !written || !hasPage) return exitCodes.failure;
  const isTrusted = !config.strictFidelity || ![...results.values()].some(isClientLimited);
  return isTrusted ? exitCodes.success : exitCodes.notMet;
}

/** Writes the page of all runs next to their folders. @returns whether it was written. */
async function writePage(
  root: string,
  runs: readonly PlannedRun[],
  config: Config,
  { log, stdout, views }: SeriesContext,
): Promise<boolean> {
  if (runs.length < 2 || config.exportLevel === 'summary') return true;
  const { writeSeriesPage } = await import('../../report/page.js');
  const { path, troubles } = writeSeriesPage(
    root,
    runs.map(({ folder }) => folder),
    {
      prefix: config.profileExportPrefix,
      view: { thresholds: thresholdsOf(config) },
      targetShare: config.targetGoodput,
    },
  );
  for (const trouble of troubles) log('ERROR', 'export', trouble);
  if (troubles.length > 0) return false;
  stdout.write(`HTML Report: ${oneLine(path)}\n`);
  views?.send({ kind: 'page', path });
  return true;
}

interface Ran {
  readonly results: ReadonlyMap<PlannedRun, WeighedRun>;
  readonly failures: ReadonlyMap<PlannedRun, string>;
  /** Those that left complete results which are not to be relied on. */
  readonly unsound: readonly PlannedRun[];
}

async function runAll(
  series: Series<PlannedRun>,
  taken: Taken,
  invocation: Invocation<typeof profileOptions>,
  shared: SeriesContext,
): Promise<Ran> {
  const { interrupt, log, cluster } = shared;
  const { sweepId } = taken.manifest;
  const results = new Map<PlannedRun, WeighedRun>();
  const failures = new Map<PlannedRun, string>();
  const unsound: PlannedRun[] = [];
  let before: PlannedRun | undefined;
  const { views } = shared;
  const stateOf = views && (await import('./live-state.js')).seriesState;
  const tell = (running?: PlannedRun) => {
    if (stateOf !== undefined)
      views?.send({
        kind: 'series',
        series: stateOf(series, { results, failures }, running, invocation.config),
      });
  };
  for (const [i, run] of series.runs.entries()) {
    if (interrupt.happened) break;
    const artifacts = makeArtifacts(run.config);
    const what = `run ${i + 1} of ${series.runs.length}, ${run.folder}`;
    const ended = await taken.endedRun(i, run, artifacts);
    if (ended !== undefined) {
      log('NOTICE', 'sweep', `${what}: ${ended.how}`);
      if (ended.results === undefined) failures.set(run, ended.failure);
      else results.set(run, ended.results);
      if (!ended.isSound) unsound.push(run);
      tell();
      // Its end may be a moment ago.
      if (cluster?.claim.isResumed) before = run;
      continue;
    }
    if (!(await cluster?.held.progressOf(i))?.isPlanned) await coolDown(before, run, shared);
    if (interrupt.happened) break;
    log('NOTICE', 'sweep', what);
    const place = {
      of: seriesFacts(run, series, sweepId),
      firstSession: firstSession(run, series, results),
      shown: { number: i + 1, of: series.runs.length, label: run.folder },
    };
    tell(run);
    const measured = await measureOne(run, artifacts, place, invocation, { ...shared, begin: taken.begin });
    before = run;
    if (cluster !== undefined) cluster.hasMore = true;
    const complete = measured.failure === undefined ? completeResults(artifacts, sweepId) : undefined;
    if (complete !== undefined) {
      results.set(run, complete);
      if (measured.exitCode === exitCodes.failure) unsound.push(run);
    } else failures.set(run, measured.failure ?? incompleteReason(artifacts));
    tell();
  }
  return { results, failures, unsound };
}

/** A repeat without the warm-up of the first one begins where that one's measured requests did: both send the same. */
function firstSession(
  { config, point }: PlannedRun,
  { points }: Series<PlannedRun>,
  results: SeriesOutcome['results'],
): number {
  const first = points[point]?.runs[0];
  return first === undefined || hasWarmup(config) ? 0 : (results.get(first)?.facts.firstSession ?? 0);
}

/** @throws UserError before the first request of the first run, which the others would run into as well. */
async function measureOne(
  run: PlannedRun,
  artifacts: RunFiles,
  place: { readonly of: SeriesFacts; readonly firstSession: number; readonly shown: SeriesPlace },
  invocation: Invocation<typeof profileOptions>,
  shared: SeriesContext & Pick<Taken, 'begin'>,
) {
  const { cluster } = shared;
  const { log, writeTo } = shared.openLog(run.config);
  const begin = () => {
    shared.begin();
    takeFolder(run.config, artifacts, { log, writeTo });
  };
  let lock: FolderLock | undefined;
  let round: Round | undefined;
  try {
    lock = lockFolder(artifacts.folder, false, cluster && { id: cluster.held.options.run, isHeld: true });
    const own = { ...invocation, config: run.config };
    round = await cluster?.openRound(place.shown.number - 1);
    const context = { ...shared, artifacts, log, begin, round };
    return await measureRun(own, context, place.of, place.firstSession, place.shown);
  } catch (thrown) {
    // What another coordinator has begun is not given up for what this machine lacks.
    const isFirst = (run.point === 0 && run.trial === 0) || round?.kept !== undefined;
    if (cluster?.claim.superseded.aborted || (thrown instanceof UserError && isFirst)) throw thrown;
    log('DEBUG', 'sweep', stackOf(thrown));
    const hint = thrown instanceof UserError && thrown.hint !== undefined ? `; ${thrown.hint}` : '';
    const failure = messageOf(thrown) + hint;
    await cluster?.giveUp(place.shown.number - 1, failure);
    return { exitCode: exitCodes.failure, failure };
  } finally {
    lock?.release();
  }
}

/** Waits as long as the options say after a run; an interrupt ends the wait. */
async function coolDown(
  before: PlannedRun | undefined,
  run: PlannedRun,
  { interrupt, log }: SeriesContext,
): Promise<void> {
  if (before === undefined) return;
  const stop = new AbortController();
  const seconds = coolDownSeconds(before, run);
  if (seconds === 0) return;
  const release = interrupt.onFirst(() => {
    stop.abort();
    return 'cancels';
  });
  log('INFO', 'sweep', `cooling down for ${seconds} s`);
  await sleep(seconds * 1000, stop.signal);
  release();
}
