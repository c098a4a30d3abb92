import type { Summaries } from '../collect/collector.js';
import type { CollectPlan } from '../collect/record-processor.js';
import type { Sinks } from '../collect/sink.js';
import type { Roof } from '../fidelity/roof.js';
import type { LoadPlan } from '../load/plan.js';
import type { SourceShare } from '../load/quota.js';
import type { LoadSource } from '../load/source.js';
import type { TelemetryReading } from '../telemetry/telemetry.js';
import type { Clock } from '../util/clock.js';
import type { Io } from '../util/io.js';
import type { Log } from '../util/log.js';

/** Effect of the first interrupt: it ends the load, or the load had ended and results are being computed. */
export type InterruptEffect = 'cancels' | 'load is over';

export interface RunOptions {
  readonly load: LoadPlan;
  readonly collect: CollectPlan;
  /** Module of the record thread. */
  readonly collectorEntry: URL;
  /** Opens the source of the load. @param spool folder; undefined: none. */
  readonly openSource: (spool: string | undefined, onSpoolFailure: (message: string) => void) => LoadSource;
  /** Starts to read servers and GPUs. */
  readonly openTelemetry?: () => TelemetryReading | undefined;
  /** Folder that finished records are spooled to. */
  readonly spool: string;
  /** Name of the record file that is made from the spool after a crash if the run writes no record file. */
  readonly recordsName: string;
  /** Sinks of the main thread. */
  readonly sinks: Sinks;
  readonly log: Log;
  readonly onExit: Io['onExit'];
  /** Sets the effect of an interrupt, in place of quitting immediately. @returns a function that restores that. */
  readonly onInterrupt: (act: () => InterruptEffect) => () => void;
  /** Computes the results from the files and the spool if the record thread died. */
  readonly recoverSummary: () => Promise<Pick<Summaries, 'profiling' | 'requests' | 'notable'>>;
  readonly clock: Clock;
  /** Reads the client limit of this machine for the verdict; undefined: it was not measured. */
  readonly readRoof: () => Roof | undefined;
  /** Seconds without any activity after which a run is ended; 0: never. */
  readonly stallSeconds: number;
  /** Seconds that cancelled requests get to return before their threads are ended. */
  readonly drainSeconds: number;
  /** Which part of the load the source sends. */
  readonly share?: SourceShare;
  /** Number of the run's first session, which determines its start in the dataset. */
  readonly firstSession: number;
  /** Conversations in the dataset. */
  readonly datasetSize: number;
  /** Called before the first profiling request, which waits for it, at most until the signal. @throws UserError, which ends the run */
  readonly beforeProfiling?: (signal: AbortSignal) => Promise<void>;
  /** Called when the last profiling request has returned. @returns the mean round-trip time to the servers, ns, if it was measured. */
  readonly afterProfiling?: () => number | undefined;
}
