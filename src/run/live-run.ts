import type { Summaries } from '../collect/collector.js';
import { SnapshotTaker } from '../collect/snapshot.js';
import { removeSpool } from '../collect/spool-plan.js';
import type { PhasePlan } from '../load/plan.js';
import { HAND_OVER_MS } from '../load/source.js';
import { epochMs } from '../util/clock.js';
import { stackOf } from '../util/errors.js';
import { haveV8YieldToLoadThreads } from '../util/priority.js';
import { ThreadDeath } from '../util/thread-death.js';
import { sleep, Timeout } from '../util/timeout.js';
import { startHeapsLarge } from '../util/v8-heap.js';
import { judgeClient, judgeShards } from './client-evidence.js';
import { openLiveFidelity } from './live-fidelity.js';
import { isAllDone, issuedOf, type RunOutcome, unrecordedOf } from './outcome.js';
import { logPhaseEnd, logPhaseStart, logRepeats } from './phase-log.js';
import { plannedLoad } from './planned-load.js';
import type { InterruptEffect, RunOptions } from './run-options.js';
import { watchForStall, watchForStop } from './stall-watch.js';
import { type RunThreads, startThreads } from './start-threads.js';
import { preparationNs, type StartedPhase } from './started-phase.js';
import { nothingWithheld, watchWithheldCpu } from './withheld-cpu.js';

// An interrupted run must end within two seconds: records that were not processed by then stay in the spool.
const LEAVE_REST_MS = 800;
const GIVE_UP_MS = 1500;

/**
 * Runs all phases until they are done or the user ends the run; everything that was measured is in the outcome.
 *
 * The run passes through four states. *Preparing*: its threads start, nothing is sent, and an interrupt quits
 * immediately. *Running*: its phases run one after another. *Draining*: nothing more is sent, requests in flight return
 * and all finished records are processed. *Ended*: there are results, or no time is left to compute them.
 * @returns undefined if it was interrupted and there was no time for a summary: the record files and the spool contain
 * all finished requests.
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

/** Reason for the end of the load, or (`given up`) of the draining. */
type EndReason = 'done' | 'interrupt' | 'failures' | 'stall' | 'thread death' | 'given up';

/** A run whose threads are ready. */
class LiveRun {
  readonly #options: RunOptions;
  readonly #threads: RunThreads;
  readonly #timers: Timeout[] = [];
  /** Aborted when the load ends. */
  readonly #ending = new AbortController();
  readonly #releaseInterrupt: () => void;
  /** Resolves when an interrupted run has no time left. */
  readonly #givenUp: Promise<undefined>;
  #giveUp = () => {};
  #stopWatch = () => {};
  /** Of the last phase. */
  #snapshots: SnapshotTaker | undefined;
  #state: 'running' | 'draining' | 'ended' = 'running';
  /** Why the load ended. */
  #endedBy: EndReason | undefined;
  #interruptedAtNs = Number.NaN;
  #stalled: string | undefined;
  #failure: ThreadDeath | undefined;
  #warmupStartNs: number | undefined;
  #last: StartedPhase;

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
    this.#last = { index, plan, startNs, firstSession, reports: [], withheld: nothingWithheld };
    this.#releaseInterrupt = onInterrupt(() => this.#interrupt());
  }

  /** Runs the phases one after another. If a thread dies, the run ends and its measurements are kept. */
  async play(): Promise<void> {
    const { load, firstSession, datasetSize, log } = this.#options;
    let nextSession = firstSession;
    try {
      for (const [index, phase] of load.phases.entries()) {
        nextSession = await this.#runPhase(index, phase, nextSession);
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
   * The results of all records, or of those in the files and the spool if the record thread died; undefined if the run
   * was given up.
   */
  async results(): Promise<RunOutcome | undefined> {
    const { source, collector, spool, spoolFailed } = this.#threads;
    const snapshots = this.#snapshots;
    snapshots?.endLoad();
    const stopSnapshots = snapshots && this.#options.sinks.watch(() => snapshots.take());
    const summaries = await this.#summaries().finally(() => stopSnapshots?.());
    if (summaries === undefined) return undefined;
    const { profiling, warmup, sends, shardSends, left, requests, notable } = summaries;
    const { plan, index, startNs, firstSession, reports, withheld } = this.#last;
    const counts = source.progressOf(index);
    const results = plan.name === 'warmup' ? warmup : profiling;
    const snapshot = results && snapshots?.final(results);
    if (snapshot !== undefined) this.#options.sinks.onSnapshot(snapshot);
    const areWhole = left.profiling + left.warmup === 0 && collector.fileErrors.length === 0;
    if (areWhole && spool !== undefined) removeSpool(spool);
    const interruptedAfterNs = this.#interruptedAtNs - startNs;
    const seen = { ...withheld, threads: reports, movedNs: counts.movedNs, roof: this.#options.readRoof() };
    const { load, share } = this.#options;
    const judged = { load, plan, results: profiling.results, sends, shardSends };
    const clients = source.clients?.(index);
    const issued = issuedOf(load, source);
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
      failedTooOften: this.#endedBy === 'failures',
      stalled: this.#stalled,
      failure: this.#failure,
      fileErrors: collector.fileErrors,
      ...{ requests, notable },
      ...(clients === undefined
        ? { fidelity: judgeClient(judged, seen, share), shardFidelity: [] }
        : judgeShards(judged, clients)),
    };
  }

  /** Ends all threads and timers of the run. */
  async close(): Promise<void> {
    this.#state = 'ended';
    this.#ending.abort();
    this.#stopWatch();
    this.#options.sinks.onEnd();
    this.#releaseInterrupt();
    for (const timer of this.#timers) timer.clear();
    const { source, collector, spool } = this.#threads;
    const { warmup, profiling } = issuedOf(this.#options.load, source);
    await Promise.all([source.terminate(), collector.terminate()]);
    // Nothing was measured: the server refused to be profiled, say.
    if (spool && warmup + profiling === 0) removeSpool(spool);
  }

  /**
   * Ends the current state. The first reason that ends the load is kept: an interrupt while the run drains after a stall
   * only shortens the draining.
   */
  #end(reason: EndReason): void {
    const { source, telemetry } = this.#threads;
    if (this.#state === 'ended') return;
    this.#stopWatch();
    this.#ending.abort();
    this.#endedBy ??= reason;
    this.#state = reason === 'given up' ? 'ended' : 'draining';
    telemetry?.stop(reason === 'interrupt' || reason === 'given up');
    switch (reason) {
      case 'done':
        source.finish();
        break;
      case 'interrupt':
        source.interrupt('the run was interrupted while it was in flight');
        this.#later(HAND_OVER_MS + this.#longerMs, () => void source.terminate());
        break;
      case 'failures':
        source.interrupt('too many requests failed, and the run was ended');
        this.#later(this.#options.drainSeconds * 1000, () => void source.terminate());
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

  /** Handles the first interrupt, also while draining. */
  #interrupt(): InterruptEffect {
    const { collector, telemetry, spoolFailed } = this.#threads;
    telemetry?.stop(true);
    this.#later(LEAVE_REST_MS + this.#longerMs, () => collector.leaveRest());
    this.#later(GIVE_UP_MS + 2 * this.#longerMs, () => {
      // Records that are in memory only would be lost.
      if (!spoolFailed() && !collector.isSummarizing) this.#end('given up');
    });
    if (this.#endedBy === 'done') return 'load is over';
    this.#end('interrupt');
    this.#interruptedAtNs = this.#options.clock.nowNs();
    return 'cancels';
  }

  /** Time beyond the usual that records of an interrupted run take to arrive. */
  get #longerMs(): number {
    return Math.max(0, (this.#threads.source.handOverMs ?? 0) - HAND_OVER_MS);
  }

  #later(ms: number, act: () => void): void {
    this.#timers.push(new Timeout(act, ms));
  }

  /** @returns number of the first session after it. */
  async #runPhase(index: number, plan: PhasePlan, firstSession: number): Promise<number> {
    const { load, clock, log, stallSeconds, sinks } = this.#options;
    const { source, collector, telemetry } = this.#threads;
    const { beforeProfiling, afterProfiling, readRoof } = this.#options;
    if (plan.name === 'profiling') await beforeProfiling?.(this.#ending.signal);
    if (index > 0) await telemetry?.readNow();
    if (index > 0 && this.#ending.signal.aborted) return firstSession;
    const startNs = await this.#startOf(index, plan);
    if (this.#ending.signal.aborted) return firstSession;
    if (plan.name === 'warmup') this.#warmupStartNs = startNs;
    this.#last = { index, plan, startNs, firstSession, reports: [], withheld: nothingWithheld };
    logPhaseStart(plan, source.feeds.length, log);
    const withheldSince = watchWithheldCpu();
    const progress = () => source.progressOf(index);
    const returned = () => load.phases.reduce((sum, _, at) => sum + source.progressOf(at).returned, 0);
    const sources = {
      telemetry: () => telemetry?.latest,
      ...{ nowNs: clock.nowNs, unixMs: epochMs, progress, returned, figures: () => collector.figures },
      shards: source.shards && (() => source.shards?.() ?? []),
      plannedLoad: (elapsedNs: number) => plannedLoad(plan, elapsedNs),
      fidelity: openLiveFidelity(plan, {
        ...{ nowNs: clock.nowNs, startNs },
        movedNs: () => progress().movedNs,
        withheld: withheldSince,
        readRoof,
        clients: source.clients && (() => source.clients?.(index) ?? []),
      }),
    };
    const snapshots = new SnapshotTaker({ ...plan, startNs }, sources);
    this.#snapshots = snapshots;
    const stopSnapshots = sinks.watch(() => snapshots.take());
    const stopStallWatch = watchForStall(progress, { stallSeconds, nowNs: clock.nowNs }, (where) => {
      this.#stalled = where;
      this.#end('stall');
    });
    const stopFailureWatch = watchForStop(progress, () => this.#end('failures'));
    this.#stopWatch = () => {
      stopStallWatch();
      stopFailureWatch();
    };
    try {
      const run = source.runPhase(index, startNs, firstSession);
      const aborted = Promise.race([collector.summaries, this.#givenUp]).then(() => []);
      const reports = await Promise.race([run, aborted]);
      const withheld = withheldSince();
      this.#last = { ...this.#last, reports: plan.name === 'profiling' ? reports : [], withheld };
    } finally {
      stopSnapshots();
      this.#stopWatch();
      const rttNs = plan.name === 'profiling' ? afterProfiling?.() : undefined;
      if (rttNs !== undefined) collector.setNetworkRtt(rttNs);
    }
    // The last requests in flight may return before the watch looks.
    if (progress().stopped && this.#state === 'running') this.#end('failures');
    sinks.onSnapshot(snapshots.take());
    const counts = progress();
    logPhaseEnd(plan, counts, log);
    return source.nextSession(index, firstSession);
  }

  async #startOf(index: number, plan: PhasePlan): Promise<number> {
    const earliest = () => this.#options.clock.nowNs() + preparationNs(plan);
    const agreedNs = await this.#threads.source.startOf?.(index, earliest(), this.#ending.signal);
    return agreedNs ?? earliest();
  }

  /** After a thread died, lets the others hand over their records, and ends all. */
  async #drainAfterFailure(): Promise<void> {
    const { source } = this.#threads;
    const waiting = new AbortController();
    await Promise.race([source.finished, sleep(HAND_OVER_MS, waiting.signal)]);
    waiting.abort();
    await source.terminate();
  }

  /** Without `sends` if computed from the records on disk; undefined if the run was given up. */
  async #summaries(): Promise<(Omit<Summaries, 'sends' | 'shardSends'> & Partial<Summaries>) | undefined> {
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
}
