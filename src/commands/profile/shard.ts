import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../../config/options.js';
import type { Shard } from '../../config/shard-options.js';
import { openPlanned } from '../../dataset/plan.js';
import { dueRequests } from '../../load/due-requests.js';
import { partOf } from '../../load/parts.js';
import type { LoadPlan, PhasePlan } from '../../load/plan.js';
import { evenShare } from '../../load/quota.js';
import type { RunFacts } from '../../run/facts.js';
import { plannedSlices } from '../../run/offered-load.js';
import { measuredClock, type PlannedSlices, planDigest, type RunPlan } from '../../run/shards.js';
import type { ClockOrigin } from '../../util/clock.js';
import type { Log } from '../../util/log.js';
import { version } from '../../util/version.js';
import { digestInputs, namedInputs } from './input-files.js';
import { sharedOptions } from './material-options.js';
import type { PreparedRun } from './prepare.js';
import { compareClocks, driftSince, readServerClock, timeOf } from './server-clock.js';

/** The facts of a run that is one shard of several. @throws UserError for a file that cannot be read */
export async function shardFacts(
  shard: Shard,
  config: Config,
  prepared: PreparedRun,
  origin: ClockOrigin,
  log: Log,
): Promise<Pick<RunFacts, 'shard' | 'plan'>> {
  const plan = await runPlan(config, prepared, shard.count);
  const { startAt } = config;
  return {
    shard: {
      ...shard,
      host: hostname(),
      planDigest: planDigest(plan),
      startAtNs: startAt === undefined ? undefined : BigInt(Math.round(startAt * 1000)) * 1000n,
      clock: await compareClocks(prepared.load, timeOf(origin), log),
    },
    plan,
  };
}

/** What is known of a shard's clocks at the end of its run. @param isHurried no request is sent any more. */
export async function endOfShard(
  { shard }: RunFacts,
  load: LoadPlan,
  origin: ClockOrigin,
  isHurried: boolean,
  log: Log,
): Promise<Pick<RunFacts, 'clockDrift'>> {
  const started = isHurried ? undefined : measuredClock(shard?.clock);
  const readServer = () => readServerClock(load, timeOf(origin));
  return { clockDrift: await driftSince(origin, started, readServer, log) };
}

/** What all shards of a run must agree on. @throws UserError for a file that cannot be read */
export async function runPlan(
  config: Config,
  { load, datasetSize }: PreparedRun,
  shards: number,
): Promise<RunPlan> {
  const inputs = namedInputs(config);
  const due = (name: PhasePlan['name']) => {
    const phase = load.phases.find((one) => one.name === name);
    return phase && dueRequests(load, phase, shards);
  };
  return {
    ...{ version, shards },
    seed: load.prompts.seed,
    options: sharedOptions(config, new Set(inputs.map(({ option }) => option))),
    files: await digestInputs(inputs),
    conversations: Number.isFinite(datasetSize) ? datasetSize : undefined,
    dataset: datasetDigest(load),
    dueWarmup: due('warmup'),
    dueProfiling: due('profiling'),
    slices: slicesOf(load, shards, config),
  };
}

/** What the shards of a load have due over time while it is measured. */
export function slicesOf(
  load: LoadPlan,
  shards: number,
  { sliceDuration }: Pick<Config, 'sliceDuration'>,
): PlannedSlices | undefined {
  const phase = load.phases.find(({ name }) => name === 'profiling');
  return phase && plannedSlices(load, phase, shards, sliceDuration);
}

// Enough to see another tokenizer, corpus or version of a data set.
const SAMPLES = 16;

/** Of conversations from the first to the last; undefined for a streamed file, which is not in memory. */
function datasetDigest({ dataset, prompts }: LoadPlan): string | undefined {
  if (dataset.kind === 'stream') return undefined;
  const opened = openPlanned(dataset, prompts);
  const samples = Math.min(SAMPLES, opened.size);
  const hash = createHash('sha256');
  for (let sample = 0; sample < samples; sample++) {
    hash.update(JSON.stringify(opened.conversation(Math.floor((sample * opened.size) / samples))));
  }
  return hash.digest('hex');
}

/** The load plan of a run with the requests and sessions in flight that one shard expects. */
export function loadOfShard(load: LoadPlan, { index: source, count: sources }: Shard): LoadPlan {
  const phases = load.phases.map((phase): PhasePlan => {
    const { concurrency } = phase;
    const isIdle = partOf(load, phase, { source, sources })?.requestLimit === 0;
    return {
      ...phase,
      expectedRequests: isIdle ? 0 : expectedOf(phase, dueRequests(load, phase, sources)?.[source]),
      concurrency: concurrency === undefined ? undefined : evenShare(concurrency, sources, source),
    };
  });
  return { ...load, phases };
}

/** A time may end before all that was due in it is sent: a client that falls behind moves its schedule. */
function expectedOf({ durationNs }: PhasePlan, due: number | undefined): number | undefined {
  return due !== 0 && Number.isFinite(durationNs) ? undefined : due;
}
