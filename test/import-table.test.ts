import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What each folder may import, besides itself and `util/`; `types of X` as `X:type`. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  util: [],
  config: [],
  dataset: ['config:type'],
  transport: [],
  schedule: ['dataset:type'],
  endpoint: ['config:type', 'dataset:type', 'transport:type'],
  records: ['dataset:type', 'endpoint:type', 'transport'],
  fidelity: ['records:type'],
  telemetry: ['transport'],
  load: ['schedule', 'dataset', 'endpoint', 'transport', 'records', 'fidelity', 'telemetry'],
  metrics: ['records', 'telemetry'],
  trace: ['dataset'],
  traffic: ['dataset', 'endpoint', 'transport', 'records', 'trace'],
  collect: ['dataset', 'metrics', 'records', 'fidelity', 'load:type', 'transport', 'telemetry'],
  run: ['config', 'schedule', 'load', 'collect', 'metrics', 'records', 'fidelity', 'telemetry'],
  cluster: [
    'config',
    'schedule',
    'dataset',
    'load',
    'collect',
    'records',
    'fidelity:type',
    'telemetry:type',
    'run:type',
  ],
  charts: ['metrics', 'records', 'telemetry', 'trace:type'],
  export: ['metrics', 'records', 'run', 'telemetry', 'trace:type', 'collect:type'],
  report: ['endpoint', 'metrics', 'records', 'run', 'trace:type', 'charts'],
  ui: ['collect:type', 'records:type'],
  views: [
    'metrics',
    'records',
    'telemetry',
    'run',
    'charts',
    'export',
    'report',
    'ui',
    'collect:type',
    'fidelity:type',
  ],
  page: ['metrics', 'charts', 'report', 'views', 'collect:type'],
  'mock-server': [],
  commands: ['*'],
  build: ['*'],
  '': ['*'],
};

interface Import {
  readonly from: string;
  readonly target: string;
  readonly folder: string;
  readonly typeOnly: boolean;
}

const sourceRoot = 'src';
const files = readdirSync(sourceRoot, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.tsx?$/.test(file),
);

function folderOf(file: string): string {
  const parts = file.split(sep);
  return parts.length > 1 ? (parts[0] ?? '') : '';
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(sourceRoot, file), 'utf8');
  const statements = text.matchAll(
    /(?:^|\n)(?:import|export)\s+(type\s+)?([^'"`;]*?)from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g,
  );
  return [...statements].map(([, type, names, path, dynamic]) => {
    const target = normalize(join(dirname(file), path ?? dynamic ?? ''));
    const everyNameIsType = /^\{[^}]*\}\s*$/.test(names ?? '') && !/[{,]\s*(?!type\s)[\w$]/.test(names ?? '');
    return {
      from: file,
      target: relative('.', target),
      folder: folderOf(relative('.', target)),
      typeOnly: type !== undefined || everyNameIsType,
    };
  });
}

describe('imports follow the way of the data', () => {
  it('every folder is in the table', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in allowed))).toEqual([]);
  });

  it.each(Object.keys(allowed))('%s/', (folder) => {
    const rules = allowed[folder] ?? [];
    const broken = files
      .filter((file) => folderOf(file) === folder)
      .flatMap(importsOf)
      .filter((found) => found.folder !== folder && found.folder !== 'util')
      .filter((found) => !rules.includes('*') && !rules.includes(found.folder))
      .filter((found) => !(found.typeOnly && rules.includes(`${found.folder}:type`)))
      .map((found) => `${found.from} imports ${found.folder}/`);
    expect(broken).toEqual([]);
  });

  it('in cluster/, agents and coordinator know only what they write for each other', () => {
    const sides = ['agent', 'coordinator'].map((side) => join('cluster', side) + sep);
    const broken = files
      .filter((file) => file.startsWith(`cluster${sep}`))
      .flatMap(importsOf)
      .filter(({ from, target }) => sides.some((side) => target.startsWith(side) && !from.startsWith(side)))
      .map(({ from, target }) => `${from} imports ${target}`);
    expect(broken).toEqual([]);
  });

  it('CONTRIBUTING.md has the same table', () => {
    const listed = Object.keys(allowed).filter((folder) => folder !== '' && folder !== 'build');
    const rows = [...readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/^\| `([\w-]+)\/` \|.*\| (.*) \|$/gm)];
    expect(rows.map(([, folder, imports]) => [folder, imports])).toEqual(
      listed.map((folder) => [folder, importsText(allowed[folder] ?? [])]),
    );
  });
});

/** Rules as CONTRIBUTING.md writes them. */
function importsText(rules: readonly string[]): string {
  if (rules.includes('*')) return 'everything';
  const folders = rules.filter((rule) => !rule.endsWith(':type')).map((rule) => `\`${rule}/\``);
  const types = rules.filter((rule) => rule.endsWith(':type')).map((rule) => `\`${rule.slice(0, -5)}/\``);
  return [...folders, ...(types.length === 0 ? [] : [`types of ${types.join(', ')}`])].join(', ') || '–';
}
