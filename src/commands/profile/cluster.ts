import { readFileSync, statSync } from 'node:fs';
import type { Coordinator } from '../../cluster/coordinator/coordinator.js';
import type { ClusterOptions } from '../../cluster/coordinator/options.js';
import type { Round } from '../../cluster/coordinator/round.js';
import type { CollectPlan } from '../../collect/record-processor.js';
import { exitCodes } from '../../config/exit-codes.js';
import type { Config } from '../../config/options.js';
import type { LoadPlan } from '../../load/plan.js';
import type { RunFacts, SeriesFacts } from '../../run/facts.js';
import { withOfferedLoad } from '../../run/offered-load.js';
import type { RunOutcome } from '../../run/outcome.js';
import { planDigest, type RunPlan, type ShardsSection } from '../../run/shards.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { andList } from '../../util/lists.js';
import type { Log } from '../../util/log.js';
import type { Interrupt } from './interrupt.js';
import {
  type KeptCommand,
  keptCommand,
  optionName,
  requireSameCommand,
  requireSecrets,
  shownConfig,
} from './kept-run.js';
import { natsOptionsOf } from './nats.js';
import type { PreparedRun } from './prepare.js';
import { fileChanges, optionChanges } from './series/manifest.js';
import { runPlan, slicesOf } from './shard.js';

/** What another coordinator needs to finish a measurement, and an agent to describe its records; no secrets. */
export interface KeptRun extends KeptCommand {
  readonly config: Config;
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
  run: string,
  { nowMs }: Pick<Io, 'nowMs'>,
  log: Log,
): Promise<Coordinator | undefined> {
  const { nats, shards } = config;
  if (nats === undefined || shards === undefined) return undefined;
  const { Coordinator } = await import('../../cluster/coordinator/coordinator.js');
  const options: ClusterOptions = {
    nats: natsOptionsOf(config, nats),
    ...{ run, shards },
    minShards: config.minShards ?? shards,
    joinTimeoutSeconds: config.joinTimeout,
    shardTimeoutSeconds: config.shardTimeout,
    abortsOnLoss: config.onShardLoss === 'abort',
  };
  const coordinator = await Coordinator.open(options, { nowMs, log });
  log('NOTICE', 'cluster', `coordinating run ${options.run}: ${shards} shards`);
  return coordinator;
}

/**
 * What a coordinator that is gone has left of a round; undefined: it begins now.
 * @throws UserError if that was another command, or needs secrets that this one does not have.
 */
export function keptRun(round: Round, config: Config, recordedCommand: string): KeptRun | undefined {
  if (round.kept === undefined) return undefined;
  const kept = round.kept as KeptRun;
  requireSameCommand(kept, recordedCommand, round.run);
  if (!round.hasStarted(0)) requireSecrets(kept, config, round.run);
  return kept;
}

/** Opens the only measurement of a run. @returns the exit code of one that another coordinator has ended. */
export async function openOnlyRound(cluster: Coordinator, log: Log): Promise<Round | number> {
  const end = await cluster.held.endOf(0);
  const round = await cluster.openRound(0);
  cluster.hasMore = false;
  if (end === undefined) return round;
  log('NOTICE', 'cluster', `run ${round.run} is complete: its files are in ${end.place}`);
  return end.isSound ? exitCodes.success : exitCodes.failure;
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
  if (round.kept !== undefined) requireSamePlan(round.kept as KeptRun, plan, round.run);
  const kept: KeptRun = {
    ...keptCommand(facts.command ?? '', [config]),
    config: shownConfig(config),
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

/** A successor must not mix its own data into a measurement of other data. @throws UserError */
function requireSamePlan({ facts, withheld, host }: KeptRun, here: RunPlan, run: string): void {
  const there = facts.plan ?? {};
  const names = new Set(withheld.map(optionName));
  const changes = [
    ...optionChanges(there.options ?? {}, here.options ?? {}, names),
    ...fileChanges(there.files ?? [], here.files ?? []),
    ...(there.dataset === here.dataset ? [] : ['the dataset or its tokenizer is another one']),
  ];
  if (changes.length === 0) return;
  throw new UserError(
    `Run ${run} was begun on ${host} with other data: ${andList(changes)}.`,
    'Finish it on a machine that has the same files under the same names.',
  );
}
