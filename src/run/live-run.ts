import type { Summaries } from '../collect/collector.js';
import { SnapshotTaker } from '../collect/snapshot.js';
import { removeSpool } from '../collect/spool-plan.js';
import type { ThreadReport } from '../fidelity/thread-report.js';
import type { PhasePlan } from '../load/plan.js';
import type { PhaseName } from '../records/record.js';
import { readCpuLimit, type Throttled, throttledBetween } from '../util/cgroup.js';
import { haveV8YieldToLoadThreads } from '../util/priority.js';
import { ThreadDeath } from '../util/thread-death.js';
import { sleep, Timeout } from '../util/timeout.js';
import { startHeapsLarge } from '../util/v8-heap.js';
import { fidelityOf, isAllDone, type RunOutcome, unrecordedOf } from './outcome.js';
import { logPhaseEnd, logPhaseStart, logRepeats } from './phase-log.js';
import type { InterruptEffect, RunOptions } from './run-options.js';
import { watchForStall } from './stall-watch.js';
import { type RunThreads, startThreads } from './start-threads.js';

/** After an interrupt or the death of a thread, load threads get this long to hand over what they have. */
const HAND_OVER_MS = 1200;

// An interrupted run is to end within two seconds: what the record thread has not taken in by then stays in the spool.
const LEAVE_REST_MS = 800;
const GIVE_UP_MS = 1500;

/**
 * Sends, stamps and counts until all is done or the user ends it; whatever was measured is in the outcome.
 *
 * The run passes through four states. *Preparing*: its threads start, nothing is sent, and an interrupt leaves at once.
 * *Running*: its phases are played one after another. *Draining*: nothing more is sent, requests in flight return and
 * all finished records are taken in. *Ended*: there are results, or no time is left to make them.
 * @returns undefined where it was interrupted and there was no time to sum up: the files of the records and the spool
 * have all that has finished.
 */
export async function runLoad(options: RunOptions): Promise<RunOutcome | undefined> {
  haveV8YieldToLoadThreads();
  startHeapsLarge();
  const run = new LiveRun(options, await startThreads(options));
  try {
    await run.play();
    return await run.results();
  } finally {
    await run.close();
  }
}

/** What ends the load of a run, or (the last) its draining. */
type EndReason = 'done' | 'interrupt' | 'stall' | 'thread death' | 'given up';

/** A phase that was played. */
interface PlayedPhase {
  readonly index: number;
  readonly plan: PhasePlan;
  readonly startNs: number;
  /** Number of its first session among all sessions of the run. */
  readonly firstSession: number;
  /** What the load threads saw of themselves; empty where they did not live to tell. */
  readonly reports: readonly ThreadReport[];
  readonly throttled: Throttled | undefined;
}

/** A run whose threads are ready. */
class LiveRun {
  readonly #options: RunOptions;
  readonly #threads: RunThreads;
  readonly #timers: Timeout[] = [];
  readonly #releaseInterrupt: () => void;
  /** Resolves when there is no more time for an interrupted run. */
  readonly #givenUp: Promise<undefined>;
  #giveUp = () => {};
  #stopWatch = () => {};
  /** Of the phase that was played last. */
  #snapshots: SnapshotTaker | undefined;
  #state: 'running' | 'draining' | 'ended' = 'running';
  /** Why it no longer runs. */
  #endedBy: EndReason | undefined;
  #interruptedAtNs = Number.NaN;
  #stalled: string | undefined;
  #failure: ThreadDeath | undefined;
  #warmupStartNs: number | undefined;
  #last: PlayedPhase;

  constructor(options: RunOptions, threads: RunThreads) {
    const { load, clock, firstSession, onInterrupt } = options;
    this.#options = options;
    this.#threads = threads;
    this.#givenUp = new Promise((resolve) => {
      this.#giveUp = () => resolve(undefined);
    });
    const index = load.phases.findIndex(({ name }) => name === 'profiling');
    const plan = load.phases[index];
    if (plan === undefined) throw new Error('a run without a profiling phase');
    const startNs = clock.nowNs();
    this.#last = { index, plan, startNs, firstSession, reports: [], throttled: undefined };
    this.#releaseInterrupt = onInterrupt(() => this.#interrupt());
  }

  /** Plays the phases one after another. A thread that dies ends the run, and what was measured is kept. */
  async play(): Promise<void> {
    const { load, firstSession, datasetSize, log } = this.#options;
    let nextSession = firstSession;
    try {
      for (const [index, phase] of load.phases.entries()) {
        if (this.#state !== 'running' && index > 0) break;
        nextSession += await this.#playPhase(index, phase, nextSession);
      }
    } catch (thrown) {
      if (!(thrown instanceof ThreadDeath)) throw thrown;
      log('ERROR', 'load', `${thrown.message}. The run ends here; what was measured is kept.`);
      log('DEBUG', 'load', stackOf(thrown.cause));
      this.#failure = thrown;
      this.#end('thread death');
      await this.#drainAfterFailure();
      return;
    }
    logRepeats(nextSession - firstSession, datasetSize, log);
    this.#end('done');
  }

  /**
   * The results of all records; of those in the files and the spool where the record thread is no more; undefined where
   * it was given up before.
   */
  async results(): Promise<RunOutcome | undefined> {
    const { source, collector, spool, spoolFailed } = this.#threads;
    const summaries = await this.#summaries();
    if (summaries === undefined) return undefined;
    const { profiling, warmup, sends, left, requests, notable } = summaries;
    const { plan, index, startNs, firstSession, reports, throttled } = this.#last;
    const counts = source.progressOf(index);
    const results = plan.name === 'warmup' ? warmup : profiling;
    const snapshot = results && this.#snapshots?.final(results);
    if (snapshot !== undefined) this.#options.sinks.onSnapshot(snapshot);
    const areWhole = left.profiling + left.warmup === 0 && collector.fileErrors.length === 0;
    if (areWhole && spool !== undefined) removeSpool(spool);
    const interruptedAfterNs = this.#interruptedAtNs - startNs;
    const issued = { warmup: this.#issuedIn('warmup'), profiling: this.#issuedIn('profiling') };
    return {
      summary: profiling,
      warmup,
      warmupStartNs: this.#warmupStartNs,
      startNs,
      firstSession,
      issued,
      interrupted:
        !Number.isNaN(interruptedAfterNs) &&
        this.#stalled === undefined &&
        !isAllDone(plan, counts.issued, interruptedAfterNs, summaries),
      left,
      isSpoolWhole: !spoolFailed(),
      unrecorded: unrecordedOf(issued, summaries),
      stalled: this.#stalled,
      failure: this.#failure,
      fileErrors: collector.fileErrors,
      ...{ requests, notable },
      fidelity: fidelityOf(plan, profiling, sends, { threads: reports, throttled, movedNs: counts.movedNs }),
    };
  }

  /** Ends all that is left of the run. */
  async close(): Promise<void> {
    this.#state = 'ended';
    this.#stopWatch();
    this.#options.sinks.onEnd();
    this.#releaseInterrupt();
    for (const timer of this.#timers) timer.clear();
    await Promise.all([this.#threads.source.terminate(), this.#threads.collector.terminate()]);
  }

  /**
   * Ends the state that the run is in. The first reason that ends the load is the one that counts: an interrupt of a
   * run that drains after a stall only gives it less time.
   */
  #end(reason: EndReason): void {
    const { source } = this.#threads;
    if (this.#state === 'ended') return;
    this.#stopWatch();
    this.#endedBy ??= reason;
    this.#state = reason === 'given up' ? 'ended' : 'draining';
    switch (reason) {
      case 'done':
        source.finish();
        break;
      case 'interrupt':
        source.interrupt('the run was interrupted while it was in flight');
        this.#later(HAND_OVER_MS, () => void source.terminate());
        break;
      case 'stall':
        source.interrupt('the run was stuck, and was ended');
        this.#later(this.#options.drainSeconds * 1000, () => void source.terminate());
        break;
      case 'thread death':
        source.interrupt('a thread of the run failed, and the run was ended');
        source.finish();
        break;
      case 'given up':
        this.#giveUp();
    }
  }

  /** The first interrupt, also of a run that drains already. */
  #interrupt(): InterruptEffect {
    const { collector, spoolFailed } = this.#threads;
    this.#later(LEAVE_REST_MS, () => collector.leaveRest());
    this.#later(GIVE_UP_MS, () => {
      // What is in memory alone would be lost.
      if (!spoolFailed() && !collector.isSummarizing) this.#end('given up');
    });
    if (this.#endedBy === 'done') return 'load is over';
    this.#end('interrupt');
    this.#interruptedAtNs = this.#options.clock.nowNs();
    return 'cancels';
  }

  #later(ms: number, act: () => void): void {
    this.#timers.push(new Timeout(act, ms));
  }

  /** @returns sessions that it began. */
  async #playPhase(index: number, plan: PhasePlan, firstSession: number): Promise<number> {
    const { clock, log, stallSeconds, sinks } = this.#options;
    const { source, collector } = this.#threads;
    const startNs = clock.nowNs() + preparationNs(plan);
    if (plan.name === 'warmup') this.#warmupStartNs = startNs;
    this.#last = { index, plan, startNs, firstSession, reports: [], throttled: undefined };
    logPhaseStart(plan, source.feeds.length, log);
    const progress = () => source.progressOf(index);
    const figures = () => collector.figures;
    const snapshots = new SnapshotTaker({ ...plan, startNs }, { nowNs: clock.nowNs, progress, figures });
    this.#snapshots = snapshots;
    const stopSnapshots = sinks.watch(() => snapshots.take());
    this.#stopWatch = watchForStall(progress, { stallSeconds, nowNs: clock.nowNs }, (where) => {
      this.#stalled = where;
      this.#end('stall');
    });
    try {
      const limitBefore = readCpuLimit();
      const run = source.runPhase(index, startNs, firstSession);
      const cut = Promise.race([collector.summaries, this.#givenUp]).then(() => []);
      const reports = await Promise.race([run, cut]);
      const throttled = throttledBetween(limitBefore, readCpuLimit());
      this.#last = { ...this.#last, reports: plan.name === 'profiling' ? reports : [], throttled };
    } finally {
      stopSnapshots();
      this.#stopWatch();
    }
    sinks.onSnapshot(snapshots.take());
    const counts = progress();
    logPhaseEnd(plan, counts, log);
    return counts.sessions;
  }

  /** After a thread died, the others hand over what they have, and all are ended. */
  async #drainAfterFailure(): Promise<void> {
    const { source } = this.#threads;
    const waiting = new AbortController();
    await Promise.race([source.finished, sleep(HAND_OVER_MS, waiting.signal)]);
    waiting.abort();
    await source.terminate();
  }

  /** Without `sends` where they were made from the records on disk; undefined where the run was given up. */
  async #summaries(): Promise<(Omit<Summaries, 'sends'> & Partial<Summaries>) | undefined> {
    const { source, collector } = this.#threads;
    const { log, recoverSummary } = this.#options;
    try {
      return await Promise.race([collector.summaries, this.#givenUp]);
    } catch (thrown) {
      if (!(thrown instanceof ThreadDeath)) throw thrown;
      if (this.#failure === undefined) {
        log('ERROR', 'records', `${thrown.message}. The results are made from the records on disk.`);
        log('DEBUG', 'records', stackOf(thrown.cause));
        this.#failure = thrown;
      }
      await source.terminate();
      return { ...(await recoverSummary()), warmup: undefined, left: { warmup: 0, profiling: 0 } };
    }
  }

  /** Requests that were sent in the phases of this name. */
  #issuedIn(wanted: PhaseName): number {
    const { source } = this.#threads;
    return this.#options.load.phases.reduce(
      (sum, { name }, index) => (name === wanted ? sum + source.progressOf(index).issued : sum),
      0,
    );
  }
}

/** Load threads make the first bodies in this time, so that a burst at the start is sent at once. */
function preparationNs({ concurrency = 0 }: PhasePlan): number {
  return 10e6 + 0.4e6 * Math.min(250, concurrency);
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
