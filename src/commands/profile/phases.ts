import { hasWarmup, loadMode } from '../../config/load-mode.js';
import type { Config } from '../../config/options.js';
import { readRateSeries } from '../../config/rate-series.js';
import { type DatasetPlan, hasAgents, hasTimestamps, isTrace, totalTurns } from '../../dataset/plan.js';
import { turnTimings } from '../../dataset/turn-timings.js';
import type { Issuing, PhasePlan } from '../../load/plan.js';
import type { ArrivalPattern } from '../../schedule/arrivals.js';
import {
  type FixedSchedule,
  fixedSchedule,
  requireForwardWindow,
  type ScheduleWindow,
} from '../../schedule/fixed-schedule.js';
import type { RampedLimit } from '../../schedule/ramp.js';
import type { RatePoint } from '../../schedule/rate-series.js';
import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';

const SECOND_NS = 1e9;
const ENDLESS = Number.POSITIVE_INFINITY;

/** The run's phases in order: warm-up where a stop condition of its own asks for it, then profiling. */
export function planPhases(config: Config, dataset: DatasetPlan, sessions: number, log: Log): PhasePlan[] {
  const profiling = planProfiling(config, dataset, sessions, log);
  const warmup = planWarmup(config, dataset, sessions);
  return warmup === undefined ? [profiling] : [warmup, profiling];
}

function planProfiling(config: Config, dataset: DatasetPlan, sessions: number, log: Log): PhasePlan {
  const mode = loadMode(config);
  if (mode === 'fixed-schedule') return planReplay(config, dataset, log);
  if (hasTimestamps(dataset)) {
    log(
      'NOTICE',
      'dataset',
      'the file holds send times; they are ignored: --fixed-schedule replays them, --concurrency limits how much is in flight at once',
    );
  }
  const { requestLimit, sessionLimit, endsWithDataset } = limits(config, dataset, sessions, log);
  if (mode === 'user-centric') requireTurns(config, dataset, sessions);
  const concurrency =
    mode === 'concurrency' ? closedConcurrency(config, dataset, sessions, log) : config.concurrency;
  const series = config.requestRateSeries === undefined ? undefined : seriesOf(config.requestRateSeries);
  const issuing: Issuing =
    mode === 'concurrency'
      ? closedLoop(concurrency ?? 1, config.concurrencyRampDuration)
      : mode === 'rate'
        ? rate(config, dataset, sessions, {
            perSecond: series?.[0]?.perSecond ?? config.requestRate ?? 0,
            series,
            pattern:
              spread(config.arrivalPattern) ?? (config.arrivalSmoothness === undefined ? 'poisson' : 'gamma'),
            rampSeconds: config.requestRateRampDuration,
            ceiling: ramped(config.concurrency, config.concurrencyRampDuration),
          })
        : {
            kind: 'user-centric',
            users: config.numUsers ?? 1,
            ratePerSecond: config.userCentricRate ?? 0,
            turns: totalTurns(dataset) / sessions,
            ceiling: ramped(config.concurrency, config.concurrencyRampDuration),
          };
  return planned('profiling', issuing, {
    requestLimit,
    sessionLimit,
    endsWithDataset,
    ...profilingEnds(config),
    concurrency,
    expectedRequests: endsWithDataset
      ? undefined
      : expectedRequests(config, dataset, sessions, { requestLimit, sessionLimit }),
  });
}

/** An offset of the recorded time on the clock of the trace that is sent, ms. */
function spedUp(
  { synthesisSpeedupRatio, replaySpeedup = 1 }: Config,
  offsetMs: number | undefined,
): number | undefined {
  if (offsetMs === undefined) return undefined;
  return Math.trunc(offsetMs / (synthesisSpeedupRatio || 1)) / replaySpeedup;
}

function planReplay(config: Config, dataset: DatasetPlan, log: Log): PhasePlan {
  if (!hasTimestamps(dataset)) {
    throw new UserError(
      '--fixed-schedule needs a dataset with send times, and this one has no timestamp',
      'add a timestamp (ms) to the first turn of every session, or leave out --fixed-schedule',
    );
  }
  const ceiling = ramped(config.concurrency, config.concurrencyRampDuration);
  const requestLimit = config.requestCount ?? ENDLESS;
  const sessionLimit = config.conversationNum ?? ENDLESS;
  const ends = { requestLimit, sessionLimit, ...profilingEnds(config), concurrency: config.concurrency };
  if (dataset.kind === 'stream') {
    const window = scheduleWindow(config);
    requireForwardWindow(window);
    const issuing: Issuing = { kind: 'fixed-schedule', schedule: { window }, ceiling };
    return planned('profiling', issuing, { ...ends, endsWithDataset: true, expectedRequests: undefined });
  }
  const timings = turnTimings(dataset);
  const schedule = fixedSchedule(timings, scheduleWindow(config));
  const { conversations } = schedule;
  const back = conversations.findIndex(
    (conversation, i) => conversation > (conversations[i + 1] ?? Infinity),
  );
  if (back !== -1) {
    const name = timings.nameOf(conversations[back] ?? 0);
    log(
      'NOTICE',
      'dataset',
      `the send times go back at ${name}: sessions are sent in the order of their times, not of the file`,
    );
  }
  return planned(
    'profiling',
    { kind: 'fixed-schedule', schedule, ceiling },
    { ...ends, expectedRequests: Math.min(requestLimit, scheduledTurns(schedule, sessionLimit)) },
  );
}

function scheduleWindow(config: Config): ScheduleWindow {
  return {
    startOffsetMs: spedUp(config, config.fixedScheduleStartOffset),
    endOffsetMs: spedUp(config, config.fixedScheduleEndOffset),
    autoOffset: config.fixedScheduleAutoOffset,
  };
}

function profilingEnds(config: Config) {
  return {
    durationNs: seconds(config.benchmarkDuration),
    graceNs: config.benchmarkGracePeriod * SECOND_NS,
    prefill: ramped(config.prefillConcurrency, config.prefillConcurrencyRampDuration),
    cancellation: cancellation(config),
    failureLimit: failureLimit(config),
  };
}

/** Warm-up runs at a rate where one is given, else closed; it is never cancelled at random. */
function planWarmup(config: Config, dataset: DatasetPlan, sessions: number): PhasePlan | undefined {
  if (!hasWarmup(config)) return undefined;
  const requestLimit = config.warmupRequestCount || ENDLESS;
  const sessionLimit = config.numWarmupSessions ?? ENDLESS;
  const isBurst = config.warmupArrivalPattern === 'concurrency_burst';
  const perSecond = isBurst ? undefined : (config.warmupRequestRate ?? config.requestRate);
  const concurrency = config.warmupConcurrency ?? config.concurrency;
  const rampSeconds = config.warmupConcurrencyRampDuration ?? config.concurrencyRampDuration;
  const issuing: Issuing =
    perSecond === undefined
      ? closedLoop(concurrency ?? 1, rampSeconds)
      : rate(config, dataset, sessions, {
          perSecond,
          pattern: spread(config.warmupArrivalPattern) ?? spread(config.arrivalPattern) ?? 'poisson',
          rampSeconds: config.warmupRequestRateRampDuration ?? config.requestRateRampDuration,
          ceiling: ramped(concurrency, rampSeconds),
        });
  return planned('warmup', issuing, {
    requestLimit,
    sessionLimit,
    durationNs: seconds(config.warmupDuration),
    graceNs: (config.warmupGracePeriod ?? ENDLESS) * SECOND_NS,
    prefill: ramped(
      config.warmupPrefillConcurrency ?? config.prefillConcurrency,
      config.warmupPrefillConcurrencyRampDuration ?? config.prefillConcurrencyRampDuration,
    ),
    cancellation: undefined,
    concurrency: perSecond === undefined ? (concurrency ?? 1) : concurrency,
    expectedRequests: expectedRequests(config, dataset, sessions, { requestLimit, sessionLimit }),
  });
}

/** Unknown for a phase that is ended by time. */
function planned(
  name: PhasePlan['name'],
  issuing: Issuing,
  { expectedRequests: expected, ...rest }: Omit<PhasePlan, 'name' | 'issuing'>,
): PhasePlan {
  const expectedRequests = Number.isFinite(rest.durationNs) ? undefined : expected;
  return { name, issuing, ...rest, expectedRequests };
}

/** A pattern that a rate can have: a closed loop has none. */
function spread(pattern: Config['arrivalPattern']): ArrivalPattern | undefined {
  return pattern === 'concurrency_burst' ? undefined : pattern;
}

function closedLoop(concurrency: number, rampSeconds: number | undefined): Issuing {
  return { kind: 'closed-loop', concurrency: { limit: concurrency, rampNs: (rampSeconds ?? 0) * SECOND_NS } };
}

interface Rate {
  readonly perSecond: number;
  readonly series?: readonly RatePoint[] | undefined;
  readonly pattern: ArrivalPattern;
  readonly rampSeconds: number | undefined;
  readonly ceiling: RampedLimit | undefined;
}

function rate(
  config: Config,
  dataset: DatasetPlan,
  sessions: number,
  { perSecond, series, pattern, rampSeconds, ceiling }: Rate,
): Issuing {
  return {
    kind: 'rate',
    pattern,
    ratePerSecond: perSecond,
    series,
    smoothness: config.arrivalSmoothness ?? 1,
    rampNs: (rampSeconds ?? 0) * SECOND_NS,
    rampStepNs: config.timingRateRampUpdateIntervalSeconds * SECOND_NS,
    catchUpNs: config.timingMaxCatchupSeconds * SECOND_NS,
    ceiling,
    singleTurns: dataset.kind !== 'stream' && totalTurns(dataset) === sessions,
  };
}

/** How much is sent where the user left it open. */
function limits(config: Config, dataset: DatasetPlan, sessions: number, log: Log): Ends {
  const { requestCount, conversationNum, benchmarkDuration } = config;
  const sessionLimit = conversationNum ?? ENDLESS;
  const given =
    requestCount !== undefined || conversationNum !== undefined || benchmarkDuration !== undefined;
  if (!given && isTrace(dataset))
    return { requestLimit: ENDLESS, sessionLimit: sessions, endsWithDataset: dataset.kind === 'stream' };
  let requestLimit = requestCount ?? ENDLESS;
  if (!given) {
    requestLimit = Math.max(10, 2 * (config.concurrency ?? 0));
    log('NOTICE', 'load', `${requestLimit} requests are sent, since no count and no duration was given`);
  }
  if (dataset.kind === 'stream') return { requestLimit, sessionLimit };
  const meanTurns = totalTurns(dataset) / sessions;
  const played = Math.min(requestLimit / meanTurns, sessionLimit);
  const { warmupRequestCount = 0, numWarmupSessions = ENDLESS } = config;
  const warmed = Math.min(warmupRequestCount / meanTurns || ENDLESS, numWarmupSessions);
  if (Number.isFinite(played) && played + (Number.isFinite(warmed) ? warmed : 0) > sessions) {
    log(
      'NOTICE',
      'dataset',
      `its ${sessions} conversations are sent more than once, so a prefix cache may answer for the model`,
    );
  }
  return { requestLimit, sessionLimit };
}

/** A trace without a concurrency may be in flight all at once, up to the limit of connections. */
function closedConcurrency(config: Config, dataset: DatasetPlan, sessions: number, log: Log): number {
  if (config.concurrency !== undefined || !isTrace(dataset)) return config.concurrency ?? 1;
  const { conversationNum = sessions, requestCount = sessions, httpConnectionLimit } = config;
  const concurrency = Math.min(sessions, conversationNum, requestCount, httpConnectionLimit);
  log(
    'NOTICE',
    'load',
    `no --concurrency was given: up to ${concurrency} requests of the trace are in flight at once; --concurrency limits them`,
  );
  return concurrency;
}

function requireTurns(config: Config, dataset: DatasetPlan, sessions: number): void {
  if (hasAgents(dataset)) {
    throw new UserError(
      `--user-centric-rate sends one turn of a user at a time, and agents of ${config.inputFile} run in parallel`,
      'use --concurrency or --request-rate',
    );
  }
  const mean = totalTurns(dataset) / sessions;
  const source = config.publicDataset ?? config.inputFile;
  if (source === undefined || mean >= 2) return;
  throw new UserError(
    `--user-centric-rate needs conversations of 2 turns or more on average, and those of ${source} have ${mean.toFixed(2)}`,
    'take a dataset of longer conversations, or --request-rate',
  );
}

/**
 * Requests that a phase sends when nothing ends it early, where arithmetic alone tells: a request count that sessions
 * do not end before, sessions of one turn, or every conversation once in order. Undefined otherwise.
 */
function expectedRequests(
  config: Config,
  dataset: DatasetPlan,
  sessions: number,
  ends: Ends,
): number | undefined {
  const { requestLimit, sessionLimit } = ends;
  if (sessionLimit === ENDLESS) return Number.isFinite(requestLimit) ? requestLimit : undefined;
  if (dataset.kind === 'stream') return undefined;
  const allTurns = totalTurns(dataset);
  if (allTurns === sessions) return Math.min(requestLimit, sessionLimit);
  // Users that are there from the start play only the rest of their conversation.
  const everyOnce = sessionLimit === sessions && config.datasetSamplingStrategy === 'sequential';
  return everyOnce && loadMode(config) !== 'user-centric' ? Math.min(requestLimit, allTurns) : undefined;
}

type Ends = Pick<PhasePlan, 'requestLimit' | 'sessionLimit' | 'endsWithDataset'>;

function scheduledTurns({ turnsBefore, conversations }: FixedSchedule, sessionLimit: number): number {
  return turnsBefore[Math.min(conversations.length, sessionLimit)] ?? 0;
}

function cancellation(config: Config): PhasePlan['cancellation'] {
  const percent = config.requestCancellationRate ?? 0;
  return percent > 0 ? { percent, delayNs: (config.requestCancellationDelay ?? 0) * SECOND_NS } : undefined;
}

function failureLimit({ failedRequestThreshold: share, concurrency = 0 }: Config): PhasePlan['failureLimit'] {
  return share === undefined ? undefined : { share, afterRequests: Math.max(concurrency, 10) };
}

function seriesOf(file: string): readonly RatePoint[] {
  return readRateSeries(file).map(({ timeSeconds, perSecond }) => ({
    atNs: timeSeconds * SECOND_NS,
    perSecond,
  }));
}

function ramped(limit: number | undefined, rampSeconds: number | undefined): RampedLimit | undefined {
  return limit === undefined ? undefined : { limit, rampNs: (rampSeconds ?? 0) * SECOND_NS };
}

function seconds(value: number | undefined): number {
  return value === undefined ? ENDLESS : value * SECOND_NS;
}
