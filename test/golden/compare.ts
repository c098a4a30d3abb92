import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Each comparison holds a run's files of ours beside the original's and says in one line each how they differ.
// Numbers are times of two machines and are not compared; names, units, order and the form of numbers are.

/** Where the files of one run are, with what the command printed. */
export interface RunFiles {
  /** The artifact directory of our run. */
  readonly ours: string;
  /** The recorded folder. */
  readonly theirs: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

type Compare = (theirs: string, ours: string) => string[];

/** How a recorded file is compared, by the end of its name; the kind begins each difference. */
const comparisons: readonly (readonly [ending: string, kind: string, compare: Compare])[] = [
  ['profile_export_aiperf_aggregate.json', 'aggregate', (a, b) => aggregateDifferences(a, b)],
  ['profile_export_aiperf_aggregate.csv', 'aggregate csv', (a, b) => aggregateCsvDifferences(a, b)],
  ['profile_export_aiperf_sweep.json', 'sweep', (a, b) => sweepDifferences(a, b)],
  ['profile_export_aiperf_sweep.csv', 'sweep csv', (a, b) => sweepCsvDifferences(a, b)],
  ['profile_export_aiperf_timeslices.json', 'slices', (a, b) => sliceDifferences(a, b)],
  ['profile_export_aiperf_timeslices.csv', 'slices csv', (a, b) => sliceCsvDifferences(a, b)],
  ['profile_export_aiperf.json', 'json', (a, b) => summaryDifferences(a, b)],
  ['profile_export_aiperf.csv', 'csv', (a, b) => csvDifferences(a, b)],
  ['profile_export_raw.jsonl', 'raw', (a, b) => rawDifferences(a, b)],
  ['profile_export.jsonl', 'jsonl', (a, b) => recordDifferences(a, b)],
  ['profile_export_console.txt', 'console', (a, b) => consoleDifferences(a, b)],
  ['run_config.json', 'run config', (a, b) => treeDifferences('key', parsed(a), parsed(b))],
  ['phase_manifest.json', 'manifest', (a, b) => treeDifferences('key', parsed(a), parsed(b))],
  ['inputs.json', 'inputs', (a, b) => inputDifferences(a, b)],
];

/** What a folder holds besides the files of the run, and how it is compared. */
const recordings = new Set(['command.txt', 'files.txt', 'stdout.txt', 'stderr.txt', 'stdout-tail.txt']);

/** All differences between two runs' files, each beginning with the file's kind. */
export function differences({ ours, theirs, stdout, stderr }: RunFiles): string[] {
  const recorded = filesOf(theirs).filter((name) => !recordings.has(name));
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
  const [a, b] = [read(path), ours].map((text) => text.replace(/^\d\d:\d\d:\d\d\.\d{3} .*\n/gm, ''));
  return consoleDifferences(a ?? '', b ?? '');
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

/** What one list has and the other has not. */
function setDifferences(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  return [
    ...theirs.filter((name) => !ours.includes(name)).map((name) => `${what} ${name} is missing`),
    ...ours.filter((name) => !theirs.includes(name)).map((name) => `${what} ${name} is new`),
  ];
}

/** Those, and whether what both have stands in the same order. */
function listDifferences(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  const common = (list: readonly string[], other: readonly string[]) =>
    list.filter((name) => other.includes(name)).join(' | ');
  const [a, b] = [common(theirs, ours), common(ours, theirs)];
  const order = a === b ? [] : [`order of ${what}s is ${b}, there ${a}`];
  return [...setDifferences(what, theirs, ours), ...order];
}

function valueDifference(what: string, theirs: string, ours: string): string[] {
  return theirs === ours ? [] : [`${what} is ${ours}, there ${theirs}`];
}

/** How a number is written: 1 and 1.0 are two forms. */
function formOf(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  if (text.startsWith('[')) return 'list';
  return /^-?\d+$/.test(text) ? 'integer' : /^-?\d+(\.\d+|(\.\d+)?e[+-]\d\d+)$/.test(text) ? 'float' : text;
}

// --- profile_export_aiperf.json

function summaryDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  const isMetric = (of: Record<string, unknown>) => (key: string) =>
    typeof of[key] === 'object' && of[key] !== null && 'unit' in of[key];
  // Behind end_time the original's metrics come in an order that changes from run to run.
  const head = (of: object) => {
    const keys = Object.keys(of);
    return keys.slice(0, keys.indexOf('end_time') + 1);
  };
  const tail = (of: object) => Object.keys(of).slice(head(of).length);
  const metrics = Object.keys(theirs)
    .filter(isMetric(theirs))
    .filter((tag) => isMetric(ours)(tag));
  const command = (of: { run_info: { cli_command: string } }) =>
    of.run_info.cli_command
      .replace(/127\.0\.0\.1:\d+/, 'SERVER')
      .replace('/bench/token/qwen3', 'Qwen/Qwen3-0.6B')
      .replace(/--artifact-dir '[^']*'/, '--artifact-dir DIR');
  const errorShapes = (of: { error_summary: { error_details: { code?: number; type: string } }[] }) =>
    new Map(of.error_summary.map((item) => [item.error_details.type, keyPaths(item)]));
  const ourErrors = errorShapes(ours);
  return [
    ...listDifferences('key', head(theirs), head(ours)),
    // Two of the recorded copies end behind end_time.
    ...(tail(theirs).length === 0 ? [] : setDifferences('key', tail(theirs), tail(ours))),
    ...metrics.flatMap((tag) => [
      ...valueDifference(`unit of ${tag}`, theirs[tag].unit, ours[tag].unit),
      ...listDifferences(`statistic of ${tag}`, Object.keys(theirs[tag]), Object.keys(ours[tag])),
      ...statisticForms(theirText, tag).flatMap(([name, form]) =>
        valueDifference(
          `form of ${tag}.${name}`,
          form,
          new Map(statisticForms(ourText, tag)).get(name) ?? form,
        ),
      ),
    ]),
    ...listDifferences('key of run_info', Object.keys(theirs.run_info), Object.keys(ours.run_info)),
    ...treeDifferences('input_config', theirs.input_config, ours.input_config),
    ...valueDifference('cli_command', command(theirs), command(ours)),
    ...[...errorShapes(theirs)].flatMap(([type, shape]) =>
      listDifferences(`key of error ${type}`, shape, ourErrors.get(type) ?? []),
    ),
    ...['start_time', 'end_time'].flatMap((key) =>
      valueDifference(`form of ${key}`, digitsAsNines(theirs[key]), digitsAsNines(ours[key])),
    ),
    ...valueDifference('indentation', indentation(theirText), indentation(ourText)),
    ...valueDifference('end', theirText.slice(-2), ourText.slice(-2)),
  ];
}

/** Name and form of each statistic of a metric, as its lines in the file have them. */
function statisticForms(text: string, tag: string): [string, string][] {
  const block = new RegExp(`^  "${tag}": \\{\n((?:    .*\n)*)`, 'm').exec(text)?.[1] ?? '';
  return [...block.matchAll(/^ {4}"(\w+)": ([^",\n]+),?$/gm)].map(([, name = '', number]) => [
    name,
    formOf(number),
  ]);
}

function indentation(text: string): string {
  const depths = [...text.matchAll(/^( *)\S/gm)].map(([, spaces = '']) => spaces.length);
  return depths.every((depth) => depth % 2 === 0) ? '2 spaces' : 'other';
}

function digitsAsNines(text: string): string {
  return text.replace(/\d/g, '9');
}

/** The keys of an object and of the objects in it, from the outside inwards. */
function keyPaths(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [path + key, ...keyPaths(inner, `${path}${key}.`)]);
}

/** Leaves of two trees of JSON: which are missing or new, and which have another value where a run does not make it. */
function treeDifferences(what: string, theirs: unknown, ours: unknown): string[] {
  const [a, b] = [new Map(leaves(theirs)), new Map(leaves(ours))];
  return [
    ...setDifferences(what, [...a.keys()], [...b.keys()]),
    ...[...a].flatMap(([path, value]) => {
      const own = b.get(path);
      return own === undefined ? [] : valueDifference(`value of ${what} ${path}`, value, own);
    }),
  ];
}

/** Path and value of each leaf; empty objects and lists are leaves. What differs from run to run is masked. */
function leaves(value: unknown, path = ''): [string, string][] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length > 0) {
    return entries.flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
  }
  return [[path, masked(path, value)]];
}

function masked(path: string, value: unknown): string {
  if (/(^|\.)(urls\.\d+|dir|path|artifact_dir|cli_command)$/.test(path)) return typeof value;
  if (/_ns$|benchmark_id$|sweep_id$/.test(path)) return typeof value;
  if (path === 'tokenizer.name' || path === 'cfg.tokenizer.name') return typeof value;
  return JSON.stringify(value);
}

// --- profile_export_aiperf.csv

function csvDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [csvSections(theirText), csvSections(ourText)];
  return [
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
    ...listDifferences('section', [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([header, rows]) => {
      const own = ours.get(header);
      if (own === undefined) return [];
      return [
        ...listDifferences('row', [...rows.keys()], [...own.keys()]),
        ...[...rows].flatMap(([label, cells]) =>
          valueDifference(`cells of ${label}`, cells, own.get(label) ?? cells),
        ),
      ];
    }),
  ];
}

/** Header line to rows; a row is its label to the form of each of its cells. */
function csvSections(text: string): Map<string, Map<string, string>> {
  const blocks = text.split(/(?:\r?\n){2,}/).filter((block) => block.trim() !== '');
  return new Map(
    blocks.map((block) => {
      const [header = '', ...rows] = block.split(/\r?\n/);
      return [
        header,
        new Map(
          rows
            .filter((row) => row !== '')
            .map((row) => {
              const [label = '', ...cells] = row.split(',');
              return [
                label,
                cells.map((cell) => (cell === '' ? '' : /^-?\d+\.\d\d$/.test(cell) ? '9.99' : cell)).join(),
              ];
            }),
        ),
      ];
    }),
  );
}

function lineEnds(text: string): string {
  return text.replaceAll('\r\n', '').includes('\n') ? 'LF' : 'CRLF';
}

// --- profile_export.jsonl

function recordDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [recordsByOutcome(theirText), recordsByOutcome(ourText)];
  return [
    ...setDifferences('outcome', [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([outcome, lines]) => {
      const [first, own] = [lines[0], ours.get(outcome)];
      if (first === undefined || own?.[0] === undefined) return [];
      const keys = (part: 'metadata' | 'error' | undefined) => (line: string) => {
        const whole = JSON.parse(line);
        return Object.keys((part === undefined ? whole : whole[part]) ?? {});
      };
      const [a, b] = [metricForms(lines), metricForms(own)];
      return [
        ...listDifferences(`key of ${outcome}`, keys(undefined)(first), keys(undefined)(own[0])),
        ...listDifferences(`metadata key of ${outcome}`, keys('metadata')(first), keys('metadata')(own[0])),
        ...listDifferences(`error key of ${outcome}`, keys('error')(first), keys('error')(own[0])),
        ...traceDifferences(first, own[0], outcome),
        ...setDifferences(`metric of ${outcome}`, [...a.keys()], [...b.keys()]),
        ...[...a].flatMap(([tag, form]) =>
          valueDifference(`form of ${tag} of ${outcome}`, form, b.get(tag) ?? form),
        ),
        ...valueDifference(`form of metadata of ${outcome}`, metadataForms(first), metadataForms(own[0])),
      ];
    }),
  ];
}

/** Keys of `trace_data` and the names of headers. */
function traceDifferences(theirLine: string, ourLine: string, outcome: string): string[] {
  const [theirs, ours] = [theirLine, ourLine].map((line) => JSON.parse(line).trace_data ?? {});
  const keys = (part?: string) =>
    [theirs, ours].map((of) => Object.keys((part === undefined ? of : of[part]) ?? {})) as [
      string[],
      string[],
    ];
  return [
    ...listDifferences(`trace key of ${outcome}`, ...keys()),
    ...setDifferences(`request header of ${outcome}`, ...keys('request_headers')),
    ...setDifferences(`response header of ${outcome}`, ...keys('response_headers')),
  ];
}

function recordsByOutcome(text: string): Map<string, string[]> {
  const lines = text.split('\n').filter((line) => line !== '');
  const outcomes = new Map<string, string[]>();
  for (const line of lines) {
    const { error } = JSON.parse(line);
    const outcome = error === undefined ? 'valid records' : `records of ${error.type}`;
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), line]);
  }
  return outcomes;
}

/** Tag to unit and forms of value over several lines, e.g. `float ms`. */
function metricForms(lines: readonly string[]): Map<string, string> {
  const forms = new Map<string, Set<string>>();
  for (const line of lines) {
    for (const [, tag = '', value, unit] of line.matchAll(
      /"(\w+)":\{"value":(\[[^\]]*\]|[^,]+),"unit":"([^"]*)"\}/g,
    )) {
      forms.set(tag, (forms.get(tag) ?? new Set()).add(`${formOf(value)} ${unit}`));
    }
  }
  return new Map([...forms].map(([tag, seen]) => [tag, [...seen].sort().join(' or ')]));
}

function metadataForms(line: string): string {
  const metadata = /"metadata":\{([^}]*)\}/.exec(line)?.[1] ?? '';
  return metadata
    .replace(/"request_ack_ns":\d+,/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/_[0-9a-f]{8}"/g, '_HEX"')
    .replace(/"session_\d{6}"/g, '"session_N"')
    .replace(/(_ns":)\d{19}/g, '$1T')
    .replace(/("(?:session_num|turn_index)":)\d+/g, '$1N');
}

// --- profile_export_raw.jsonl

function rawDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [recordsByOutcome(theirText), recordsByOutcome(ourText)];
  return [...theirs].flatMap(([outcome, [first]]) => {
    const own = ours.get(outcome)?.[0];
    if (first === undefined) return [];
    if (own === undefined) return [`outcome ${outcome} is missing`];
    const [a, b] = [JSON.parse(first), JSON.parse(own)];
    const shape = (of: unknown) => [
      ...new Set(leaves(of).map(([path]) => path.replace(/\.\d+(?=\.|$)/g, '[]'))),
    ];
    return [
      ...listDifferences(`key of ${outcome}`, Object.keys(a), Object.keys(b)),
      ...listDifferences(`metadata key of ${outcome}`, Object.keys(a.metadata), Object.keys(b.metadata)),
      ...setDifferences(`leaf of ${outcome}`, shape({ ...a, metadata: 0 }), shape({ ...b, metadata: 0 })),
      ...setDifferences(`payload key of ${outcome}`, Object.keys(a.payload), Object.keys(b.payload)),
    ];
  });
}

// --- profile_export_aiperf_timeslices.json and .csv

function sliceDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  const [a, b] = [theirs.timeslices[0], ours.timeslices[0]];
  const metrics = Object.keys(a).filter((key) => typeof a[key] === 'object' && typeof b[key] === 'object');
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...setDifferences('key of a slice', Object.keys(a), Object.keys(b)),
    ...metrics.flatMap((tag) => [
      ...valueDifference(`unit of ${tag}`, a[tag].unit, b[tag].unit),
      ...listDifferences(`statistic of ${tag}`, Object.keys(a[tag]), Object.keys(b[tag])),
    ]),
    ...listDifferences('key of the last slice', lastKeys(theirs.timeslices), lastKeys(ours.timeslices)),
    ...treeDifferences('input_config', theirs.input_config, ours.input_config),
  ];
}

function lastKeys(slices: readonly object[]): string[] {
  return Object.keys(slices.at(-1) ?? {}).filter((key) => /_ns$|^is_|index$/.test(key));
}

/** Header, and of the first slice the metric, unit and statistic of each row with the form of its value. */
function sliceCsvDifferences(theirText: string, ourText: string): string[] {
  const rows = (text: string) =>
    text
      .split(/\r?\n/)
      .filter((row) => row.startsWith('0,'))
      .map((row) => row.replace(/^0,\d{19},\d{19},/, '0,START,END,').replace(/-?\d+\.\d\d$/, '9.99'));
  const [theirs, ours] = [theirText, ourText].map((text) => text.split(/\r?\n/)[0] ?? '');
  return [
    ...valueDifference('header', theirs ?? '', ours ?? ''),
    ...listDifferences('row', rows(theirText), rows(ourText)),
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
  ];
}

// --- profile_export_aiperf_aggregate.json and .csv

function aggregateDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...treeDifferences('metadata', theirs.metadata, ours.metadata),
    // The recorded copies hold a few metrics only.
    ...metricShapes(theirs.metrics, ours.metrics),
    ...valueDifference('indentation', indentation(theirText), indentation(ourText)),
    ...valueDifference('end', theirText.slice(-2), ourText.slice(-2)),
  ];
}

type Metrics = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Units and keys of the metrics that the recorded file has. */
function metricShapes(theirs: Metrics, ours: Metrics): string[] {
  return Object.entries(theirs).flatMap(([name, metric]) => {
    const own = ours[name];
    if (own === undefined) return [`metric ${name} is missing`];
    return [
      ...listDifferences(`key of ${name}`, Object.keys(metric), Object.keys(own)),
      ...valueDifference(`unit of ${name}`, String(metric.unit), String(own.unit)),
    ];
  });
}

function aggregateCsvDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [theirText, ourText].map((text) => {
    const [table = '', facts = ''] = text.split(/(?:\r?\n){2,}/);
    const [header = '', ...rows] = table.split(/\r?\n/);
    return { header, rows: labelledUnits(rows), facts: facts.trim().split(/\r?\n/) };
  });
  if (theirs === undefined || ours === undefined) return ['one of the files is empty'];
  return [
    ...valueDifference('header', theirs.header, ours.header),
    ...setDifferences('row', theirs.rows, ours.rows),
    ...listDifferences('fact', theirs.facts, ours.facts),
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
  ];
}

/** Name and unit of each row of a table. */
function labelledUnits(rows: readonly string[]): string[] {
  return rows.map((row) => `${row.split(',')[0]} in ${row.split(',').at(-1)}`);
}

// --- profile_export_aiperf_sweep.json and .csv

function sweepDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [JSON.parse(theirText), JSON.parse(ourText)];
  const [a, b] = [theirs.per_combination_metrics[0], ours.per_combination_metrics[0]];
  return [
    ...listDifferences('key', Object.keys(theirs), Object.keys(ours)),
    ...treeDifferences('metadata', theirs.metadata, ours.metadata),
    ...['num_profile_runs', 'num_successful_runs', 'failed_runs'].flatMap((key) =>
      valueDifference(`value of ${key}`, JSON.stringify(theirs[key]), JSON.stringify(ours[key])),
    ),
    ...valueDifference('parameters', JSON.stringify(a.parameters), JSON.stringify(b.parameters)),
    ...metricShapes(a.metrics, b.metrics),
    ...listDifferences(
      'best configuration',
      Object.entries(theirs.best_configurations).map(
        ([name, best]) => `${name}: ${Object.keys(best as object)}`,
      ),
      Object.entries(ours.best_configurations).map(
        ([name, best]) => `${name}: ${Object.keys(best as object)}`,
      ),
    ),
    ...valueDifference(
      'pareto_optimal',
      theirs.pareto_optimal.length > 0 ? 'points' : 'none',
      ours.pareto_optimal.length > 0 ? 'points' : 'none',
    ),
    ...valueDifference('indentation', indentation(theirText), indentation(ourText)),
    ...valueDifference('end', theirText.slice(-2), ourText.slice(-2)),
  ];
}

function sweepCsvDifferences(theirText: string, ourText: string): string[] {
  const sections = (text: string) =>
    text
      .trimEnd()
      .split(/(?:\r?\n){2,}/)
      .map((block) => block.split(/\r?\n/));
  const [theirs, ours] = [sections(theirText), sections(ourText)];
  const columnsOf = (all: string[][]) => (all[0]?.[0] ?? '').split(',').filter((name) => name !== '');
  // The recorded copy of several runs a point has the first columns only.
  const isCut = theirs[0]?.[1]?.endsWith(',') === true;
  const titles = (all: string[][]) => all.slice(1).map(([title = '']) => title);
  return [
    ...setDifferences('column', columnsOf(theirs), columnsOf(ours)).filter(
      (line) => !isCut || line.endsWith('missing'),
    ),
    ...listDifferences('section', titles(theirs), titles(ours)),
    ...setDifferences('metadata', theirs.at(-1) ?? [], ours.at(-1) ?? []),
    ...valueDifference('line end', lineEnds(theirText), lineEnds(ourText)),
  ];
}

// --- inputs.json

/** Line by line, prompts apart: the same command must make the same bodies in the same layout. */
function inputDifferences(theirText: string, ourText: string): string[] {
  const lines = (text: string) =>
    text
      .trimEnd()
      .replace(/("(?:content|prompt)": )".*"/g, '$1TEXT')
      .split('\n');
  const [theirs, ours] = [lines(theirText), lines(ourText)];
  const at = theirs.findIndex((line, i) => line !== ours[i]);
  if (at >= 0) return [`line ${at + 1} is ${ours[at]}, there ${theirs[at]}`];
  return valueDifference('number of lines', String(theirs.length), String(ours.length));
}

// --- profile_export_console.txt

interface Table {
  readonly header: string;
  readonly rules: string;
  /** Label to the form of each cell. */
  readonly rows: Map<string, string>;
}

function consoleDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [consoleTables(theirText), consoleTables(ourText)];
  return [
    ...listDifferences('title', [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([title, table]) => {
      const own = ours.get(title) ?? ours.get(title.replace('NVIDIA ', ''));
      if (own === undefined) return [];
      const name = title.replace(/.*\| /, '');
      return [
        ...valueDifference(`columns of ${name}`, table.header, own.header),
        ...valueDifference(`lines of ${name}`, table.rules, own.rules),
        ...listDifferences(`row of ${name}`, [...table.rows.keys()], [...own.rows.keys()]),
        ...[...table.rows].flatMap(([label, cells]) =>
          valueDifference(`cells of ${label}`, cells, own.rows.get(label) ?? cells),
        ),
      ];
    }),
    ...setDifferences('panel', panelTitles(theirText), panelTitles(ourText)),
    ...setDifferences('sentence', sentences(theirText), sentences(ourText)),
  ];
}

function consoleTables(text: string): Map<string, Table> {
  const lines = text.split('\n');
  const tables = new Map<string, Table>();
  lines.forEach((line, i) => {
    if (!line.startsWith('┏')) return;
    const body = lines.slice(
      i + 3,
      lines.findIndex((other, j) => j > i && other.startsWith('└')),
    );
    const rules = [i, i + 2, i + 3 + body.length].map((j) =>
      lines[j]?.replace(/━+/g, '━').replace(/─+/g, '─'),
    );
    tables.set(lines[i - 1]?.trim() ?? '', {
      header: columns(lines[i + 1] ?? '', '┃').join(' | '),
      rules: rules.join(' '),
      rows: tableRows(body.map((row) => columns(row, '│'))),
    });
  });
  return tables;
}

function columns(line: string, border: string): string[] {
  return line
    .split(border)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** A line whose other cells are blank carries on the label above it, one without a label its other cells. */
function tableRows(lines: readonly string[][]): Map<string, string> {
  const rows: [string, string][] = [];
  for (const [label = '', ...cells] of lines) {
    const last = rows.at(-1);
    if (last !== undefined && label === '') continue;
    if (last !== undefined && cells.every((cell) => cell === '')) last[0] = `${last[0]}\n${label}`;
    else
      rows.push([
        label,
        cells.map((cell) => (/^-?\d{1,3}(,\d{3})*\.\d\d$/.test(cell) ? '9.99' : cell)).join(' '),
      ]);
  }
  return new Map(rows);
}

function panelTitles(text: string): string[] {
  return [...text.matchAll(/^╭─* (.*?) ─*╮$/gm)].map(([, title = '']) => title);
}

/** First words of each paragraph that is neither table nor panel. */
function sentences(text: string): string[] {
  return text
    .split('\n\n')
    .filter((paragraph) => paragraph.trim() !== '' && !/[│┃]/.test(paragraph))
    .map((paragraph) => paragraph.trim().split(/\s+/).slice(0, 5).join(' '));
}

// --- logs/aiperf.log

function logDifferences(theirText: string, ourText: string): string[] {
  const form = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} - [\w.]+ - [A-Z]+ - ./;
  const odd = [theirText, ourText].flatMap((text) =>
    text.split('\n').filter((line) => line !== '' && !form.test(line)),
  );
  return odd.map((line) => `line ${line}`);
}
