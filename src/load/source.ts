import type { MessagePort } from 'node:worker_threads';
import type { ThreadReport } from '../fidelity/thread-report.js';
import { type ClockOrigin, nsBetween } from '../util/clock.js';
import type { SourceShare } from './quota.js';

/** Sends the load of a plan and yields batches of finished records: threads of this process here, agents elsewhere. */
export interface LoadSource {
  /** What the start of a phase and all its times count from. */
  readonly origin: ClockOrigin;
  /** Resolves when it can send at once; rejects if it cannot. */
  readonly ready: Promise<unknown>;
  readonly feeds: readonly BatchFeed[];
  /** How far a phase has come by now. @param phase index into the plan's phases. */
  progressOf(phase: number): PhaseProgress;
  /**
   * Runs a phase. Resolves, with what each load thread saw of itself, when nothing is in flight or to send; rejects if
   * one dies.
   * @param startNs when it starts. @param firstSession number of its first session among all sessions of the run.
   */
  runPhase(phase: number, startNs: number, firstSession: number): Promise<readonly ThreadReport[]>;
  /** Nothing more is sent, now or in a later phase, and what is in flight is dropped with a record each. */
  interrupt(why: string): void;
  /** No phase follows: the last records are handed over and the feeds closed. */
  finish(): void;
  /** Resolves when each part of it has left or died. */
  readonly finished: Promise<unknown>;
  /** Ends it at once, whatever it does. */
  terminate(): Promise<void>;
}

/** Where batches of finished records come from. */
export interface BatchFeed {
  /** Brings the batches that are not in the spool; closes behind the last of all. */
  readonly port: MessagePort;
  /** Number of its files in the spool of the run; undefined: every batch comes through the port. */
  readonly spoolNumber: number | undefined;
  /** What the times in its batches count from. */
  readonly origin: ClockOrigin;
}

/** How far a phase has come. */
export interface PhaseProgress {
  /** Sessions that were begun, which have the first numbers of the phase. */
  readonly sessions: number;
  readonly issued: number;
  readonly returned: number;
  /** Of those that returned, the ones that failed or were cut off at the end of the phase. */
  readonly failed: number;
  /** Of those that returned, the ones that were cancelled as planned. */
  readonly cancelled: number;
  /** Changes whenever something was sent, came in or returned. */
  readonly activity: number;
  /** By how much the schedule was moved, ns. */
  readonly movedNs: number;
  /** Turns that became due later than recorded, and by how much at most, ns. */
  readonly postponed: { readonly turns: number; readonly mostNs: number };
}

/**
 * Splits a load among sources that share no memory: together they are one.
 * @param origin of the run. @param open makes the source of a share.
 */
export function splitLoad(
  origin: ClockOrigin,
  sources: number,
  open: (share: SourceShare) => LoadSource,
): LoadSource {
  const parts = Array.from({ length: sources }, (_, source) => open({ source, sources }));
  return {
    origin,
    ready: Promise.all(parts.map(({ ready }) => ready)),
    feeds: parts.flatMap(({ feeds }) => feeds),
    progressOf: (phase) => sumOf(parts.map((part) => part.progressOf(phase))),
    runPhase: async (phase, startNs, firstSession) => {
      const reports = await Promise.all(
        parts.map(async (part) => {
          const aheadNs = nsBetween(origin, part.origin);
          const own = await part.runPhase(phase, startNs - aheadNs, firstSession);
          return own.map((report) => shiftReport(report, aheadNs));
        }),
      );
      return reports.flat();
    },
    interrupt: (why) => {
      for (const part of parts) part.interrupt(why);
    },
    finish: () => {
      for (const part of parts) part.finish();
    },
    finished: Promise.all(parts.map(({ finished }) => finished)),
    terminate: async () => {
      await Promise.all(parts.map((part) => part.terminate()));
    },
  };
}

/** The progress of all sources as one; each took every n-th session number. */
function sumOf(parts: readonly PhaseProgress[]): PhaseProgress {
  const sum = (of: (part: PhaseProgress) => number) => parts.reduce((total, part) => total + of(part), 0);
  const most = (of: (part: PhaseProgress, source: number) => number) => Math.max(0, ...parts.map(of));
  return {
    sessions: most(({ sessions }, source) =>
      sessions === 0 ? 0 : (sessions - 1) * parts.length + source + 1,
    ),
    issued: sum(({ issued }) => issued),
    returned: sum(({ returned }) => returned),
    failed: sum(({ failed }) => failed),
    cancelled: sum(({ cancelled }) => cancelled),
    activity: sum(({ activity }) => activity),
    movedNs: most(({ movedNs }) => movedNs),
    postponed: {
      turns: sum(({ postponed }) => postponed.turns),
      mostNs: most(({ postponed }) => postponed.mostNs),
    },
  };
}

function shiftReport(report: ThreadReport, byNs: number): ThreadReport {
  return {
    ...report,
    startNs: report.startNs + byNs,
    endNs: report.endNs + byNs,
    stalls: report.stalls.map((stall) => ({
      ...stall,
      startNs: stall.startNs + byNs,
      endNs: stall.endNs + byNs,
    })),
  };
}
