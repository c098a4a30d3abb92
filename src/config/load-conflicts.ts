import { messageOf } from '../util/errors.js';
import { hasWarmup, type LoadMode, loadMode } from './load-mode.js';
import { hasOwnPrompts, promptSources } from './public-conflicts.js';
import { readRateSeries } from './rate-series.js';
import { replayKeys } from './replay-options.js';
import { type Condition, eitherFlag, type Key, needs, noEffect, type Rule, refuses } from './rule.js';

export const warmupStops: readonly Key[] = ['warmupRequestCount', 'numWarmupSessions', 'warmupDuration'];
const stops: readonly Key[] = ['requestCount', 'conversationNum', 'benchmarkDuration'];
const warmupRates: readonly Key[] = ['warmupRequestRate', 'requestRate'];
const schedule = mode('fixed-schedule');
const users = mode('user-centric');
const closed = mode('concurrency');
const warmingUp: Condition = { keys: warmupStops, holds: hasWarmup };

/** Conflicts among the options for load and stop conditions. */
export const loadConflicts: readonly Rule[] = [
  needs(['fixedSchedule'], promptSources, ', whose timestamps set when requests are sent', schedule),
  refuses(
    'fixedSchedule',
    schedule,
    [
      'requestRate',
      'requestRateSeries',
      'arrivalPattern',
      'arrivalSmoothness',
      'requestRateRampDuration',
      'userCentricRate',
      'numUsers',
    ],
    ': the file sets when requests are sent',
  ),
  {
    keys: ['fixedSchedule', ...promptSources, 'datasetSamplingStrategy'],
    check: (config, _isSet, name) =>
      config.fixedSchedule &&
      hasOwnPrompts(config) &&
      config.datasetSamplingStrategy !== 'sequential' &&
      `${name('datasetSamplingStrategy')} must be sequential with --fixed-schedule, got ${config.datasetSamplingStrategy}.`,
  },
  {
    keys: ['fixedSchedule', 'ignoreTraceDelays'],
    check: (config, _isSet, name) =>
      config.fixedSchedule &&
      config.ignoreTraceDelays &&
      `${name('ignoreTraceDelays')} cannot be combined with --fixed-schedule, which sends at the times that it drops.`,
  },
  needs(
    ['fixedScheduleAutoOffset', 'fixedScheduleStartOffset', 'fixedScheduleEndOffset'],
    ['fixedSchedule'],
    ': timestamps are ignored without it',
  ),
  {
    keys: ['fixedScheduleAutoOffset', 'fixedScheduleStartOffset'],
    check: (config, isSet, name) =>
      isSet('fixedScheduleAutoOffset') &&
      config.fixedScheduleAutoOffset &&
      config.fixedScheduleStartOffset !== undefined &&
      `${name('fixedScheduleAutoOffset')} cannot be combined with --fixed-schedule-start-offset: both set the start of the schedule.`,
  },
  {
    keys: ['fixedScheduleStartOffset', 'fixedScheduleEndOffset'],
    check: ({ fixedScheduleStartOffset: start, fixedScheduleEndOffset: end }, _isSet, name) =>
      start !== undefined &&
      end !== undefined &&
      start > end &&
      `${name('fixedScheduleEndOffset')} must be at least --fixed-schedule-start-offset, ${start}, got ${end}.`,
  },

  needs(['userCentricRate'], ['numUsers'], ', the users who share that rate', users),
  needs(
    ['numUsers'],
    ['userCentricRate'],
    ', the rate that they share',
    mode('user-centric', 'rate', 'concurrency'),
  ),
  refuses(
    'userCentricRate',
    users,
    ['requestRate', 'requestRateSeries', 'arrivalPattern', 'arrivalSmoothness'],
    ': each user sends at even gaps',
  ),
  {
    keys: [...users.keys, ...promptSources, 'conversationTurnMean'],
    check: (config, _isSet, name) =>
      users.holds(config) &&
      !hasOwnPrompts(config) &&
      config.conversationTurnMean < 2 &&
      `${name('conversationTurnMean')} must be at least 2 with --user-centric-rate, got ${config.conversationTurnMean}.`,
  },
  atLeastUsers('requestCount'),
  atLeastUsers('conversationNum'),
  {
    keys: [...users.keys, ...stops, 'numUsers', 'concurrency'],
    check: (config, isSet, name) => {
      const requests = Math.max(10, 2 * (config.concurrency ?? 0));
      return (
        users.holds(config) &&
        (config.numUsers ?? 0) > requests &&
        !stops.some(isSet) &&
        `${name('numUsers')} ${config.numUsers} needs ${eitherFlag(stops)}: without them ${requests} requests are sent, fewer than one a user.`
      );
    },
  },

  needs(['arrivalPattern', 'arrivalSmoothness', 'requestRateRampDuration'], ['requestRate'], '', {
    keys: ['arrivalPattern', ...closed.keys],
    holds: (config) => closed.holds(config) && config.arrivalPattern !== 'concurrency_burst',
  }),
  needs(['arrivalSmoothness', 'requestRateRampDuration'], ['requestRate'], '', {
    keys: ['arrivalPattern', ...closed.keys],
    holds: (config) => closed.holds(config) && config.arrivalPattern === 'concurrency_burst',
  }),
  refuses(
    'requestRateSeries',
    { keys: ['requestRateSeries'], holds: ({ requestRateSeries }) => requestRateSeries !== undefined },
    ['requestRate', 'requestsPerLoad'],
    ': the file sets the rate',
  ),
  {
    keys: ['requestRateSeries'],
    check: ({ requestRateSeries: file }, _isSet, name) => {
      try {
        if (file !== undefined) readRateSeries(file);
        return false;
      } catch (thrown) {
        return `${name('requestRateSeries')}: ${messageOf(thrown)}.`;
      }
    },
  },
  burstAndRate('arrivalPattern', 'requestRate'),
  burstAndRate('arrivalPattern', 'requestRateSeries'),
  burstAndRate('warmupArrivalPattern', 'warmupRequestRate'),
  {
    keys: ['arrivalPattern', 'arrivalSmoothness'],
    check: (config, isSet, name) =>
      isSet('arrivalSmoothness') &&
      config.arrivalPattern !== undefined &&
      config.arrivalPattern !== 'gamma' &&
      config.arrivalPattern !== 'concurrency_burst' &&
      `${name('arrivalSmoothness')} needs --arrival-pattern gamma, got ${config.arrivalPattern}.`,
  },
  needs(['concurrencyRampDuration'], ['concurrency'], ', which it rises to'),
  needs(['prefillConcurrencyRampDuration'], ['prefillConcurrency'], ', which it rises to'),
  needs(
    ['prefillConcurrency', 'warmupPrefillConcurrency'],
    ['streaming'],
    ': first tokens are not seen without it',
  ),
  {
    keys: ['prefillConcurrency', 'concurrency'],
    check: ({ prefillConcurrency = 0, concurrency }, _isSet, name) =>
      concurrency !== undefined &&
      prefillConcurrency > concurrency &&
      `${name('prefillConcurrency')} must be at most --concurrency, ${concurrency}, got ${prefillConcurrency}.`,
  },
  needs(['benchmarkGracePeriod'], ['benchmarkDuration'], ', the end that it follows'),
  needs(
    ['requestCancellationDelay'],
    ['requestCancellationRate'],
    ', the percentage of requests that are cancelled',
  ),

  needs(['warmupGracePeriod'], ['warmupDuration'], ', the end that it follows'),
  needs(['warmupRequestRateRampDuration'], warmupRates, ', which it rises to'),
  needs(['warmupArrivalPattern'], warmupRates, '', {
    keys: ['warmupArrivalPattern', ...warmupStops],
    holds: (config) => config.warmupArrivalPattern !== 'concurrency_burst' && hasWarmup(config),
  }),
  needs(
    ['warmupConcurrencyRampDuration'],
    ['warmupConcurrency', 'concurrency'],
    ', which it rises to',
    warmingUp,
  ),
  needs(
    ['warmupPrefillConcurrencyRampDuration'],
    ['warmupPrefillConcurrency', 'prefillConcurrency'],
    ', which it rises to',
    warmingUp,
  ),
  {
    keys: ['warmupPrefillConcurrency', 'warmupConcurrency', 'concurrency', ...warmupRates],
    check: (config, isSet, name) => {
      const { warmupPrefillConcurrency: prefill = 0, warmupConcurrency } = config;
      const sessions = warmupConcurrency ?? config.concurrency;
      if (sessions === undefined) {
        return (
          prefill > 1 &&
          !warmupRates.some(isSet) &&
          `${name('warmupPrefillConcurrency')} ${prefill} needs --warmup-concurrency of at least as many: without it 1 session is in flight.`
        );
      }
      const ceiling = eitherFlag([warmupConcurrency === undefined ? 'concurrency' : 'warmupConcurrency']);
      return (
        prefill > sessions &&
        `${name('warmupPrefillConcurrency')} must be at most ${ceiling}, ${sessions}, got ${prefill}.`
      );
    },
  },
];

/** Load options that have no effect. */
export const loadWarnings: readonly Rule[] = [
  {
    keys: ['fixedSchedule', 'noFixedSchedule'],
    check: (config, _isSet, name) =>
      config.fixedSchedule &&
      config.noFixedSchedule &&
      `${name('noFixedSchedule')} has no effect with --fixed-schedule.`,
  },
  noEffect(['requestRateRampDuration'], 'on --user-centric-rate', users),
  noEffect(
    ['conversationTurnDelayMean', 'conversationTurnDelayStddev', 'conversationTurnDelayRatio'],
    "with --user-centric-rate, which sets each user's gaps",
    users,
  ),
  noEffect(replayKeys, 'with --ignore-trace-delays, which drops the recorded times', {
    keys: ['ignoreTraceDelays'],
    holds: ({ ignoreTraceDelays }) => ignoreTraceDelays,
  }),
  noEffect(['ignoreTraceDelays'], `without ${eitherFlag(promptSources)}`, {
    keys: [...promptSources],
    holds: (config) => !hasOwnPrompts(config),
  }),
  noEffect(
    [
      'warmupConcurrency',
      'warmupPrefillConcurrency',
      'warmupRequestRate',
      'warmupArrivalPattern',
      'warmupConcurrencyRampDuration',
      'warmupPrefillConcurrencyRampDuration',
      'warmupRequestRateRampDuration',
    ],
    `without ${eitherFlag(warmupStops)}`,
    { keys: warmupStops, holds: (config) => !hasWarmup(config) },
  ),
];

function mode(...modes: readonly LoadMode[]): Condition {
  return {
    keys: ['fixedSchedule', 'userCentricRate', 'requestRate', 'requestRateSeries'],
    holds: (config) => modes.includes(loadMode(config)),
  };
}

/** The closed loop has no rate. */
function burstAndRate(
  pattern: 'arrivalPattern' | 'warmupArrivalPattern',
  rate: 'requestRate' | 'requestRateSeries' | 'warmupRequestRate',
): Rule {
  return {
    keys: [pattern, rate],
    check: (config, _isSet, name) =>
      config[pattern] === 'concurrency_burst' &&
      config[rate] !== undefined &&
      `${name(pattern)} concurrency_burst cannot be combined with ${name(rate)}: it sends as soon as --concurrency allows; use constant, poisson or gamma.`,
  };
}

/** Each user needs at least one request. */
function atLeastUsers(key: 'requestCount' | 'conversationNum'): Rule {
  return {
    keys: [...users.keys, key, 'numUsers'],
    check: (config, _isSet, name) => {
      const { numUsers = 0 } = config;
      const most = config[key] ?? Number.POSITIVE_INFINITY;
      return (
        users.holds(config) &&
        most < numUsers &&
        `${name(key)} must be at least --num-users, ${numUsers}, got ${most}.`
      );
    },
  };
}
