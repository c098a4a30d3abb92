import { startLoadThreads } from '../../load/threads.js';
import type { RunSummary } from '../../metrics/compute.js';
import type { Progress } from '../../ui/progress.js';
import type { Clock } from '../../util/clock.js';
import type { Log } from '../../util/log.js';
import type { Interrupt } from './interrupt.js';
import type { PreparedRun } from './prepare.js';
import { type RecordsPlan, startRecords } from './records.js';

/** What a run came to. */
export interface RunOutcome {
  readonly summary: RunSummary;
  /** Start of the phase, ns since the clock's origin. */
  readonly startNs: number;
  /** The user ended it early. */
  readonly interrupted: boolean;
  /** A load thread failed: what it threw. */
  readonly failure: unknown;
  /** What went wrong while writing files. */
  readonly troubles: readonly string[];
}

const DRAW_EVERY_MS = 100;
/** How long load threads get to hand over what they have after another one failed. */
const LAST_WORDS_MS = 2000;

/** Sends, stamps and counts until all is done or the user ends it; whatever was measured is in the outcome. */
export async function runLoad(
  prepared: PreparedRun,
  recordsPlan: RecordsPlan,
  progress: Progress,
  clock: Clock,
  interrupt: Interrupt,
  log: Log,
): Promise<RunOutcome> {
  const { counters } = prepared;
  const threads = await startLoadThreads(prepared.load, prepared.threads);
  const records = startRecords(recordsPlan, threads.recordPorts);
  const stop = () => {
    counters.stop();
    threads.interrupt();
  };
  interrupt.onFirst(stop);

  const startNs = clock.nowNs();
  log('INFO', 'load', `profiling: ${prepared.concurrency} in flight, ${prepared.threads} load thread(s)`);
  const drawing = setInterval(() => progress.update(progressState()), DRAW_EVERY_MS);
  let failure: unknown;
  try {
    await Promise.race([threads.runPhase(0, clock.nowNs(), 0), records.summary]);
    threads.finish();
  } catch (thrown) {
    failure = thrown;
    stop();
    threads.finish();
    await Promise.race([
      records.summary.catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS)),
    ]);
    await threads.terminate();
  }
  log('INFO', 'load', `${counters.issued} requests were sent`);
  const summary = await records.summary;
  clearInterval(drawing);
  progress.update(progressState());
  progress.stop();
  if (failure === undefined) await Promise.all([threads.terminate(), records.terminate()]);
  return { summary, startNs, interrupted: interrupt.happened, failure, troubles: records.troubles };

  function progressState() {
    const elapsedSeconds = (clock.nowNs() - startNs) / 1e9;
    const { issued, returned } = counters;
    const requestsPerSecond = returned / elapsedSeconds;
    const total = prepared.expectedRequests;
    const left = total === undefined || returned === 0 ? undefined : (total - returned) / requestsPerSecond;
    return {
      phase: 'Profiling' as const,
      completed: returned,
      total,
      errors: records.live?.errors ?? 0,
      inFlight: issued - returned,
      elapsedSeconds,
      requestsPerSecond,
      etaSeconds: left,
      ttftAvgMs: records.live?.ttftAvgMs,
      itlAvgMs: records.live?.itlAvgMs,
    };
  }
}
