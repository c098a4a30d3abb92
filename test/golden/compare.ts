import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consoleDifferences, cutTableDifferences, logDifferences } from './compare/console.js';
import { csvDifferences } from './compare/csv.js';
import { gpuLineDifferences } from './compare/gpu.js';
import { inputDifferences, outputDifferences } from './compare/inputs.js';
import { setDifferences, treeDifferences } from './compare/lists.js';
import { messageDifferences } from './compare/message.js';
import { lineKeys, rawDifferences, recordDifferences } from './compare/records.js';
import { requestDifferences, type WireRequest } from './compare/requests.js';
import {
  serverCsvDifferences,
  serverJsonDifferences,
  serverLineDifferences,
  serverPhaseDifferences,
} from './compare/server-metrics.js';
import {
  aggregateCsvDifferences,
  aggregateDifferences,
  sweepCsvDifferences,
  sweepDifferences,
} from './compare/several-runs.js';
import { sliceCsvDifferences, sliceDifferences } from './compare/slices.js';
import { summaryDifferences } from './compare/summary.js';

// Each comparison holds a run's files of ours beside the original's and says in one line each how they differ.
// Numbers are times of two machines and are not compared; names, units, order and the form of numbers are.

/** Where the files of one run are, with what the command printed and sent. */
export interface RunFiles {
  /** The artifact directory of our run. */
  readonly ours: string;
  /** The recorded folder. */
  readonly theirs: string;
  readonly stdout?: string;
  readonly stderr?: string;
  /** In order of arrival at the server. */
  readonly requests?: readonly WireRequest[];
}

type Compare = (theirs: string, ours: string) => string[];

/** How a recorded file is compared, by the end of its name; the kind begins each difference. */
const comparisons: readonly (readonly [ending: string, kind: string, compare: Compare])[] = [
  ['profile_export_aiperf_aggregate.json', 'aggregate', aggregateDifferences],
  ['profile_export_aiperf_aggregate.csv', 'aggregate csv', aggregateCsvDifferences],
  ['profile_export_aiperf_sweep.json', 'sweep', sweepDifferences],
  ['profile_export_aiperf_sweep.csv', 'sweep csv', sweepCsvDifferences],
  ['profile_export_aiperf_timeslices.json', 'slices', sliceDifferences],
  ['profile_export_aiperf_timeslices.csv', 'slices csv', sliceCsvDifferences],
  ['profile_export_aiperf.json', 'json', summaryDifferences],
  ['profile_export_aiperf.csv', 'csv', csvDifferences],
  ['profile_export_raw.jsonl', 'raw', rawDifferences],
  ['profile_export_network_latency.jsonl', 'network latency', lineKeys],
  ['profile_export.jsonl', 'jsonl', recordDifferences],
  ['profile_export_console.txt', 'console', consoleDifferences],
  ['warmup/server_metrics.json', 'phase', serverPhaseDifferences],
  ['server_metrics_export.json', 'server', serverJsonDifferences],
  ['server_metrics_export.csv', 'server csv', serverCsvDifferences],
  ['server_metrics_export.jsonl', 'server lines', serverLineDifferences],
  ['gpu_telemetry_export.jsonl', 'gpu lines', gpuLineDifferences],
  ['run_config.json', 'run config', wholeTreeDifferences],
  ['phase_manifest.json', 'manifest', wholeTreeDifferences],
  ['inputs.json', 'inputs', inputDifferences],
  ['outputs.json', 'outputs', outputDifferences],
];

/** What a folder holds besides the files of the run: how it came to be, and what `differences` looks at by name. */
const recordings =
  /^(command|files|stdout|stdout-tail|stderr|table|requests|messages|metrics-page|dcgm-page)\.txt$|\.parquet$|^(input|m)\.(jsonl|json|csv)$/;

/** All differences between two runs' files, each beginning with the file's kind. */
export function differences({ ours, theirs, stdout, stderr, requests }: RunFiles): string[] {
  const recorded = filesOf(theirs).filter((name) => !recordings.test(name));
  const list = join(theirs, 'files.txt');
  const names = existsSync(list) ? read(list).trim().split('\n') : undefined;
  return [
    ...(names === undefined
      ? []
      : setDifferences(
          'file',
          names.filter((name) => name !== '(none)'),
          existsSync(ours) ? filesOf(ours) : [],
        ).map((line) => `files: ${line}`)),
    ...recorded.flatMap((name) => fileDifferences(name, ours, theirs)),
    ...printed('stdout', stdout, theirs).map((line) => `console: ${line}`),
    ...printed('stderr', stderr, theirs).map((line) => `stderr: ${line}`),
    ...cutDifferences(theirs, `${stdout}${stderr}`).map((line) => `table: ${line}`),
    ...(requests === undefined
      ? []
      : requestDifferences(read(join(theirs, 'requests.txt')), requests, isSynthetic(theirs))
    ).map((line) => `requests: ${line}`),
  ];
}

function fileDifferences(name: string, ours: string, theirs: string): string[] {
  const text = read(join(theirs, name));
  if (name === 'aiperf.log.head') {
    return logDifferences(text, read(join(ours, 'logs/aiperf.log'))).map((line) => `log: ${line}`);
  }
  if (name.endsWith('run_info.json')) {
    const summary = parsed(read(join(ours, name.replace('run_info.json', 'profile_export_aiperf.json'))));
    const info = (summary as { run_info?: unknown }).run_info;
    return treeDifferences('key', parsed(text), info).map((line) => `run info: ${line}`);
  }
  const own = join(ours, name);
  if (!existsSync(own)) return [`files: no ${name} to compare`];
  const [, kind, compare] = comparisons.find(([ending]) => name.endsWith(ending)) ?? [];
  if (kind === undefined || compare === undefined) return [`files: nothing compares ${name}`];
  // Theirs begin with the records of the warm-up.
  const before = kind === 'jsonl' ? read(own.replace(/\.jsonl$/, '_warmup.jsonl')) : '';
  return compare(text, before + read(own)).map((line) => `${kind}: ${line}`);
}

/** Tables, panels and sentences that the command printed; log lines are left out. */
function printed(stream: 'stdout' | 'stderr', ours: string | undefined, theirs: string): string[] {
  const path = [`${stream}.txt`, `${stream}-tail.txt`].map((name) => join(theirs, name)).find(existsSync);
  if (path === undefined || ours === undefined) return [];
  const isRefusal = /^╭─ (Error|Control)/m.test(read(path));
  if (stream === 'stderr' && isRefusal) return messageDifferences(read(path), ours);
  const [a, b] = [read(path), ours].map((text) =>
    text.replace(/^(\d\d:\d\d:\d\d\.\d{3}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) .*\n/gm, ''),
  );
  return consoleDifferences(a ?? '', b ?? '');
}

/** Of the tables or the panel that were cut from what a command printed. */
function cutDifferences(theirs: string, ours: string): string[] {
  const cut = read(join(theirs, 'table.txt'));
  if (cut === '') return [];
  return cut.includes('┏') ? cutTableDifferences(cut, ours) : messageDifferences(cut, ours);
}

function isSynthetic(theirs: string): boolean {
  return !read(join(theirs, 'command.txt')).includes('--input-file');
}

function wholeTreeDifferences(theirText: string, ourText: string): string[] {
  return treeDifferences('key', parsed(theirText), parsed(ourText));
}

function parsed(text: string): unknown {
  return text === '' ? {} : JSON.parse(text);
}

/** Marks of a machine that was too busy, and of an output of another length than requested. */
const ownMembers = /,"client_limited":true|,"finish_reason":"[^"]*"/g;

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').replaceAll(ownMembers, '') : '';
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
