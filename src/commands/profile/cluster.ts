import { readFileSync, statSync } from 'node:fs';
import type { ClusterOptions, Coordinator } from '../../cluster/coordinator.js';
import type { Round } from '../../cluster/round.js';
import type { CollectPlan } from '../../collect/record-processor.js';
import type { OptionRow } from '../../config/option.js';
import { secretsOfValue } from '../../config/option-secrets.js';
import { type Config, profileOptions } from '../../config/options.js';
import type { LoadPlan } from '../../load/plan.js';
import type { RunFacts, SeriesFacts } from '../../run/facts.js';
import { withOfferedLoad } from '../../run/offered-load.js';
import type { RunOutcome } from '../../run/outcome.js';
import { planDigest, type ShardsSection } from '../../run/shards.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Log } from '../../util/log.js';
import type { Invocation } from '../command.js';
import type { Interrupt } from './interrupt.js';
import { natsOptionsOf } from './nats.js';
import type { PreparedRun } from './prepare.js';
import { runPlan, slicesOf } from './shard.js';

/** What another coordinator needs to finish a measurement, and an agent to describe its records; no secrets. */
export interface KeptRun {
  readonly config: Config;
  readonly recordedCommand: string;
  readonly benchmarkId: string;
  readonly series: SeriesFacts | undefined;
  readonly firstSession: number;
  /** Of shard 0, without what is known at the end. */
  readonly facts: RunFacts;
  readonly collect: CollectPlan;
}

/** The coordinator of a run on several machines; undefined: this machine sends all of it. @throws UserError */
export async function openCluster(
  config: Config,
  { nowMs }: Pick<Io, 'nowMs'>,
  log: Log,
): Promise<Coordinator | undefined> {
  const { nats, shards } = config;
  if (nats === undefined || shards === undefined) return undefined;
  const { Coordinator } = await import('../../cluster/coordinator.js');
  const { randomBytes } = await import('node:crypto');
  const options: ClusterOptions = {
    nats: natsOptionsOf(config, nats),
    run: config.runId ?? `aiperf-${randomBytes(4).toString('hex')}`,
    shards,
    minShards: config.minShards ?? shards,
    joinTimeoutSeconds: config.joinTimeout,
    shardTimeoutSeconds: config.shardTimeout,
    abortsOnLoss: config.onShardLoss === 'abort',
  };
  const coordinator = await Coordinator.open(options, { nowMs, log });
  log('NOTICE', 'cluster', `coordinating run ${options.run}: ${shards} shards`);
  return coordinator;
}

/** What a coordinator that is gone has left of a round; undefined: it begins now. @throws UserError if that was another command. */
export function keptRun(
  { kept }: Round,
  { recordedCommand }: Pick<Invocation<typeof profileOptions>, 'recordedCommand'>,
  run: string,
): KeptRun | undefined {
  if (kept === undefined) return undefined;
  const found = kept as KeptRun;
  if (found.recordedCommand === recordedCommand) return found;
  throw new UserError(
    `Run ${run} was begun by another command: ${found.recordedCommand}`,
    `Finish it with aiperf attach ${run}, or name another run with --run-id.`,
  );
}

/** A measurement that shards are gathered for. */
export interface GatheredRun {
  readonly config: Config;
  readonly prepared: PreparedRun;
  readonly facts: RunFacts;
  readonly collect: CollectPlan;
  readonly series: SeriesFacts | undefined;
  readonly firstSession: number;
}

/** Hands the plan to the agents and waits for them, at most until an interrupt. @throws UserError if too few are there. */
export async function gatherShards(
  round: Round,
  { config, prepared, facts, collect, series, firstSession }: GatheredRun,
  interrupt: Interrupt,
): Promise<void> {
  const stop = new AbortController();
  const release = interrupt.onFirst(() => {
    stop.abort();
    return 'cancels';
  });
  const count = round.shards.length;
  const plan = await runPlan(config, prepared, count);
  const kept: KeptRun = {
    config: shownConfig(config),
    recordedCommand: facts.command ?? '',
    benchmarkId: facts.benchmarkId ?? '',
    ...{ series, firstSession, collect },
    facts: { ...facts, plan, shard: { index: 0, count, planDigest: planDigest(plan) } },
  };
  const { loadThreads, workersMax } = config;
  const { room } = prepared;
  const load = withTemplate(prepared.load);
  await round.gather({ load, needs: { loadThreads, workersMax, ...room }, kept }, firstSession, stop.signal);
  release();
}

/** How the records of all shards were put together. */
export function mergeOf(
  round: Round,
  outcome: RunOutcome,
  { load, config, wasCut }: { readonly load: LoadPlan; readonly config: Config; readonly wasCut: boolean },
): ShardsSection {
  const { startNs, requests } = outcome;
  const section = round.report({ ...outcome, load, wasCut });
  if (section.merge === 'exact') return section;
  return withOfferedLoad(section, slicesOf(load, round.shards.length, config), requests, startNs);
}

/** Agents do not have the file of a template: they get its text. */
function withTemplate(load: LoadPlan): LoadPlan {
  const { extraInputs } = load.body;
  const { payload_template: name } = extraInputs;
  if (
    load.endpoint !== 'template' ||
    typeof name !== 'string' ||
    !statSync(name, { throwIfNoEntry: false })?.isFile()
  )
    return load;
  const payload_template = readFileSync(name, 'utf8');
  return { ...load, body: { ...load.body, extraInputs: { ...extraInputs, payload_template } } };
}

/** The options without those that hold secrets. */
export function shownConfig(config: Config): Config {
  const table: Readonly<Record<string, OptionRow>> = profileOptions;
  const shown = Object.entries(config).map(([key, value]) => {
    const holdsSecret = value !== undefined && secretsOfValue(value, table[key]).length > 0;
    return [key, holdsSecret ? emptyLike(value) : value];
  });
  return Object.fromEntries(shown) as Config;
}

function emptyLike(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  return typeof value === 'object' ? {} : undefined;
}
