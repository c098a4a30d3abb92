import { environment } from '../config/environment.js';
import type { OptionTable } from '../config/option.js';
import { choice, path, paths } from '../config/option-kinds.js';
import { layoutOn } from '../report/layout.js';
import { drawTable } from '../report/table.js';
import { UserError } from '../util/errors.js';
import type { Io } from '../util/io.js';
import { writeWhole } from '../util/write-whole.js';
import type { Command, Invocation } from './command.js';
import { type Matrix, matrixOf, readRuns } from './speed-bench/matrix.js';

const metrics = ['accept_length', 'accept_rate', 'throughput'] as const;
type Metric = (typeof metrics)[number];

const reportOptions = {
  folders: paths({
    argument: 'folder',
    flags: ['--paths'],
    group: 'Report',
    required: true,
    missing: 'name folders of runs, or folders that hold them, e.g. aiperf speed-bench-report artifacts',
    help: 'Folders of runs, or folders that hold them.',
  }),
  output: path({
    flags: ['--output'],
    group: 'Report',
    default: 'speed_bench_report.csv',
    help: 'CSV file to write.',
  }),
  format: choice(['csv', 'table', 'both'], {
    flags: ['--format'],
    group: 'Report',
    default: 'both',
    help: 'Write the CSV file, print a table, or both.',
  }),
  metric: choice(metrics, {
    flags: ['--metric'],
    group: 'Report',
    default: 'accept_length',
    help: 'Figure of each run: mean tokens per verified draft, share of drafted tokens that were accepted, or output tokens/s.',
  }),
  consoleExportWidth: environment.consoleExportWidth,
} satisfies OptionTable;

/** `aiperf speed-bench-report`: a matrix of models and categories over runs of SPEED-Bench and `spec_al_*`. */
export const command: Command<typeof reportOptions> = { options: reportOptions, run };

const titles: Readonly<Record<Metric, string>> = {
  accept_length: 'Acceptance Length',
  accept_rate: 'Acceptance Rate',
  throughput: 'Output Token Throughput (tokens/sec)',
};

async function run({ config }: Invocation<typeof reportOptions>, io: Io): Promise<number> {
  const { folders, output, format, metric } = config;
  const { runs, warnings } = readRuns(folders, metric);
  for (const warning of warnings) io.stderr.write(`${warning}\n`);
  const matrix = matrixOf(runs);
  if (matrix.rows.every(({ overall }) => overall === undefined)) {
    throw new UserError(
      `none of the folders has a run of SPEED-Bench with ${titles[metric].toLowerCase()}`,
      'Run aiperf profile with --custom-dataset-type speed_bench_coding and the like, or --public-dataset spec_al_gsm8k; acceptance needs the metrics page of the server.',
    );
  }
  if (format !== 'csv') {
    const layout = layoutOn(io.stdout, config.consoleExportWidth, io.env);
    io.stdout.write(`${drawTable(tableOf(matrix, titles[metric]), layout).join('\n')}\n`);
  }
  if (format !== 'table') {
    for (const trouble of writeWhole(output, csvOf(matrix))) throw new UserError(trouble);
    io.stdout.write(`CSV file: ${output}\n`);
  }
  return 0;
}

function tableOf({ categories, rows }: Matrix, title: string): Parameters<typeof drawTable>[0] {
  return {
    title,
    columns: [
      { header: 'Model', align: 'left', style: 'cyan' },
      ...categories.map((header) => ({ header })),
      { header: 'Overall', style: 'bold' },
    ],
    rows: rows.map(({ model, values, overall }) => [model, ...[...values, overall].map(figureText)]),
  };
}

function csvOf({ categories, rows }: Matrix): string {
  const lines = rows.map(({ model, values, overall }) => [
    model,
    ...[...values, overall].map((value) => (value === undefined ? '' : value.toFixed(2))),
  ]);
  return [['Model', ...categories, 'Overall'], ...lines]
    .map((cells) => `${cells.map(quoted).join(',')}\n`)
    .join('');
}

function figureText(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2);
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
