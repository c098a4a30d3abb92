import { basename } from 'node:path';
import type { Thresholds } from '../metrics/metric.js';
import type { Results } from '../metrics/results.js';
import {
  anyObject,
  array,
  boolean,
  type Codec,
  type ObjectOf,
  object,
  plainNumber,
  string,
} from '../util/codec.js';
import { configurationMembers, storedConfiguration } from '../util/configuration.js';
import { isObject, type JsonObject } from '../util/json.js';
import { readJsonObject } from '../util/json-file.js';
import { type Printable, prettyJson } from '../util/python-json.js';
import { fidelityCodec } from './fidelity.js';
import type { RunFiles } from './files.js';
import { instant } from './instant.js';
import { serverSettingsCodec, serverViewCodec } from './server-view.js';
import { driftCodec, planCodec, shardCodec, shardsCodec } from './shards.js';
import { storedResults } from './stored-results.js';

/** Values of swept options by their places in the configuration: `{ 'phases.profiling.concurrency': 2 }`. */
const sweptOptions: Codec<Readonly<Record<string, Printable>>> = anyObject;

/** A list that is left out where it is empty. */
function nonEmpty<Value>(list: Codec<readonly Value[]>): Codec<readonly Value[]> {
  return { read: list.read, write: (values) => (values.length === 0 ? undefined : list.write(values)) };
}

const sentences = nonEmpty(array(string));

/** Metrics of GPUs as their file of custom metrics declares them. */
const gpuMetrics = nonEmpty(array(object({ name: string, header: string, unit: string, kind: string })));

/** Every fact of a run besides its results, and how a file holds it. */
const facts = {
  /** 12 hex digits, or 32 for one of several runs. */
  benchmarkId: string,
  /** Of the program that wrote the results. */
  version: string,
  /** What is measured, e.g. `LLM Metrics`. */
  title: string,
  oslMismatchPct: plainNumber,
  oslMismatchTokens: plainNumber,
  usageDiffPct: plainNumber,
  randomSeed: plainNumber,
  /** The command as typed, secrets masked. */
  command: string,
  /** The resolved configuration, secrets masked. */
  inputConfig: anyObject,
  folder: string,
  /** Name of the per-record file; absent for a run that keeps no records. */
  recordsFile: string,
  /** `--profile-export-prefix`, by which a later run knows the files of this one. */
  exportPrefix: string,
  /** A UUID that all runs of a series share. */
  sweepId: string,
  /** Repeat, from 0. */
  trial: plainNumber,
  /** `run_0001` for the first repeat. */
  label: string,
  /** The point of a sweep that the run was made at. */
  variationIndex: plainNumber,
  /** `base` for repeats without a sweep. */
  variationLabel: string,
  variationValues: sweptOptions,
  /** Number of the first session that was measured, which tells the run's prompts. */
  firstSession: plainNumber,
  /** Which part of a run this one is; absent for a whole one. */
  shard: shardCodec,
  /** Of the clocks of a part, during its run. */
  clockDrift: driftCodec,
  /** What all parts of the run must agree on. */
  plan: planCodec,
  /** How the parts were put together; absent for a run of one machine. */
  shards: shardsCodec,
  /** The user ended it early. */
  wasCancelled: boolean,
  isComplete: boolean,
  /** Why the results cover only a part of the run. */
  incompleteReason: string,
  /** Sentences on what responses lack, which their records do not show. */
  responseWarnings: sentences,
  /** Wall clock of the start of the phase and of the end of its last request, ns since 1970. */
  startedAtNs: instant,
  endedAtNs: instant,
  /** Of the warm-up; `phase_manifest.json` alone holds it. */
  warmupStartedAtNs: instant,
  /** Sources of GPU telemetry that were named or answered, and those of them that answered; absent if turned off. */
  gpuConfigured: array(string),
  gpuReached: array(string),
  /** How often reading GPU telemetry failed, by reason, as an error summary. */
  gpuErrors: array(anyObject),
  /** GPUs that worked while the run measured. */
  gpuCount: plainNumber,
  /** Metrics of GPUs besides the known ones. */
  customGpuMetrics: gpuMetrics,
  /** Client fidelity and its verdict; absent for a run without one. */
  fidelity: fidelityCodec,
  /** What known servers counted; absent where none was read. */
  serverView: serverViewCodec,
  /** Settings that known servers show. */
  serverSettings: serverSettingsCodec,
  /** Sentences: what the series of servers and GPUs explain; absent where that is nothing. */
  explanations: sentences,
};

/** Facts of a run besides its results; unknown ones are undefined. */
export type RunFacts = ObjectOf<typeof facts>;

/** Facts of one of several runs: which of them it is. */
export type SeriesFacts = Pick<
  RunFacts,
  'sweepId' | 'trial' | 'label' | 'variationIndex' | 'variationLabel' | 'variationValues' | 'firstSession'
>;

/** The members of a file in their order, and the fact that each of them is. */
interface Layout {
  readonly [member: string]: keyof RunFacts | Layout;
}

const runConfig: Layout = {
  benchmark_id: 'benchmarkId',
  sweep_id: 'sweepId',
  cfg: 'inputConfig',
  variation: { index: 'variationIndex', label: 'variationLabel', values: 'variationValues' },
  trial: 'trial',
  artifact_dir: 'folder',
  label: 'label',
  records_file: 'recordsFile',
  export_prefix: 'exportPrefix',
  cli_command: 'command',
  random_seed: 'randomSeed',
  shard: 'shard',
  plan: 'plan',
  shards: 'shards',
  report: {
    title: 'title',
    osl_mismatch_pct: 'oslMismatchPct',
    osl_mismatch_tokens: 'oslMismatchTokens',
    usage_diff_pct: 'usageDiffPct',
    gpu_metrics: 'customGpuMetrics',
  },
};

const telemetry: Layout = {
  summary: {
    endpoints_configured: 'gpuConfigured',
    endpoints_successful: 'gpuReached',
    start_time: 'startedAtNs',
    end_time: 'endedAtNs',
  },
  error_summary: 'gpuErrors',
  gpu_count: 'gpuCount',
};

const summary: Layout = {
  aiperf_version: 'version',
  benchmark_id: 'benchmarkId',
  telemetry_data: telemetry,
  input_config: 'inputConfig',
  run_info: {
    benchmark_id: 'benchmarkId',
    sweep_id: 'sweepId',
    random_seed: 'randomSeed',
    trial: 'trial',
    run_label: 'label',
    variation_label: 'variationLabel',
    variation_index: 'variationIndex',
    variation_values: 'variationValues',
    first_session: 'firstSession',
    cli_command: 'command',
  },
  was_cancelled: 'wasCancelled',
  is_complete: 'isComplete',
  incomplete_reason: 'incompleteReason',
  response_warnings: 'responseWarnings',
  start_time: 'startedAtNs',
  end_time: 'endedAtNs',
  shard: 'shard',
  clock_drift: 'clockDrift',
  shards: 'shards',
  fidelity: 'fidelity',
  server_view: 'serverView',
  server_settings: 'serverSettings',
  explanations: 'explanations',
};

/** The text of `run_config.json`: enough to make the report of a run that was killed before its summary. */
export function runConfigJson(run: RunFacts): string {
  return prettyJson(written(runConfig, { ...run, trial: run.trial ?? 0 }));
}

/** The facts of a run as members of its summary file. */
export function summaryMembers(run: RunFacts): Readonly<Record<string, Printable | undefined>> {
  const { trial = 0, incompleteReason } = run;
  return written(summary, { ...run, trial, isComplete: incompleteReason === undefined });
}

/** Those of `telemetry_data` in its summary file. */
export function telemetryMembers(run: RunFacts): Readonly<Record<string, Printable | undefined>> {
  return written(telemetry, run);
}

/** What a run has left of itself. */
export interface StoredFacts {
  readonly facts: RunFacts;
  /** The results in its summary; undefined where it left none: that of another run in the same folder does not count. */
  readonly results: StoredResults | undefined;
}

/** Results as a summary file holds them. */
export interface StoredResults {
  readonly metrics: Results;
  /** Of the warm-up; empty without one. */
  readonly warmup: Results;
}

/** Reads what a run said of itself before its first request. */
export function readOwnFacts(configFile: string): RunFacts {
  return read(runConfig, 'cfg', readJsonObject(configFile));
}

/** Reads what the run with these files has said of itself, one of ours or of AIPerf. */
export function readFacts({ config: configFile, records, json: summaryFile }: RunFiles): StoredFacts {
  const config = readOwnFacts(configFile);
  const isOwnConfig = config.recordsFile === undefined || config.recordsFile === basename(records);
  const before = isOwnConfig ? config : {};
  const json = readJsonObject(summaryFile);
  const after = read(summary, 'input_config', json);
  if (json === undefined || (before.benchmarkId !== undefined && before.benchmarkId !== after.benchmarkId))
    return { facts: before, results: undefined };
  const { warmup_metrics: warmup } = json;
  const incompleteReason =
    after.isComplete === false ? (after.incompleteReason ?? 'The run ended early.') : undefined;
  return {
    facts: { ...after, ...before, incompleteReason },
    results: { metrics: storedResults(json), warmup: storedResults(isObject(warmup) ? warmup : {}) },
  };
}

/** The settings that warnings hang on, where the run recorded them. */
export function thresholdsIn(run: RunFacts): Thresholds | undefined {
  const { oslMismatchPct, oslMismatchTokens, usageDiffPct } = run;
  if (oslMismatchPct === undefined || oslMismatchTokens === undefined || usageDiffPct === undefined)
    return undefined;
  return { oslMismatchPct, oslMismatchTokens, usageDiffPct };
}

function written(layout: Layout, run: RunFacts): Readonly<Record<string, Printable | undefined>> {
  const members: Record<string, Printable | undefined> = {};
  for (const [member, fact] of Object.entries(layout)) {
    if (typeof fact === 'object') {
      const section = written(fact, run);
      if (Object.keys(section).length > 0) members[member] = section;
    } else if (fact === 'inputConfig') {
      Object.assign(members, configurationMembers(member, run.inputConfig ?? {}));
    } else {
      const value = writtenFact(fact, run);
      if (value !== undefined) members[member] = value;
    }
  }
  return members;
}

function writtenFact(name: keyof RunFacts, run: RunFacts): Printable | undefined {
  const codec: Codec<unknown> = facts[name];
  const value: unknown = run[name];
  return value === undefined ? undefined : codec.write(value);
}

/** @param configKey of the member that holds the configuration. */
function read(layout: Layout, configKey: string, file: JsonObject = {}): RunFacts {
  const found: Record<string, unknown> = {};
  readSection(layout, file);
  const inputConfig = storedConfiguration(configKey, file);
  return { ...found, ...(inputConfig === undefined ? {} : { inputConfig }) };

  function readSection(members: Layout, section: JsonObject): void {
    for (const [member, fact] of Object.entries(members)) {
      const json = section[member];
      if (typeof fact === 'object') readSection(fact, isObject(json) ? json : {});
      else {
        const value = facts[fact].read(json);
        // Merging must not lose what another place says.
        if (value !== undefined) found[fact] = value;
      }
    }
  }
}
