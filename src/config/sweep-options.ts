import type { OptionTable } from './option.js';
import { choice, flag, integer, number } from './option-kinds.js';

const group = 'Several runs';

/** Options of `profile` for several runs: sweeps over lists of values, and repeats. */
export const sweepOptions = {
  sweepType: choice(['grid', 'zip'], {
    flags: ['--sweep-type'],
    group,
    default: 'grid',
    help: 'How several lists combine. grid: every combination; zip: the first item of each, then the second.',
  }),
  parameterSweepMode: choice(['repeated', 'independent'], {
    flags: ['--parameter-sweep-mode'],
    group,
    default: 'repeated',
    help: 'Order of repeated points. repeated: all points, then all of them again; independent: all repeats of a point, then the next point.',
  }),
  noSweepTable: flag({
    flags: ['--no-sweep-table'],
    group,
    help: 'Do not print the table of all points; the files and the lines below the table stay.',
  }),
  requestsPerLoad: integer({
    flags: ['--requests-per-load'],
    group,
    min: 1,
    help: 'Send N requests per session in flight, per user, or per request per second, so that all points take similar time; replaces --request-count.',
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
    help: 'Use one seed for all points. Off: the first point uses the seed, the second the seed + 1, and so on.',
  }),
  numProfileRuns: integer({
    flags: ['--num-profile-runs'],
    group,
    min: 1,
    max: 10,
    default: 1,
    help: 'Repeat the run, or each point of a sweep, N times; results get confidence intervals.',
  }),
  confidenceLevel: number({
    flags: ['--confidence-level'],
    group,
    above: 0,
    below: 1,
    default: 0.95,
    help: 'Confidence level of these intervals.',
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
    help: 'Warm up before the first repeat only; all repeats send the same prompts.',
  }),
  setConsistentSeed: flag({
    flags: ['--set-consistent-seed'],
    off: ['--no-set-consistent-seed'],
    group,
    default: true,
    help: 'Use seed 42 when --random-seed is not given. Off: each repeat gets a random seed, the same for all points.',
  }),
  resume: flag({
    flags: ['--resume'],
    group,
    help: 'Skip runs whose complete results are in the artifact folder.',
  }),
  numGpus: integer({
    flags: ['--num-gpus'],
    group,
    min: 1,
    help: 'Number of GPUs of the server; throughput is also printed per GPU.',
  }),
  targetGoodput: number({
    flags: ['--target-goodput'],
    group,
    min: 0,
    max: 1,
    default: 0.95,
    help: 'Recommend only points where at least this share of all requests meets the SLOs of --goodput.',
  }),
} satisfies OptionTable;
