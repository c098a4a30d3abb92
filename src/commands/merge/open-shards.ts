import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { statsOf } from '../../metrics/results.js';
import { completedRequestCount } from '../../metrics/run-metrics.js';
import { type RunFacts, readFacts, readOwnFacts } from '../../run/facts.js';
import { filesIn, type RunFiles } from '../../run/files.js';
import { holderOf, inUse } from '../../run/folder-lock.js';
import { planDigest, type RunPlan, type shardCodec } from '../../run/shards.js';
import type { ValueOf } from '../../util/codec.js';
import { UserError } from '../../util/errors.js';
import type { JsonObject } from '../../util/json.js';
import { readJsonObject } from '../../util/json-file.js';
import { andList } from '../../util/lists.js';
import type { Takeover } from './line-index.js';

type Joined = NonNullable<ValueOf<typeof shardCodec>['join']>;

/** The folder of one shard, or of one of the processes that have held it. */
export interface OpenedShard {
  readonly index: number;
  readonly count: number;
  /** Number of the process among those that have held the shard; undefined: there was one. */
  readonly incarnation: number | undefined;
  /** Where it has joined in the place of another one; undefined: it began at the start. */
  readonly join: Takeover | undefined;
  /** Where another one has joined in its place; undefined: nowhere. */
  readonly takeover: Takeover | undefined;
  /** As it was named. */
  readonly dir: string;
  readonly files: RunFiles;
  readonly facts: RunFacts;
  readonly plan: RunPlan;
  /** Requests that have ended, by its summary; undefined: it left none. */
  readonly completed: number | undefined;
}

/** The shards of one run, by their numbers; the processes of a shard in their order. */
export interface OpenedShards {
  readonly plan: RunPlan;
  readonly digest: string;
  readonly count: number;
  readonly shards: readonly OpenedShard[];
  readonly missing: readonly number[];
}

/**
 * Opens the folders of the shards of a run.
 * @param allowsMissing some may be left out.
 * @throws UserError for a folder that is no shard, for shards of different plans, and for one that is there twice or not at all.
 */
export function openShards(dirs: readonly string[], allowsMissing: boolean): OpenedShards {
  const opened = dirs
    .map(openShard)
    .sort((a, b) => a.index - b.index || (a.incarnation ?? 0) - (b.incarnation ?? 0));
  const shards = opened.map((shard, place): OpenedShard => {
    const next = opened[place + 1];
    return { ...shard, takeover: next?.index === shard.index ? next.join : undefined };
  });
  const [first] = shards;
  if (first === undefined) throw new UserError('no folder of a shard was named');
  for (const other of shards) requireSamePlan(first, other);
  for (const [place, shard] of shards.entries()) {
    const next = shards[place + 1];
    // Each process that has held a shard has a folder of its own.
    if (next?.index !== shard.index || shard.incarnation !== next.incarnation) continue;
    throw new UserError(
      `Shard ${shard.index} is there twice: ${shard.dir} and ${next.dir}.`,
      'Name the folder of each shard once.',
    );
  }
  const { count, plan } = first;
  const found = new Set(shards.map(({ index }) => index));
  const missing = Array.from({ length: count }, (_, index) => index).filter((index) => !found.has(index));
  if (missing.length > 0 && !allowsMissing) {
    throw new UserError(
      `${missing.length === 1 ? 'Shard' : 'Shards'} ${andList(missing.map(String))} of ${count} ${missing.length === 1 ? 'is' : 'are'} missing.`,
      'Name the folders of all shards. If one is lost, --allow-missing merges the others, and says how many requests have no record.',
    );
  }
  return { plan, digest: planDigest(plan), count, shards, missing };
}

function openShard(dir: string): Omit<OpenedShard, 'takeover'> {
  const folder = resolve(dir);
  const name = 'Name the artifact directory that a run with --shard i/N wrote';
  const hint = `${name}.`;
  const lostHint = `${name}. If the shard is lost, leave the folder out and add --allow-missing.`;
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) throw new UserError(`There is no folder '${dir}'.`, lostHint);
  if (!found.isDirectory()) throw new UserError(`'${dir}' is a file, not a folder.`, hint);
  const { config } = filesIn(folder, undefined);
  if (!existsSync(config))
    throw new UserError(`'${dir}' is not the folder of a run: it holds no run_config.json.`, lostHint);
  if (readJsonObject(config) === undefined)
    throw new UserError(
      `${config} is cut off or damaged: it is no JSON.`,
      'Copy the folder of the shard again.',
    );
  const { exportPrefix, recordsFile, shard, plan, shards } = readOwnFacts(config);
  if (shards !== undefined) throw new UserError(`'${dir}' is a merged run, not a shard of one.`, hint);
  const isPart = shard?.index !== undefined && shard.count !== undefined && plan !== undefined;
  if (!isPart && readFacts(filesIn(folder, exportPrefix)).facts.shards !== undefined)
    throw new UserError(
      `'${dir}' is the result of a run over NATS: the records of a shard cannot be added to it.`,
      'Merge the folders that agents have kept, if those of all shards are there, or show one on its own with: aiperf report FOLDER',
    );
  if (shard?.index === undefined || shard.count === undefined || plan === undefined)
    throw new UserError(`'${dir}' is a whole run of one machine: there is nothing to merge.`, hint);
  const holder = holderOf(folder);
  if (holder !== undefined) throw inUse(folder, holder);
  const files = filesIn(folder, exportPrefix);
  if (recordsFile === undefined) {
    throw new UserError(
      `'${dir}' holds no records, and a merge is made from records.`,
      'Shards leave them with --export-level records (the default) or raw.',
    );
  }
  const { index, count, incarnation } = shard;
  const join = takeoverOf(shard.join);
  const { facts, results } = readFacts(files);
  const completed = results && (statsOf(results.metrics, completedRequestCount)?.avg ?? 0);
  return { index, count, incarnation, join, dir, files, facts, plan, completed };
}

function takeoverOf({ phase, atNs, numbersBelow }: Joined = {}): Takeover | undefined {
  if (atNs === undefined || numbersBelow === undefined) return undefined;
  return { phase: phase === 'warmup' ? 'warmup' : 'profiling', atNs, numbersBelow };
}

/** Shards of one run have been given the same options, data and version. */
function requireSamePlan(a: OpenedShard, b: OpenedShard): void {
  if (planDigest(a.plan) === planDigest(b.plan)) return;
  const both = (what: string, [one, other]: readonly [unknown, unknown]) =>
    one === other ? [] : [`${what} is ${textOf(one)} in ${a.dir} and ${textOf(other)} in ${b.dir}`];
  const [ours, theirs]: readonly JsonObject[] = [a.plan.options ?? {}, b.plan.options ?? {}];
  const names = [...new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})])];
  const differences = [
    ...both('the version of aiperf', [a.plan.version, b.plan.version]),
    ...both('the number of shards', [a.plan.shards, b.plan.shards]),
    ...names.flatMap((name) => both(name, [ours?.[name], theirs?.[name]])),
    ...fileDifferences(a, b),
  ];
  if (differences.length === 0) differences.push(...datasetDifference(a, b));
  throw new UserError(
    `${a.dir} and ${b.dir} are not shards of one run: ${andList(differences)}.`,
    'All shards need the same options, files and version; only folder, shard and display may differ.',
  );
}

function fileDifferences(a: OpenedShard, b: OpenedShard): string[] {
  const keyOf = (file: NonNullable<RunPlan['files']>[number]) => `${file.option} ${file.name}`;
  const theirs = new Map((b.plan.files ?? []).map((file) => [keyOf(file), file]));
  const ours = new Map((a.plan.files ?? []).map((file) => [keyOf(file), file]));
  return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((key) => {
    const [one, other] = [ours.get(key), theirs.get(key)];
    if (one === undefined || other === undefined)
      return [`${key} is only in the plan of ${one === undefined ? b.dir : a.dir}`];
    if (one.sha256 === other.sha256) return [];
    return [
      `${key} has ${one.bytes} bytes in ${a.dir} and ${other.bytes === one.bytes ? 'other content' : `${other.bytes} bytes`} in ${b.dir}`,
    ];
  });
}

/** Equal options and files, and yet another plan. */
function datasetDifference(a: OpenedShard, b: OpenedShard): string[] {
  if (a.plan.conversations !== b.plan.conversations)
    return [
      `the dataset has ${a.plan.conversations} conversations in one and ${b.plan.conversations} in the other`,
    ];
  if (a.plan.dataset !== b.plan.dataset)
    return ['their prompts differ: the machines have another tokenizer, or another version of the data set'];
  return ['their plans differ'];
}

function textOf(value: unknown): string {
  return value === undefined ? 'not set' : String(value);
}
