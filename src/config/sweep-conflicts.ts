import { andList } from '../util/lists.js';
import type { Findings, Loaded } from './load.js';
import { loadMode } from './load-mode.js';
import { nameOf } from './option.js';
import { profileOptions } from './options.js';
import { type Key, verbFor } from './rule.js';

type Options = Loaded<typeof profileOptions>;

const severalOnly: readonly Key[] = [
  'profileRunCooldownSeconds',
  'profileRunDisableWarmupAfterFirst',
  'setConsistentSeed',
  'resume',
  'startEvery',
];
const repeatsOnly: readonly Key[] = [
  'profileRunCooldownSeconds',
  'profileRunDisableWarmupAfterFirst',
  'parameterSweepMode',
];
const sweepOnly: readonly Key[] = [
  'parameterSweepCooldownSeconds',
  'parameterSweepSameSeed',
  'parameterSweepMode',
  'noSweepTable',
  'targetGoodput',
];

/** Whether other machines play parts of the run as well. */
function isSplit({ shard }: Options['config']): boolean {
  return shard !== undefined && shard.count > 1;
}

/** Conflicts among the options for several runs, and those without effect. */
export function sweepFindings(
  { config, sources, points, lists }: Options,
  isValid: (...keys: Key[]) => boolean,
): Findings {
  const errors: string[] = [];
  const warnings: string[] = [];
  const name = (...keys: Key[]) =>
    andList(keys.map((key) => sources.get(key)?.name ?? nameOf(profileOptions[key])));
  if (!isValid('numProfileRuns', ...lists)) return { errors, warnings };
  const isSweep = points.length > 1;
  const repeats = config.numProfileRuns > 1;
  const among = (keys: readonly Key[]) => keys.filter((key) => sources.has(key) && isValid(key));

  const misplaced = among(severalOnly);
  if (!isSweep && !repeats && misplaced.length > 0) {
    errors.push(
      `${name(...misplaced)} ${verbFor(misplaced, 'needs', 'need')} several runs: a list such as --concurrency 10,50,100, or --num-profile-runs.`,
    );
  }
  if ((isSweep || repeats) && isValid('shard') && isSplit(config) && !sources.has('startEvery')) {
    errors.push(
      `${name('shard')} needs --start-at and --start-every with several runs: otherwise each machine starts a run when its own part of the run before has ended.`,
    );
  }
  if (isSweep && config.fixedSchedule) {
    errors.push(`${name(...lists)} cannot be a list with --fixed-schedule: the file sets the load.`);
  }
  if (config.requestsPerLoad !== undefined && sources.has('requestCount')) {
    errors.push(
      `${name('requestsPerLoad')} cannot be combined with ${name('requestCount')}: both set the number of requests.`,
    );
  }
  if (config.requestsPerLoad !== undefined && loadMode(config) === 'fixed-schedule') {
    errors.push(
      `${name('requestsPerLoad')} cannot be combined with --fixed-schedule: the file sets the number of requests.`,
    );
  }

  const withoutEffect = [
    { keys: among(['sweepType']), unless: lists.length > 1, why: 'without several lists' },
    { keys: among(sweepOnly), unless: isSweep, why: 'without a list of values' },
    { keys: isSweep ? among(repeatsOnly) : [], unless: repeats, why: 'without --num-profile-runs' },
    { keys: among(['confidenceLevel']), unless: isSweep || repeats, why: 'on a single run' },
    {
      keys: isSweep ? among(['targetGoodput']) : [],
      unless: config.goodput !== undefined,
      why: 'without the objectives of --goodput',
    },
  ];
  for (const { keys, unless, why } of withoutEffect) {
    if (keys.length > 0 && !unless)
      warnings.push(`${name(...keys)} ${verbFor(keys, 'has', 'have')} no effect ${why}.`);
  }
  return { errors, warnings };
}
