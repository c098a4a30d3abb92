import { choice, flag, integer, number, type OptionTable } from './option.js';

const group = 'Several runs';

/** Options of `profile` that are about several runs: a sweep over lists of values, and repeats. */
export const sweepOptions = {
  sweepType: choice(['grid', 'zip'], {
    flags: ['--sweep-type'],
    group,
    defaultText: 'none: required for several lists',
    help: 'What several lists make: every combination, or the first item of each, then the second.',
  }),
  requestsPerLoad: integer({
    flags: ['--requests-per-load'],
    group,
    min: 1,
    help: 'In place of --request-count: so many requests for each session in flight, each user, or each request per second, so that all points take about as long.',
  }),
  parameterSweepCooldownSeconds: number({
    flags: ['--parameter-sweep-cooldown-seconds'],
    group,
    min: 0,
    default: 0,
    help: 'Pause between points.',
  }),
  parameterSweepSameSeed: flag({
    flags: ['--parameter-sweep-same-seed'],
    off: ['--no-parameter-sweep-same-seed'],
    group,
    default: true,
    help: 'All points share one seed; it cannot be turned off.',
  }),
  numProfileRuns: integer({
    flags: ['--num-profile-runs'],
    group,
    min: 1,
    max: 10,
    default: 1,
    help: 'How often the run, or each point, is repeated: results get confidence intervals.',
  }),
  confidenceLevel: number({
    flags: ['--confidence-level'],
    group,
    above: 0,
    below: 1,
    default: 0.95,
    help: 'Of those intervals.',
  }),
  profileRunCooldownSeconds: number({
    flags: ['--profile-run-cooldown-seconds'],
    group,
    min: 0,
    default: 0,
    help: 'Pause between repeats.',
  }),
  profileRunDisableWarmupAfterFirst: flag({
    flags: ['--profile-run-disable-warmup-after-first'],
    off: ['--no-profile-run-disable-warmup-after-first'],
    group,
    default: true,
    help: 'Warm up only before the first of the repeats; all send the same prompts.',
  }),
  setConsistentSeed: flag({
    flags: ['--set-consistent-seed'],
    off: ['--no-set-consistent-seed'],
    group,
    default: true,
    help: 'Use seed 42 when --random-seed is not given; else each repeat gets a random one, the same for all points.',
  }),
  resume: flag({
    flags: ['--resume'],
    group,
    help: 'Skip the runs that the artifact folder holds complete results of.',
  }),
  numGpus: integer({
    flags: ['--num-gpus'],
    group,
    min: 1,
    help: 'GPUs of the server: throughput is also shown per GPU.',
  }),
  targetGoodput: number({
    flags: ['--target-goodput'],
    group,
    min: 0,
    max: 1,
    default: 0.95,
    help: 'Share of all requests that must keep the objectives of --goodput for a point to be recommended.',
  }),
} satisfies OptionTable;
