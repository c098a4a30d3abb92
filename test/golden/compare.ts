import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Each comparison holds a run's files of ours beside the original's and says in one line each how they differ.
// Numbers are times of two machines and are not compared; names, units, order and the form of numbers are.

/** Where the files of one run are. */
export interface RunFiles {
  readonly ours: string;
  readonly theirs: string;
}

/** All differences between two runs' files, each beginning with the file's kind. */
export function differences({ ours, theirs }: RunFiles): string[] {
  const both = (name: string, compare: (theirs: string, ours: string) => string[], kind: string) =>
    existsSync(join(theirs, name))
      ? compare(read(join(theirs, name)), read(join(ours, name))).map((line) => `${kind}: ${line}`)
      : [];
  return [
    ...both('files.txt', (text) => setDifferences('file', text.trim().split('\n'), filesOf(ours)), 'files'),
    ...both('profile_export_aiperf.json', summaryDifferences, 'json'),
    ...both('profile_export_aiperf.csv', csvDifferences, 'csv'),
    ...both('profile_export.jsonl', recordDifferences, 'jsonl'),
    ...both('inputs.json', inputDifferences, 'inputs'),
    ...both('profile_export_console.txt', consoleDifferences, 'console'),
    ...both('aiperf.log.head', (text) => logDifferences(text, read(join(ours, 'logs/aiperf.log'))), 'log'),
  ];
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
      .replace(/--artifact-dir '.*'/, '--artifact-dir DIR');
  const errorShapes = (of: { error_summary: { error_details: { code?: number; type: string } }[] }) =>
    new Map(of.error_summary.map((item) => [item.error_details.type, keyPaths(item)]));
  const ourErrors = errorShapes(ours);
  return [
    ...listDifferences('key', head(theirs), head(ours)),
    ...setDifferences('key', tail(theirs), tail(ours)),
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
    ...valueDifference('cli_command', command(theirs), command(ours)),
    ...setDifferences(
      'key of input_config',
      Object.keys(theirs.input_config),
      Object.keys(ours.input_config),
    ),
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
        ...setDifferences(`metric of ${outcome}`, [...a.keys()], [...b.keys()]),
        ...[...a].flatMap(([tag, form]) =>
          valueDifference(`form of ${tag} of ${outcome}`, form, b.get(tag) ?? form),
        ),
        ...valueDifference(`form of metadata of ${outcome}`, metadataForms(first), metadataForms(own[0])),
      ];
    }),
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
