import { setTimeout as after } from 'node:timers/promises';
import { type Collector, type CollectPlan, type Summaries, startCollector } from '../../collect/collector.js';
import { makeSpool, removeSpool } from '../../collect/spool-plan.js';
import { LATE_NS, type ThreadReport } from '../../fidelity/thread-report.js';
import { type Fidelity, judge } from '../../fidelity/verdict.js';
import { type LoadThreads, startLoadThreads } from '../../load/threads.js';
import type { RunSummary } from '../../metrics/compute.js';
import type { Metric } from '../../metrics/metric.js';
import { interTokenLatency, timeToFirstToken } from '../../metrics/request-metrics.js';
import { statsOf } from '../../metrics/results.js';
import { benchmarkDuration, requestThroughput } from '../../metrics/run-metrics.js';
import type { PhaseName } from '../../records/record.js';
import type { PhaseCounts } from '../../records/spool.js';
import type { Progress, ProgressState } from '../../ui/progress.js';
import { readCpuLimit, type Throttled, throttledBetween } from '../../util/cgroup.js';
import type { Clock } from '../../util/clock.js';
import { counted } from '../../util/counted.js';
import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { haveV8YieldToLoadThreads } from '../../util/priority.js';
import { ThreadDeath } from '../../util/thread-death.js';
import { Timeout } from '../../util/timeout.js';
import { startHeapsLarge } from '../../util/v8-heap.js';
import { isAllDone } from './all-done.js';
import { evidenceOf } from './evidence.js';
import type { Interrupt } from './interrupt.js';
import type { PlannedPhase } from './phases.js';
import type { PreparedRun } from './prepare.js';
import { watch } from './watchdog.js';

/** What a run came to. */
export interface RunOutcome {
  readonly summary: RunSummary;
  /** Of the warm-up phase, where there was one. */
  readonly warmup: RunSummary | undefined;
  /** Start of the warm-up, ns since the clock's origin; undefined without one. */
  readonly warmupStartNs: number | undefined;
  /** The same of the profiling phase. */
  readonly startNs: number;
  /** Number of that phase's first session: those before it were the warm-up's. */
  readonly firstSession: number;
  /** The user ended the load early. */
  readonly interrupted: boolean;
  /** Finished records that are in no file and no figure; the spool keeps them. */
  readonly left: PhaseCounts;
  /** All records that are in no file are in the spool. */
  readonly isSpoolWhole: boolean;
  /** Requests that were sent and have no record: a thread died around them. */
  readonly unrecorded: number;
  /** Where it was stuck, for a run that was ended because nothing moved any more. */
  readonly stalled: string | undefined;
  /** A thread of the run died: which one, and why. */
  readonly failure: ThreadDeath | undefined;
  /** What went wrong while writing files. */
  readonly troubles: readonly string[];
  /** Undefined where no load thread lived to tell. */
  readonly fidelity: Fidelity | undefined;
}

export interface RunOptions {
  readonly progress: Progress;
  readonly clock: Clock;
  readonly interrupt: Interrupt;
  readonly log: Log;
  /** A run in which nothing moves for so long is ended; 0: never. */
  readonly stallSeconds: number;
  /** How long cancelled requests may take to return before their threads are ended. */
  readonly drainSeconds: number;
  /** Number of the run's first session, which says where in the dataset it begins. */
  readonly firstSession: number;
  /** Folder that finished records are spooled to. */
  readonly spool: string;
  /** Name of the file that a spool is made into where the run itself keeps no records. */
  readonly recordsName: string;
}

const DRAW_EVERY_MS = 100;
/** After an interrupt or the death of a thread, load threads get this long to hand over what they have. */
const LAST_WORDS_MS = 1200;

// An interrupted run is to end within two seconds: what the record thread has not taken in by then stays in the spool.
const LEAVE_REST_MS = 800;
const GIVE_UP_MS = 1500;

/**
 * Sends, stamps and counts until all is done or the user ends it; whatever was measured is in the outcome.
 * @returns undefined where it was interrupted and there was no time to sum up: the files of the records and the spool
 * have all that has finished.
 */
export async function runLoad(
  prepared: PreparedRun,
  collectPlan: CollectPlan,
  options: RunOptions,
): Promise<RunOutcome | undefined> {
  const { interrupt, log, progress } = options;
  haveV8YieldToLoadThreads();
  startHeapsLarge();
  const spool = openSpool(collectPlan, options);
  // An interrupt leaves at once as long as nothing is sent.
  const discard = () => {
    if (spool !== undefined) removeSpool(spool);
  };
  process.once('exit', discard);
  const crew = await startCrew(prepared, collectPlan, spool, log).finally(() => process.off('exit', discard));
  const { threads, records, terminate } = crew;
  const timers: Timeout[] = [];
  const later = (ms: number, act: () => void) => void timers.push(new Timeout(act, ms));
  const state: LoadState = { ended: undefined, endedAtNs: Number.NaN, isOver: false };
  const end = (why: 'interrupt' | 'stall') => {
    state.ended ??= why;
    for (const { counters } of prepared.phases) counters.stop();
    threads.interrupt(
      why === 'interrupt'
        ? 'the run was interrupted while it was in flight'
        : 'the run was stuck, and was ended',
    );
    later(why === 'stall' ? options.drainSeconds * 1000 : LAST_WORDS_MS, () => void threads.terminate());
  };
  let giveUp = () => {};
  const givenUp = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  const release = interrupt.onFirst(() => {
    later(LEAVE_REST_MS, () => records.leaveRest());
    later(GIVE_UP_MS, () => {
      // What is in memory alone would be lost.
      if (!crew.spoolFailed && !records.isSummingUp) giveUp();
    });
    if (state.isOver) return 'load is over';
    end('interrupt');
    state.endedAtNs = options.clock.nowNs();
    return 'cancels';
  });
  try {
    const played = await playPhases(prepared, { ...options, givenUp }, crew, state, () => end('stall'));
    const summed = await summarize(crew, played, collectPlan, { ...options, givenUp });
    if (summed === undefined) return undefined;
    const { summaries, failure } = summed;
    progress.update(finalState(played.last, summaries));
    const { profiling, warmup, sends, left } = summaries;
    const areWhole = left.profiling + left.warmup === 0 && records.troubles.length === 0;
    if (areWhole && spool !== undefined) removeSpool(spool);
    return {
      summary: profiling,
      warmup,
      warmupStartNs: played.warmupStartNs,
      startNs: played.startNs,
      firstSession: played.firstSession,
      interrupted:
        state.ended === 'interrupt' && !isAllDone(played.last, state.endedAtNs - played.startNs, summaries),
      left,
      isSpoolWhole: !crew.spoolFailed,
      unrecorded: unrecordedOf(prepared, summaries),
      stalled: played.stalled,
      failure,
      troubles: records.troubles,
      fidelity:
        played.reports.length === 0 || sends === undefined
          ? undefined
          : judge(
              evidenceOf(profilingOf(prepared), profiling, { ...played, sends, threads: played.reports }),
            ),
    };
  } finally {
    progress.stop();
    release();
    for (const timer of timers) timer.clear();
    await terminate();
  }
}

/** The threads of a run. */
interface Crew {
  readonly threads: LoadThreads;
  readonly records: Collector;
  /** Some finished records may be in memory alone. */
  readonly spoolFailed: boolean;
  /** Ends all threads at once. */
  terminate(): Promise<unknown>;
}

/** Starts all threads, which are ready then. @throws ThreadDeath where one of them is not. */
async function startCrew(
  prepared: PreparedRun,
  collectPlan: CollectPlan,
  spool: string | undefined,
  log: Log,
): Promise<Crew> {
  let spoolFailed = spool === undefined;
  const threads = startLoadThreads(prepared.load, {
    threads: prepared.threads,
    spool,
    onSpoolFailure: (message) => {
      spoolFailed = true;
      log('WARNING', 'records', withoutSpool(message));
    },
  });
  const records = startCollector(
    new URL('./collector-entry.js', import.meta.url),
    collectPlan,
    threads.recordPorts,
    spool,
  );
  const terminate = () => Promise.all([threads.terminate(), records.terminate()]);
  try {
    await Promise.all([threads.ready, records.ready]);
  } catch (thrown) {
    await terminate();
    if (spool !== undefined) removeSpool(spool);
    throw thrown;
  }
  return {
    threads,
    records,
    get spoolFailed() {
      return spoolFailed;
    },
    terminate,
  };
}

/** @returns the folder; undefined where it cannot be made. */
function openSpool(plan: CollectPlan, { spool, recordsName, log }: RunOptions): string | undefined {
  try {
    makeSpool(spool, plan, recordsName);
    return spool;
  } catch (thrown) {
    log('WARNING', 'records', withoutSpool(messageOf(thrown)));
    return undefined;
  }
}

function withoutSpool(why: string): string {
  return `finished records cannot be spooled (${why}): they wait in memory until they are counted, and a crash loses those`;
}

interface LoadState {
  /** Why the load was cut short. */
  ended: 'interrupt' | 'stall' | undefined;
  /** When an interrupt did that, ns since the clock's origin. */
  endedAtNs: number;
  /** All phases were played to their end. */
  isOver: boolean;
}

/** What is known when the load has ended. */
interface Played
  extends Pick<RunOutcome, 'warmupStartNs' | 'startNs' | 'firstSession' | 'stalled' | 'failure'> {
  /** The phase that was played last. */
  readonly last: PlannedPhase;
  /** Of the load threads, where it was profiling. */
  readonly reports: readonly ThreadReport[];
  readonly throttled: Throttled | undefined;
}

/** Plays the phases one after another, and has the load threads leave. */
async function playPhases(
  prepared: PreparedRun,
  { clock, log, progress, firstSession: first, stallSeconds, givenUp }: PatientOptions,
  { threads, records }: Crew,
  state: LoadState,
  onStall: () => void,
): Promise<Played> {
  let played: Played = {
    ...{
      warmupStartNs: undefined,
      startNs: clock.nowNs(),
      firstSession: first,
      stalled: undefined,
      failure: undefined,
    },
    ...{ last: profilingOf(prepared), reports: [], throttled: undefined },
  };
  let nextSession = first;
  try {
    for (const [index, phase] of prepared.phases.entries()) {
      if (state.ended !== undefined && index > 0) break;
      const startNs = clock.nowNs() + preparationNs(phase);
      if (phase.plan.name === 'warmup') played = { ...played, warmupStartNs: startNs };
      played = { ...played, last: phase, startNs, firstSession: nextSession };
      log('INFO', 'load', `${phase.plan.name}: ${described(phase)}, ${prepared.threads} load thread(s)`);
      const draw = () => progress.update(stateOf(phase, records, Math.max(0, clock.nowNs() - startNs)));
      const drawing = setInterval(draw, DRAW_EVERY_MS);
      const watching = watch(phase.counters, stallSeconds, (stalled) => {
        played = { ...played, stalled };
        onStall();
      });
      try {
        const limitBefore = readCpuLimit();
        const run = threads.runPhase(index, startNs, nextSession);
        const ended = Promise.race([records.summaries, givenUp]).then(() => []);
        const reports = await Promise.race([run, ended]);
        const throttled = throttledBetween(limitBefore, readCpuLimit());
        played = { ...played, reports: phase.plan.name === 'profiling' ? reports : [], throttled };
      } finally {
        clearInterval(drawing);
        watching.stop();
      }
      nextSession += phase.counters.sessions;
      draw();
      log('INFO', 'load', `${phase.plan.name}: ${phase.counters.issued} requests were sent`);
      const { movedNs, postponed } = phase.counters;
      if (postponed.mostNs >= LATE_NS) {
        const { turns, mostNs } = postponed;
        log(
          'WARNING',
          'load',
          `${counted(turns, 'turn was', 'turns were')} due later than recorded, by at most ${(mostNs / 1e9).toFixed(3)} s: the previous turn's answer came after the recorded time`,
        );
      }
      if (movedNs > 0) {
        log(
          'WARNING',
          'load',
          `this machine was late, and the schedule was moved by ${(movedNs / 1e9).toFixed(3)} s in all: the rate was lower than asked by as much. AIPERF_TIMING_MAX_CATCHUP_SECONDS lets it catch up instead`,
        );
      }
    }
    state.isOver = state.ended === undefined;
    const sessions = nextSession - first;
    if (sessions > prepared.datasetSize) {
      const what = `${sessions} sessions were played from ${prepared.datasetSize} conversations`;
      log('NOTICE', 'load', `${what}: a prefix cache may have answered for the model`);
    }
    threads.finish();
    return played;
  } catch (thrown) {
    if (!(thrown instanceof ThreadDeath)) throw thrown;
    log('ERROR', 'load', `${thrown.message}. The run ends here; what was measured is kept.`);
    log('DEBUG', 'load', stackOf(thrown.cause));
    await lastWords(prepared, threads);
    return { ...played, failure: thrown };
  }
}

/** @property givenUp resolves when there is no more time for an interrupted run. */
interface PatientOptions extends RunOptions {
  readonly givenUp: Promise<undefined>;
}

interface Summed {
  /** Without `sends` where they were made from the records on disk. */
  readonly summaries: Omit<Summaries, 'sends'> & Partial<Pick<Summaries, 'sends'>>;
  /** The first thread that died. */
  readonly failure: ThreadDeath | undefined;
}

/**
 * The results of all records; of those in the files and the spool where the record thread is no more; undefined where
 * it was given up before.
 */
async function summarize(
  { threads, records }: Crew,
  { failure }: Played,
  plan: CollectPlan,
  { spool, log, givenUp }: PatientOptions,
): Promise<Summed | undefined> {
  try {
    const summaries = await Promise.race([records.summaries, givenUp]);
    return summaries && { summaries, failure };
  } catch (thrown) {
    if (!(thrown instanceof ThreadDeath)) throw thrown;
    if (failure === undefined) {
      log('ERROR', 'records', `${thrown.message}. The results are made from the records on disk.`);
      log('DEBUG', 'records', stackOf(thrown.cause));
    }
    await threads.terminate();
    const { recoverSummary } = await import('../report/complete-records.js');
    const profiling = recoverSummary(plan, spool, log);
    return {
      summaries: { profiling, warmup: undefined, left: { warmup: 0, profiling: 0 } },
      failure: failure ?? thrown,
    };
  }
}

/** Requests that were sent and have no record. */
function unrecordedOf(
  { phases }: PreparedRun,
  { profiling, warmup, left }: Pick<Summaries, 'profiling' | 'warmup' | 'left'>,
): number {
  return phases.reduce((sum, { plan: { name }, counters }) => {
    const summary = name === 'warmup' ? warmup : profiling;
    if (summary === undefined) return sum;
    return sum + counters.issued - summary.validCount - summary.failedCount - left[name];
  }, 0);
}

/** The phase that is measured. */
function profilingOf({ phases }: PreparedRun): PlannedPhase {
  const phase = phases.find(({ plan }) => plan.name === 'profiling');
  if (phase === undefined) throw new Error('a run without a profiling phase');
  return phase;
}

/** After a thread died: the others hand over what they have, and all are ended. */
async function lastWords(prepared: PreparedRun, threads: LoadThreads): Promise<void> {
  for (const { counters } of prepared.phases) counters.stop();
  threads.interrupt('a thread of the run failed, and the run was ended');
  threads.finish();
  const left = new AbortController();
  const patience = after(LAST_WORDS_MS, undefined, { signal: left.signal }).catch(() => {});
  await Promise.race([threads.finished, patience]);
  left.abort();
  await threads.terminate();
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** Load threads make the first bodies in this time, so that a burst at the start is sent at once. */
function preparationNs({ concurrency = 0 }: PlannedPhase): number {
  return 10e6 + 0.4e6 * Math.min(250, concurrency);
}

function described({ plan, concurrency }: PlannedPhase): string {
  const { issuing } = plan;
  switch (issuing.kind) {
    case 'closed-loop':
      return `${issuing.concurrency.limit} in flight`;
    case 'rate':
      return `${issuing.ratePerSecond} requests/s (${issuing.pattern})${concurrency === undefined ? '' : `, at most ${concurrency} in flight`}`;
    case 'fixed-schedule':
      return `${issuing.schedule.conversations.length} sessions on their schedule`;
    case 'user-centric':
      return `${issuing.users} users at ${issuing.ratePerSecond} requests/s together`;
  }
}

function stateOf(
  { plan, counters, expectedRequests: total }: PlannedPhase,
  { live }: Collector,
  elapsedNs: number,
): ProgressState {
  const elapsedSeconds = elapsedNs / 1e9;
  const { issued, returned, failed, cancelled } = counters;
  const perSecond = (requests: number) => (elapsedSeconds === 0 ? 0 : requests / elapsedSeconds);
  const known = live?.[plan.name];
  return {
    phase: phaseTitles[plan.name],
    completed: returned,
    total,
    errors: failed,
    inFlight: issued - returned,
    elapsedSeconds,
    // As in the result: of those that succeeded.
    requestsPerSecond: perSecond(returned - failed - cancelled),
    etaSeconds: total === undefined || returned === 0 ? undefined : (total - returned) / perSecond(returned),
    ttftAvgMs: known?.ttftAvgMs,
    itlAvgMs: known?.itlAvgMs,
  };
}

/** The state at the end, with the figures of the result. */
function finalState(
  { plan, counters, expectedRequests: total }: PlannedPhase,
  { profiling, warmup }: Pick<Summaries, 'profiling' | 'warmup'>,
): ProgressState {
  const { results = [], outcomes } = (plan.name === 'warmup' ? warmup : profiling) ?? {};
  const average = (metric: Metric) => statsOf(results, metric)?.avg;
  return {
    phase: phaseTitles[plan.name],
    completed: counters.returned,
    total,
    errors: outcomes === undefined ? counters.failed : outcomes.failed + outcomes.dropped,
    inFlight: counters.issued - counters.returned,
    elapsedSeconds: average(benchmarkDuration) ?? 0,
    requestsPerSecond: average(requestThroughput) ?? 0,
    etaSeconds: total === undefined ? undefined : 0,
    ttftAvgMs: average(timeToFirstToken),
    itlAvgMs: average(interTokenLatency),
  };
}

const phaseTitles = { warmup: 'Warmup', profiling: 'Profiling' } as const satisfies Record<
  PhaseName,
  ProgressState['phase']
>;
