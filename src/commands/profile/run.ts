import { setTimeout as after } from 'node:timers/promises';
import type { ThreadReport } from '../../fidelity/thread-report.js';
import { type Fidelity, judge } from '../../fidelity/verdict.js';
import { type LoadThreads, startLoadThreads } from '../../load/threads.js';
import type { RunSummary } from '../../metrics/compute.js';
import type { Progress, ProgressState } from '../../ui/progress.js';
import { readCpuLimit, type Throttled, throttledBetween } from '../../util/cgroup.js';
import type { Clock } from '../../util/clock.js';
import { messageOf } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { haveV8YieldToLoadThreads } from '../../util/priority.js';
import { startHeapsLarge } from '../../util/v8-heap.js';
import { evidenceOf } from './evidence.js';
import type { Interrupt } from './interrupt.js';
import type { PlannedPhase } from './phases.js';
import type { PreparedRun } from './prepare.js';
import { type Records, type RecordsPlan, type Summaries, startRecords } from './records.js';
import { watch } from './watchdog.js';

/** What a run came to. */
export interface RunOutcome {
  readonly summary: RunSummary;
  /** Of the warm-up phase, where there was one. */
  readonly warmup: RunSummary | undefined;
  /** Start of the profiling phase, ns since the clock's origin. */
  readonly startNs: number;
  /** Number of that phase's first session: those before it were the warm-up's. */
  readonly firstSession: number;
  /** The user ended it early. */
  readonly interrupted: boolean;
  /** Where it was stuck, for a run that was ended because nothing moved any more. */
  readonly stalled: string | undefined;
  /** A load thread failed: what it threw. */
  readonly failure: unknown;
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
}

const DRAW_EVERY_MS = 100;
/** After an interrupt or the death of a thread, load threads get this long to hand over what they have. */
const LAST_WORDS_MS = 1500;

/** After this long the record thread no longer counts tokens: an interrupted run is to end within two seconds. */
const HURRY_MS = 700;

/** Sends, stamps and counts until all is done or the user ends it; whatever was measured is in the outcome. */
export async function runLoad(
  prepared: PreparedRun,
  recordsPlan: RecordsPlan,
  options: RunOptions,
): Promise<RunOutcome> {
  const { clock, interrupt, log, progress } = options;
  haveV8YieldToLoadThreads();
  startHeapsLarge();
  const threads = startLoadThreads(prepared.load, prepared.threads);
  const records = startRecords(recordsPlan, threads.recordPorts);
  const terminate = () => Promise.all([threads.terminate(), records.terminate()]);
  try {
    await Promise.all([threads.ready, records.ready]);
  } catch (thrown) {
    await terminate();
    throw thrown;
  }
  let startNs = clock.nowNs();
  let ended: 'interrupt' | 'stall' | undefined;
  let stalled: string | undefined;
  const end = (why: 'interrupt' | 'stall') => {
    ended ??= why;
    for (const { counters } of prepared.phases) counters.stop();
    threads.interrupt(
      why === 'interrupt'
        ? 'the run was interrupted while it was in flight'
        : 'the run was stuck, and was ended',
    );
    setTimeout(
      () => threads.terminate(),
      why === 'stall' ? options.drainSeconds * 1000 : LAST_WORDS_MS,
    ).unref();
    setTimeout(() => records.hurry(), HURRY_MS).unref();
  };
  interrupt.onFirst(() => end('interrupt'));

  let failure: unknown;
  let reports: readonly ThreadReport[] = [];
  let throttled: Throttled | undefined;
  let firstSession = options.firstSession;
  let nextSession = firstSession;
  try {
    for (const [index, phase] of prepared.phases.entries()) {
      if (ended !== undefined && index > 0) break;
      startNs = clock.nowNs() + preparationNs(phase);
      firstSession = nextSession;
      log('INFO', 'load', `${phase.plan.name}: ${described(phase)}, ${prepared.threads} load thread(s)`);
      const drawing = setInterval(
        () => progress.update(stateOf(phase, records, Math.max(0, clock.nowNs() - startNs))),
        DRAW_EVERY_MS,
      );
      const watching = watch(phase.counters, options.stallSeconds, (where) => {
        stalled = where;
        end('stall');
      });
      try {
        const limitBefore = readCpuLimit();
        const run = threads.runPhase(index, startNs, firstSession);
        const told = await Promise.race([run, records.summaries.then(() => [])]);
        reports = phase.plan.name === 'profiling' ? told : [];
        throttled = throttledBetween(limitBefore, readCpuLimit());
      } finally {
        clearInterval(drawing);
        watching.stop();
      }
      nextSession += phase.counters.sessions;
      progress.update(stateOf(phase, records, Math.max(0, clock.nowNs() - startNs)));
      log('INFO', 'load', `${phase.plan.name}: ${phase.counters.issued} requests were sent`);
      const { movedNs } = phase.counters;
      if (movedNs > 0) {
        log(
          'WARNING',
          'load',
          `this machine was late, and the schedule was moved by ${(movedNs / 1e9).toFixed(3)} s in all: the rate was lower than asked by as much. AIPERF_TIMING_MAX_CATCHUP_SECONDS lets it catch up instead`,
        );
      }
    }
    const played = nextSession - options.firstSession;
    if (played > prepared.datasetSize) {
      const what = `${played} sessions were played from ${prepared.datasetSize} conversations`;
      log('NOTICE', 'load', `${what}: a prefix cache may have answered for the model`);
    }
    threads.finish();
  } catch (thrown) {
    failure = thrown;
    log('ERROR', 'load', `a thread failed, which ends the run: ${messageOf(thrown)}`);
    await lastWords(prepared, threads, records);
  }
  progress.stop();
  const { profiling, warmup, sends } = await records.summaries;
  await terminate();
  return {
    summary: profiling,
    warmup,
    startNs,
    firstSession,
    interrupted: ended === 'interrupt',
    stalled,
    failure,
    troubles: records.troubles,
    fidelity:
      reports.length === 0
        ? undefined
        : judge(evidenceOf(profilingOf(prepared), profiling, { sends, threads: reports, throttled })),
  };
}

/** The phase that is measured. */
function profilingOf({ phases }: PreparedRun): PlannedPhase {
  const phase = phases.find(({ plan }) => plan.name === 'profiling');
  if (phase === undefined) throw new Error('a run without a profiling phase');
  return phase;
}

/** After a thread died: the others hand over what they have, and all are ended. */
async function lastWords(prepared: PreparedRun, threads: LoadThreads, records: Records): Promise<void> {
  for (const { counters } of prepared.phases) counters.stop();
  threads.interrupt('a load thread failed, and the run was ended');
  threads.finish();
  const summaries: Promise<Summaries | undefined> = records.summaries.catch(() => undefined);
  await Promise.race([summaries, after(LAST_WORDS_MS)]);
  await threads.terminate();
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
  records: Records,
  elapsedNs: number,
): ProgressState {
  const elapsedSeconds = elapsedNs / 1e9;
  const { issued, returned } = counters;
  const requestsPerSecond = returned / elapsedSeconds;
  return {
    phase: plan.name === 'warmup' ? 'Warmup' : 'Profiling',
    completed: returned,
    total,
    errors: records.live?.errors ?? 0,
    inFlight: issued - returned,
    elapsedSeconds,
    requestsPerSecond,
    etaSeconds: total === undefined || returned === 0 ? undefined : (total - returned) / requestsPerSecond,
    ttftAvgMs: records.live?.ttftAvgMs,
    itlAvgMs: records.live?.itlAvgMs,
  };
}
