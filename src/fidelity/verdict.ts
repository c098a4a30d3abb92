import type { Throttled } from '../util/cgroup.js';
import { counted } from '../util/counted.js';
import { type Roof, shareOfRoof } from './roof.js';
import type { SendStats } from './send-stats.js';
import { bySeriousness, type Verdict } from './seriousness.js';
import { mergeStalls, type Span, spansText } from './spans.js';
import type { Spread, Stall, StallCause, ThreadReport } from './thread-report.js';

/** The requested load. */
export type RequestedLoad =
  | { readonly kind: 'concurrency'; readonly requested: number }
  /** Requests a second. */
  | { readonly kind: 'rate'; readonly requested: number }
  | { readonly kind: 'schedule'; readonly requested: undefined };

/** The basis of the verdict. Times are ns; instants count from the clock's origin. */
export interface Evidence {
  readonly threads: readonly JudgedThread[];
  readonly sends: SendStats;
  /** Sent − due of successful requests; undefined without any. */
  readonly sendDelayNs: Spread | undefined;
  readonly load: RequestedLoad;
  /** Requests may wait for a slot after they are due, which is not the client's delay. */
  readonly mayQueue: boolean;
  /** Delay of the schedule because the client fell behind. */
  readonly movedNs: number;
  /** Of the phase so far, during a run: a delay is known before the records of the requests that it moved. */
  readonly elapsedNs?: number;
  /** Throttling by the CPU limit of a control group; undefined without any. */
  readonly throttled: Throttled | undefined;
  /** CPU time that the host of the virtual machine took, summed over CPUs; undefined where it is not reported. */
  readonly stolenNs: number | undefined;
  /** The client limit of this machine; undefined if it was not measured. */
  readonly roof: Roof | undefined;
}

/** What the verdict needs to know of a load thread. During a run the optional figures are not known. */
export type JudgedThread = Pick<
  ThreadReport,
  'thread' | 'startNs' | 'endNs' | 'busyShare' | 'waitShare' | 'stalls' | 'lateNs'
> &
  Partial<Pick<ThreadReport, 'loopDelayNs' | 'readLagNs' | 'gc' | 'cpuShare'>>;

/** How much of what its load threads could do a client used. */
export interface Utilization {
  /** Of the roof; without one, of the time of the busiest load thread. */
  readonly share: number;
  readonly roof: Roof | undefined;
}

/** Why a client was strained or limited. */
interface Reason {
  readonly level: 'strained' | 'limited';
  readonly sentence: string;
  /** When it applied; empty: the whole run. */
  readonly spans: readonly Span[];
}

/** The verdict on the client of a run, with its reasons and the evidence. */
export interface Fidelity {
  readonly verdict: Verdict;
  /** The most serious first. */
  readonly reasons: readonly Reason[];
  /** The achieved load: mean requests in flight, or requests per second; undefined for fewer than two requests. */
  readonly achieved: number | undefined;
  /** Undefined under a rate, schedule or users without a roof: load threads are then busy waiting for the next send. */
  readonly utilization: Utilization | undefined;
  /** Zero of the spans of reasons. */
  readonly startNs: number;
  readonly evidence: Evidence;
}

// Percentiles are reported up to p99: they are valid if less than 1 % of all timestamps are late.
const LIMITED_SHARE = 0.01;
const STRAINED_SHARE = 0.001;
// In short runs a single hiccup is a large share; below these sums it changes no reported percentile.
const LIMITED_NS = 100e6;
const STRAINED_NS = 20e6;
const LIMITED_DELAY_NS = 10e6;
const STRAINED_DELAY_NS = 5e6;
// With fewer requests, the p99 is just one of the slowest.
const ENOUGH_REQUESTS = 100;
const STRAINED_BUSY_SHARE = 0.9;
const STRAINED_WAIT_SHARE = 0.1;
const STRAINED_ROOF_SHARE = 0.8;

/** Judges a run; `docs/fidelity.md` has the rules. */
export function judge(evidence: Evidence): Fidelity {
  return {
    ...verdictOn(evidence),
    achieved: achievedLoad(evidence),
    utilization: utilizationOf(evidence),
    startNs: startOf(evidence.threads),
    evidence,
  };
}

/** The verdict of evidence that may still be growing. */
export function verdictOn(evidence: Evidence): Pick<Fidelity, 'verdict' | 'reasons'> {
  const reasons = bySeriousness([
    ...portExhaustion(evidence),
    ...lateTime(evidence),
    ...readLag(evidence),
    ...sendDelay(evidence),
    ...movedSchedule(evidence),
    ...throttling(evidence),
    ...busyThreads(evidence),
    ...nearRoof(evidence),
  ]);
  const [first] = reasons;
  return {
    verdict: first === undefined ? 'client ok' : `client ${first.level}`,
    reasons,
  };
}

function portExhaustion({ sends }: Evidence): Reason[] {
  if (sends.starved === 0) return [];
  return [
    {
      level: 'limited',
      sentence: `${counted(sends.starved, 'request')} could not be sent: this machine ran out of ports or open files (raise net.ipv4.ip_local_port_range or ulimit -n, or lower the load)`,
      spans: [],
    },
  ];
}

function lateTime({ threads, stolenNs, throttled }: Evidence): Reason[] {
  const lateNs = sum(threads.map((thread) => thread.lateNs));
  const watchedNs = sum(threads.map(({ startNs, endNs }) => endNs - startNs));
  const level = levelOf(
    lateNs,
    lateNs / watchedNs,
    [LIMITED_NS, LIMITED_SHARE],
    [STRAINED_NS, STRAINED_SHARE],
  );
  if (level === undefined) return [];
  const stalls = threads.flatMap((thread) => thread.stalls);
  const spans = mergeStalls(stalls);
  return [
    {
      level,
      sentence: `for ${percent(lateNs / watchedNs)} of the run, client timing could be more than 10 ms late: ${mainCause(stalls, lateNs, { stolenNs, throttled })} (${spansText(spans, startOf(threads))})`,
      spans,
    },
  ];
}

/** When the load was due to start, ns since the clock's origin: zero of all spans. */
function startOf(threads: readonly JudgedThread[]): number {
  return Math.min(...threads.map(({ startNs }) => startNs));
}

function readLag({ threads }: Evidence): Reason[] {
  const lagNs = threads.reduce((worst, { readLagNs }) => Math.max(worst, readLagNs?.p99 ?? 0), 0);
  const level = levelOfDelay(lagNs);
  if (level === undefined) return [];
  return [
    {
      level,
      sentence: `p99 read lag ${ms(lagNs)}: data arrived faster than the client could read it`,
      spans: [],
    },
  ];
}

function sendDelay({ sendDelayNs, mayQueue, load, sends }: Evidence): Reason[] {
  if (mayQueue || load.kind === 'concurrency' || sendDelayNs === undefined) return [];
  const level = sends.requests < ENOUGH_REQUESTS ? undefined : levelOfDelay(sendDelayNs.p99);
  if (level === undefined) return [];
  return [
    {
      level,
      sentence: `p99 send delay ${ms(sendDelayNs.p99)} (max ${ms(sendDelayNs.max)}): requests were sent that long after they were due`,
      spans: [],
    },
  ];
}

function movedSchedule({ movedNs, elapsedNs, sends }: Evidence): Reason[] {
  if (movedNs === 0) return [];
  const share = movedNs / Math.max(1, elapsedNs ?? sends.lastStartNs - sends.firstDueNs);
  return [
    {
      level: share >= LIMITED_SHARE ? 'limited' : 'strained',
      sentence: `the client fell behind its schedule and delayed it by ${ms(movedNs)}: the rate was ${share < 0.0005 ? 'less than 0.1 %' : percent(share)} lower than requested`,
      spans: [],
    },
  ];
}

/** Any throttling by a CPU limit shows that the client has no reserve. */
function throttling({ throttled, threads }: Evidence): Reason[] {
  if (throttled === undefined) return [];
  const { cpus, periods, throttledPeriods, throttledNs } = throttled;
  const lengthNs = threads.reduce((longest, { startNs, endNs }) => Math.max(longest, endNs - startNs), 1);
  const isLimited = throttledNs >= LIMITED_NS && throttledNs / lengthNs >= LIMITED_SHARE;
  const limit = cpus === undefined ? 'a CPU limit' : `the limit of ${counted(cpus, 'CPU')}`;
  return [
    {
      level: isLimited ? 'limited' : 'strained',
      sentence: `${limit} (cgroup) throttled this client in ${throttledPeriods} of ${periods} periods (${percent(throttledPeriods / periods)}), for ${ms(throttledNs)} summed over CPUs: give it more whole CPUs, or lower the load`,
      spans: [],
    },
  ];
}

/** A saturated thread has no reserve. Under a schedule it spins until the next send, so it is always busy. */
function busyThreads({ threads, load, throttled }: Evidence): Reason[] {
  return threads.flatMap(({ thread, startNs, endNs, busyShare, waitShare = 0 }): Reason[] => {
    if (waitShare >= STRAINED_WAIT_SHARE) {
      const sentence = `load thread ${thread} was runnable but waited for a CPU core for ${percent(waitShare)} of the time: ${isMostly(throttled?.throttledNs, waitShare * (endNs - startNs)) ? 'the CPU limit stopped it' : 'other processes held them'}`;
      return [{ level: 'strained', sentence, spans: [] }];
    }
    if (load.kind !== 'concurrency' || busyShare < STRAINED_BUSY_SHARE) return [];
    const sentence = `load thread ${thread} was busy for ${percent(busyShare)} of the time: add load threads (--load-threads) or a second machine`;
    return [{ level: 'strained', sentence, spans: [] }];
  });
}

function utilizationOf({ threads, sends, load, roof }: Evidence): Utilization | undefined {
  if (roof !== undefined) {
    const threadNs = sum(threads.map(({ startNs, endNs }) => endNs - startNs));
    return { share: shareOfRoof({ ...sends, threadNs }, roof), roof };
  }
  if (load.kind !== 'concurrency') return undefined;
  return { share: Math.max(...threads.map(({ busyShare }) => busyShare)), roof };
}

function nearRoof(evidence: Evidence): Reason[] {
  const { share, roof } = utilizationOf(evidence) ?? { share: 0 };
  if (roof === undefined || share < STRAINED_ROOF_SHARE) return [];
  return [
    {
      level: 'strained',
      sentence: `the load was ${percent(share)} of this machine's client limit (aiperf doctor --roof): add load threads (--load-threads) or a second machine`,
      spans: [],
    },
  ];
}

/** Mean requests in flight, or requests per second; undefined for fewer than two requests, or all at one time. */
export function achievedLoad({ load, sends }: Pick<Evidence, 'load' | 'sends'>): number | undefined {
  const isMean = load.kind === 'concurrency';
  // From the due time of the first request: sending it late must not raise the rate.
  const fromNs = isMean ? sends.firstStartNs : sends.firstDueNs;
  const lengthNs = (isMean ? sends.lastEndNs : sends.lastStartNs) - fromNs;
  if (sends.requests < 2 || lengthNs <= 0) return undefined;
  return (isMean ? sends.inFlightNs : (sends.requests - 1) * 1e9) / lengthNs;
}

type Limit = readonly [ns: number, share: number];

function levelOf(ns: number, share: number, limited: Limit, strained: Limit): Reason['level'] | undefined {
  if (ns >= limited[0] && share >= limited[1]) return 'limited';
  return ns >= strained[0] && share >= strained[1] ? 'strained' : undefined;
}

function levelOfDelay(ns: number): Reason['level'] | undefined {
  if (ns >= LIMITED_DELAY_NS) return 'limited';
  return ns >= STRAINED_DELAY_NS ? 'strained' : undefined;
}

const causeTexts: Readonly<Record<StallCause, string>> = {
  'no core': 'load threads were runnable, but other processes held the CPU',
  'garbage collection': 'garbage collection paused the load threads',
  'own work': 'a load thread was overloaded, or the host of this virtual machine did not schedule it',
  blocked: 'the machine was paused, or a slow disk or swapping blocked the load threads',
};

/**
 * The cause of most of the stalled time. A thread cannot tell its own work from time that the host took, nor other
 * processes from a CPU limit, but the kernel counts the time of the host and of the limit.
 */
function mainCause(
  stalls: readonly Stall[],
  lateNs: number,
  { stolenNs, throttled }: Pick<Evidence, 'stolenNs' | 'throttled'>,
): string {
  const lengths = new Map<StallCause, number>();
  for (const { cause, startNs, endNs } of stalls) {
    lengths.set(cause, (lengths.get(cause) ?? 0) + endNs - startNs);
  }
  const [main] = [...lengths].sort(([, a], [, b]) => b - a);
  const cause = main?.[0] ?? 'own work';
  if (cause === 'no core' && isMostly(throttled?.throttledNs, lateNs))
    return 'the CPU limit stopped the load threads';
  if (cause !== 'own work' || stolenNs === undefined) return causeTexts[cause];
  return isMostly(stolenNs, lateNs)
    ? `the host of this virtual machine took ${ms(stolenNs)} of CPU time (steal)`
    : 'a load thread was overloaded';
}

function isMostly(causedNs: number | undefined, ns: number): boolean {
  return causedNs !== undefined && causedNs >= ns / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function ms(ns: number): string {
  return `${(ns / 1e6).toFixed(1)} ms`;
}
