import type { MessagePort } from 'node:worker_threads';
import type { Spread, ThreadReport } from '../fidelity/thread-report.js';
import type { Evidence } from '../fidelity/verdict.js';
import { type ClockOrigin, nsBetween } from '../util/clock.js';
import type { JoinPoint } from './join.js';
import type { SourceShare } from './quota.js';

/** Time that load threads get to hand over their records after an interrupt or the death of a thread. */
export const HAND_OVER_MS = 1200;

/** Sends the load of a plan and yields batches of finished records: the threads of this process, or remote agents. */
export interface LoadSource {
  /** Zero of its clock: phase starts and all times count from it. */
  readonly origin: ClockOrigin;
  /** Resolves when it is ready to send; rejects if it fails. */
  readonly ready: Promise<unknown>;
  readonly feeds: readonly BatchFeed[];
  /** Current progress of a phase. @param phase index into the plan's phases. */
  progressOf(phase: number): PhaseProgress;
  /**
   * When a phase starts, if that is not `earliestNs`; called before each phase. May wait for other machines, at most
   * until the signal. Times are those of `origin`.
   */
  startOf?(phase: number, earliestNs: number, signal: AbortSignal): Promise<number>;
  /** State of each machine that sends the load; absent: it is this one. */
  shards?(): readonly LiveShard[];
  /** What other machines have observed of themselves in a phase, as far as it is known; absent: this one sends the load. */
  clients?(phase: number): readonly ClientReport[];
  /**
   * Runs a phase. Resolves with the report of each load thread of this machine when nothing is in flight and nothing is
   * left to send; rejects if a thread dies.
   * @param startNs when it starts. @param firstSession number of its first session among all sessions of the run.
   * @param join where the source joins the phase, in place of one that is lost; absent: at its start.
   */
  runPhase(
    phase: number,
    startNs: number,
    firstSession: number,
    join?: JoinPoint,
  ): Promise<readonly ThreadReport[]>;
  /** Number of the first session of the next phase. @param firstSession that of this phase, which has ended. */
  nextSession(phase: number, firstSession: number): number;
  /** Sends nothing more, in this and later phases, and drops each request in flight with a record. */
  interrupt(why: string): void;
  /** Time that it gets to hand over its records after an interrupt, ms; absent: `HAND_OVER_MS`. */
  readonly handOverMs?: number;
  /** Hands over the last records and closes the feeds: no phase follows. */
  finish(): void;
  /** Resolves when each of its threads has finished or died. */
  readonly finished: Promise<unknown>;
  /** Ends it immediately. */
  terminate(): Promise<void>;
}

/** Batches of finished records of one load thread. */
export interface BatchFeed {
  /** Receives the batches that are not in the spool; closed after the last batch. */
  readonly port: MessagePort;
  /** Number of its files in the spool of the run; undefined: all batches are posted to the port. */
  readonly spoolNumber: number | undefined;
  /** Memory of the gate that tells how much of its spool waits for the disk; absent: nothing does. */
  readonly gate?: SharedArrayBuffer;
  /** Number of the machine that sent them, from 0; absent: there is one. */
  readonly shard?: number;
  /** Zero of the times in its batches. */
  readonly origin: ClockOrigin;
}

/** What a machine that sends a share of the load has observed of itself in a phase. */
export interface ClientReport
  extends Pick<Evidence, 'threads' | 'movedNs' | 'throttled' | 'stolenNs' | 'roof'> {
  readonly share: SourceShare;
  /** Sent − due of the requests that have ended so far, an estimate; undefined without any. */
  readonly sendDelayNs: Evidence['sendDelayNs'];
  /** Its last sign of life, if it has not reported the end of the phase, ns since the clock's origin. */
  readonly untilNs: number | undefined;
}

/** A machine that sends a share of the load, at this moment. */
export interface LiveShard {
  readonly shard: number;
  readonly host: string | undefined;
  /** `silent`: it gives no sign of life, but may come back. */
  readonly state: 'running' | 'done' | 'silent' | 'lost';
  /** Requests of the phase. */
  readonly issued: number;
  readonly returned: number;
  /** Records of the phase that have arrived. */
  readonly received: number;
  /** Bytes of records on its disk that were not sent. */
  readonly unsentBytes: number;
  /** Requests that are due from it in the phase; undefined where that depends on the server. */
  readonly planned: number | undefined;
  /** Sent − due, of its requests that ended in the last 5 to 6 seconds; undefined without any. */
  readonly latenessMs: Spread | undefined;
  /** Of its clock to that of the run, at most, ns; undefined: it was never ready. */
  readonly clockErrorNs: number | undefined;
  /** Greatest change of the offset of its wall clock during the run, ns. */
  readonly clockDriftNs: number | undefined;
}

/** Progress of a phase. */
export interface PhaseProgress {
  /** Sessions started. */
  readonly sessions: number;
  /** Of those. */
  readonly endedSessions: number;
  readonly issued: number;
  readonly returned: number;
  /** Returned requests that failed or were dropped at the end of the phase. */
  readonly failed: number;
  /** Returned requests that were cancelled as planned. */
  readonly cancelled: number;
  /** Nothing more is issued: the run was interrupted, or more requests failed than allowed. */
  readonly stopped: boolean;
  /** Changes whenever a request is sent, data arrives or a request returns. */
  readonly activity: number;
  /** Total delay added to the schedule, ns. */
  readonly movedNs: number;
  /** Turns that became due later than recorded, and their maximum delay, ns. */
  readonly postponed: { readonly turns: number; readonly mostNs: number };
}

/**
 * Combines sources that share no memory, each of which sends a share of the load.
 * @param origin of the run. @param open opens the source of a share.
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
    nextSession: (phase, firstSession) =>
      Math.max(...parts.map((part) => part.nextSession(phase, firstSession))),
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

/** Combined progress of all sources. */
export function sumOf(parts: readonly PhaseProgress[]): PhaseProgress {
  const sum = (of: (part: PhaseProgress) => number) => parts.reduce((total, part) => total + of(part), 0);
  const most = (of: (part: PhaseProgress) => number) => Math.max(0, ...parts.map(of));
  return {
    sessions: sum(({ sessions }) => sessions),
    endedSessions: sum(({ endedSessions }) => endedSessions),
    issued: sum(({ issued }) => issued),
    returned: sum(({ returned }) => returned),
    failed: sum(({ failed }) => failed),
    cancelled: sum(({ cancelled }) => cancelled),
    stopped: parts.some(({ stopped }) => stopped),
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
