import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Writable } from 'node:stream';
import type { Layout } from '../../report/layout.js';
import type { SideTable } from '../../report/report.js';
import { type RunFacts, runConfigJson } from '../../run/facts.js';
import { type FileKey, filesIn, type RunFiles } from '../../run/files.js';
import { lockFolder } from '../../run/folder-lock.js';
import { withOfferedLoad } from '../../run/offered-load.js';
import { type OpenedRun, openRun, type View } from '../../run/open.js';
import type { Run } from '../../run/run.js';
import { isWhole, type ShardsSection } from '../../run/shards.js';
import { wholeFidelity } from '../../run/whole-fidelity.js';
import { counted, withThousands } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject } from '../../util/json.js';
import { andList } from '../../util/lists.js';
import { writeByPath, writeWhole } from '../../util/write-whole.js';
import { makeRunFolder } from '../profile/artifacts.js';
import { publish } from '../publish.js';
import { accountsOf, requireOneStart } from './accounts.js';
import { copyLines } from './copy-lines.js';
import { indexRecords } from './index-records.js';
import { LineIndex } from './line-index.js';
import type { OpenedShard, OpenedShards } from './open-shards.js';
import { earliest, shardsSection } from './section.js';
import {
  copyIfThere,
  copyServerMetrics,
  mergeGpus,
  mergeSeries,
  readerOfServers,
  withoutClient,
} from './telemetry.js';

/** How the whole run is shown. */
export interface MergeView {
  readonly view: View;
  readonly maxSkewSeconds: number;
  readonly tables: ReadonlySet<SideTable>;
  readonly consoleWidth: number;
  readonly layout: Layout;
  /** Makes the page of the run; undefined: none is wanted. */
  readonly page: ((run: Run) => string) | undefined;
  /** A UUID that all runs of a series share. */
  readonly sweepId?: string | undefined;
}

/** A run that was put together. */
export interface MergedRun {
  readonly section: ShardsSection;
  readonly validCount: number;
  /** A sentence for each file that could not be written. */
  readonly troubles: readonly string[];
  /** Names of files that shards have and the whole run has not. */
  readonly leftOut: readonly string[];
}

/** States of a shard whose folder is there, and which has not sent its part to the end. */
const cutStates = ['cut short', 'rejoined'];

/** Whether a shard that is there has not sent all of its part, as far as is known. */
export function lacksRecords({ shards = [] }: ShardsSection): boolean {
  return shards.some(({ state = '', missing }) => cutStates.includes(state) && missing?.profiling !== 0);
}

/** A sentence about files that were left out; none for none. */
export function leftOutNotes(names: Iterable<string>): readonly string[] {
  const all = [...names];
  return all.length === 0 ? [] : [`Not merged, and still in the folders of the shards: ${andList(all)}.`];
}

/**
 * Puts the shards of a run together in a new folder: their records in the order of their starts, and from these, by the
 * code that makes them of a run of one machine, its other files.
 * @throws UserError with nothing left in the folder.
 */
export function mergeRun(opened: OpenedShards, dir: string, options: MergeView, stdout: Writable): MergedRun {
  const out = filesIn(dir, undefined);
  const { records, warmup } = indexRecords(opened);
  const accounts = accountsOf(opened, records, warmup);
  const section = shardsSection(accounts, opened.digest);
  requireOneStart(accounts, section, options.maxSkewSeconds);
  requireSpace(opened, out.folder);
  makeRunFolder(out.folder);
  const lock = lockFolder(out.folder, false);
  try {
    const reader = readerOfServers(opened.shards);
    write(out.records, (path) => copyLines(records.index, pathsOf(opened, 'records'), path));
    if (warmup.index.length > 0)
      write(out.warmup, (path) => copyLines(warmup.index, pathsOf(opened, 'warmup'), path));
    mergeRaw(opened, out);
    mergeSeries(opened.shards, reader, out.series);
    mergeGpus(opened.shards, out.gpu);
    if (reader !== undefined) copyServerMetrics(reader, out);
    for (const { files } of opened.shards.slice(0, 1)) copyIfThere(files.inputs, out.inputs);
    const before = factsBefore(opened, out, section, options.sweepId);
    writeFacts(out, before);
    const run = openRun(out, options.view);
    const whole = withOfferedLoad(section, opened.plan.slices, run.requests, startOf(opened, section, run));
    if (whole.offered !== undefined) writeFacts(out, { ...before, shards: whole });
    const warmupStartedAtNs = earliest(warmup.starts.flatMap((starts) => starts?.firstNs ?? []));
    return publishMerged(opened, run, { ...options, section: whole, reader, warmupStartedAtNs }, stdout);
  } catch (thrown) {
    for (const path of Object.values(out))
      if (path !== out.folder) rmSync(path, { recursive: true, force: true });
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(
      `${dir} could not be written: ${messageOf(thrown)}. Nothing is left in it; the folders of the shards are as they were.`,
      'Free space, or name another folder with --artifact-dir.',
    );
  } finally {
    lock.release();
  }
}

/** @throws UserError unless the copies of the records fit. */
function requireSpace({ shards }: OpenedShards, folder: string): void {
  const sizes = shards.flatMap(({ files }) => [files.records, files.warmup, files.raw]);
  const needed = sizes.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  let parent = folder;
  while (!existsSync(parent)) parent = dirname(parent);
  const { bavail, bsize } = statfsSync(parent);
  const free = bavail * bsize;
  if (needed <= free) return;
  const [scale, unit] = free < 1e7 ? ([1e3, 'kB'] as const) : ([1e6, 'MB'] as const);
  const text = (bytes: number) => `${withThousands(Math.ceil(bytes / scale))} ${unit}`;
  throw new UserError(
    `The records take ${text(needed)}, and ${parent} has room for ${text(free)}.`,
    'Free space, or name a folder on another disk with --artifact-dir.',
  );
}

function pathsOf({ shards }: OpenedShards, key: 'records' | 'warmup' | 'raw'): readonly string[] {
  return shards.map(({ files }) => files[key]);
}

function write(target: string, fill: (unfinished: string) => void): void {
  for (const trouble of writeByPath(target, fill)) throw new UserError(`${trouble}.`);
}

/** Raw records, where every shard has kept them. */
function mergeRaw(opened: OpenedShards, out: RunFiles): void {
  const paths = pathsOf(opened, 'raw');
  if (!paths.every((path) => existsSync(path))) return;
  const index = new LineIndex();
  for (const [file, path] of paths.entries()) index.add(file, path, opened.shards[file]?.takeover);
  write(out.raw, (path) => copyLines(index, paths, path));
}

/** What the whole run knows of itself without its results. */
function factsBefore(
  { shards }: OpenedShards,
  out: RunFiles,
  section: ShardsSection,
  sweepId: string | undefined,
): RunFacts {
  const { shard: _, plan: __, inputConfig = {}, ...facts } = shards[0]?.facts ?? {};
  const artifacts = isObject(inputConfig.artifacts) ? inputConfig.artifacts : {};
  return {
    ...facts,
    benchmarkId: randomBytes(facts.sweepId === undefined ? 6 : 16).toString('hex'),
    ...(facts.sweepId === undefined ? {} : { sweepId }),
    inputConfig: { ...inputConfig, artifacts: { ...artifacts, dir: out.folder } },
    folder: out.folder,
    recordsFile: 'profile_export.jsonl',
    exportPrefix: undefined,
    shards: section,
  };
}

/** @throws UserError where the file cannot be written. */
function writeFacts(out: RunFiles, facts: RunFacts): void {
  for (const trouble of writeWhole(out.config, runConfigJson(facts))) throw new UserError(trouble);
}

/** Start of the measurement, ns since the origin of the requests: `--start-at`, or when the first shard started. */
function startOf(
  { shards }: OpenedShards,
  section: ShardsSection,
  { requests, extent }: Pick<OpenedRun, 'requests' | 'extent'>,
): number {
  const agreed = shards.flatMap(({ facts }) => facts.shard?.startAtNs ?? []);
  const seen = (section.shards ?? []).flatMap(({ startedAtNs }) => startedAtNs ?? []);
  const startNs = earliest(agreed) ?? earliest(seen);
  if (startNs === undefined || requests === undefined) return extent?.fromNs ?? 0;
  return Number(startNs - requests.origin.epochNs);
}

interface Publishing extends MergeView {
  readonly section: ShardsSection;
  /** Of the first warm-up request; undefined without one. */
  readonly warmupStartedAtNs: bigint | undefined;
  readonly reader: OpenedShard | undefined;
}

/** Writes the other files of the whole run from its records, and prints its report. */
function publishMerged(
  { shards, count, missing }: OpenedShards,
  run: OpenedRun,
  { tables, consoleWidth, layout, page, section, reader, warmupStartedAtNs }: Publishing,
  stdout: Writable,
): MergedRun {
  const out = run.files;
  const all = <Value>(of: (facts: RunFacts) => readonly Value[] | undefined) =>
    shards.flatMap(({ facts }) => of(facts) ?? []);
  const starts = shards.flatMap(({ facts }) => facts.startedAtNs ?? []);
  const reasons = section.reasons ?? [];
  const facts: RunFacts = {
    ...run.facts,
    shards: section,
    wasCancelled: shards.some((shard) => shard.facts.wasCancelled === true),
    incompleteReason: isWhole(section)
      ? undefined
      : `Merged from ${count - missing.length} of ${counted(count, 'shard')}, degraded: ${reasons.join('; ')}.`,
    startedAtNs: earliest(starts) ?? run.facts.startedAtNs,
    warmupStartedAtNs,
    responseWarnings: shards.flatMap(({ index, facts: { responseWarnings = [] } }) =>
      responseWarnings.map((warning) => `shard ${index}: ${warning}`),
    ),
    gpuConfigured: shards.some((shard) => shard.facts.gpuConfigured !== undefined)
      ? [...new Set(all((one) => one.gpuConfigured))]
      : undefined,
    gpuReached: [...new Set(all((one) => one.gpuReached))],
    customGpuMetrics: shards.find((shard) => (shard.facts.customGpuMetrics ?? []).length > 0)?.facts
      .customGpuMetrics,
    fidelity: wholeFidelity(
      shards.flatMap(({ index: shard, facts: { fidelity } }) =>
        fidelity === undefined ? [] : [{ shard, fidelity }],
      ),
      run.summary.results,
    ),
    serverView: reader?.facts.serverView && withoutClient(reader.facts.serverView),
    serverSettings: reader?.facts.serverSettings,
    explanations: undefined,
  };
  const whole: Run = {
    ...{
      facts,
      files: out,
      summary: run.summary,
      requests: run.requests,
      notable: run.notable,
      extent: run.extent,
    },
    ...{ gpu: run.gpu, notes: run.notes },
    get warmup() {
      return run.warmup;
    },
    get series() {
      return run.series;
    },
  };
  const wanted = (key: FileKey) => key !== 'page' || page !== undefined;
  const publication = { write: wanted, list: wanted, page, tables, consoleWidth, layout };
  const troubles = publish(whole, publication, stdout);
  const leftOut = (['raw', 'outputs', 'networkLatency'] as const)
    .filter((key) => !existsSync(out[key]) && shards.some(({ files }) => existsSync(files[key])))
    .map((key) => basename(out[key]));
  return { section, validCount: run.summary.validCount, troubles, leftOut };
}
