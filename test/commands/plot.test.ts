import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { filesBelow, panelText, temporaryFolder } from '../e2e/aiperf.js';
import { goldenIsThere } from '../metrics/golden.js';
import { wideAiperf } from './in-process.js';

const plot = (...argv: string[]) => wideAiperf('plot', ...argv);

async function refusal(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await plot(...argv);
  expect([code, stdout]).toEqual([1, '']);
  return panelText(stderr);
}

/** A record of a request that starts after `at` seconds. */
function record(at: number, metrics: Record<string, [value: number, unit: string]>): string {
  const start = 1_767_225_600_000_000_000n + BigInt(at * 1e9);
  const values = Object.entries(metrics).map(([tag, [value, unit]]) => [tag, { value, unit }]);
  const line = JSON.stringify({ metrics: Object.fromEntries(values), error: null });
  const metadata = `{"request_start_ns":${start},"request_end_ns":${start + 2_000_000_000n},"benchmark_phase":"profiling"}`;
  return `{"metadata":${metadata},${line.slice(1)}\n`;
}

/** A folder with the records of four requests. */
function run(): string {
  const folder = temporaryFolder();
  const lines = [0, 1, 2, 3].map((at) =>
    record(at, {
      time_to_first_token: [100 * (at + 1), 'ms'],
      request_latency: [2000, 'ms'],
      input_sequence_length: [10 * (at + 1), 'tokens'],
      output_sequence_length: [5, 'tokens'],
    }),
  );
  writeFileSync(join(folder, 'profile_export.jsonl'), lines.join(''));
  return folder;
}

/** The pictures below a folder, sorted. */
const pictures = (folder: string) => filesBelow(folder).filter((name) => /\.(png|svg)$/.test(name));

const names = [
  'concurrency_over_time',
  'dispersed_throughput_over_time',
  'latency_distribution',
  'latency_heatmap',
  'latency_over_time',
  'request_timeline',
  'sequence_lengths',
  'tokens_in_flight_over_time',
  'ttft_by_isl',
  'ttft_distribution',
  'ttft_over_time',
];

describe('one run', () => {
  it('is drawn into its folder, as PNG', async () => {
    // Of a failed request there are two pictures.
    const folder = temporaryFolder();
    const line = record(0, {}).replace(
      '"error":null',
      '"error":{"code":500,"type":"HTTPError","message":"no"}',
    );
    writeFileSync(join(folder, 'profile_export.jsonl'), line);
    const files = ['concurrency_over_time.png', 'request_timeline.png'];
    const paths = files.map((name) => `${join(folder, 'plots', name)}\n`);
    expect(await plot(folder)).toEqual({ code: 0, stdout: paths.join(''), stderr: '' });
    expect(pictures(join(folder, 'plots'))).toEqual(files);
  });

  it('is drawn elsewhere as SVG, of some requests, in slices, with objectives', async () => {
    const folder = run();
    const output = join(temporaryFolder(), 'deep', 'er');
    const options = ['--format', 'svg', '--theme', 'dark', '--slice-duration', '2'];
    const asked = ['--where', 'input_sequence_length > 10', '--goodput', 'time_to_first_token:350'];
    const { code } = await plot(folder, '--output', output, ...options, ...asked);
    expect(code).toBe(0);
    const slices = ['timeslices_latency', 'timeslices_throughput', 'timeslices_ttft'];
    expect(pictures(output)).toEqual([...names, ...slices].sort().map((name) => `${name}.svg`));
    const svg = readFileSync(join(output, 'ttft_over_time.svg'), 'utf8');
    expect(svg).toContain('>3 requests</text>');
    expect(svg).toContain('>SLO 350 ms</text>');
    expect(svg).toContain('#14171c');
  });

  it('leaves a list of the pictures, and a log of what was drawn and what was not', async () => {
    const folder = run();
    const output = join(temporaryFolder(), 'out');
    const { code, stdout } = await plot(folder, '--output', output, '--format', 'svg');
    expect(code).toBe(0);
    const drawn = stdout
      .trim()
      .split('\n')
      .map((path) => path.slice(output.length + 1));
    expect([...drawn].sort()).toEqual(names.map((name) => `${name}.svg`));
    expect(readFileSync(join(output, 'summary.txt'), 'utf8')).toBe(
      `AIPerf Plot Export Summary\n${'='.repeat(50)}\n\nGenerated 11 plots:\n\n` +
        `${drawn.map((name) => `  - ${name}\n`).join('')}\nOutput directory: ${output}\n`,
    );
    const log = readFileSync(join(output, 'aiperf_plot.log'), 'utf8').trim().split('\n');
    const said = log.map((line) =>
      line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} - plot - INFO - /, ''),
    );
    expect(said).toEqual(expect.arrayContaining(drawn.map((name) => `${name}: written`)));
    expect(said).toContain('timeslices_ttft: skipped, no data for it');
  });

  it('whose last line is cut off is drawn without it, and says so', async () => {
    const folder = run();
    appendFileSync(join(folder, 'profile_export.jsonl'), '{"metadata":{"request_sta');
    const { code, stderr } = await plot(folder, '--format', 'svg');
    expect([code, stderr]).toEqual([0, 'The last line of the records is cut off: 1 record is skipped.\n']);
    expect(readFileSync(join(folder, 'plots', 'ttft_over_time.svg'), 'utf8')).toContain('>4 requests</text>');
  });
});

describe('several runs', () => {
  /** A sweep's folder with the summaries of its points. */
  function sweep(sweepId = 'a'): string {
    const folder = temporaryFolder();
    for (const [concurrency, throughput, perUser] of [
      [10, 100, 10],
      [2, 50, 25],
    ]) {
      const point = join(folder, `concurrency_${concurrency}`);
      mkdirSync(point);
      writeFileSync(join(point, 'profile_export.jsonl'), record(0, {}));
      writeFileSync(
        join(point, 'profile_export_aiperf.json'),
        JSON.stringify({
          output_token_throughput: { unit: 'tokens/sec', avg: throughput },
          output_token_throughput_per_user: { unit: 'tokens/sec/user', avg: perUser },
          time_to_first_token: { unit: 'ms', avg: concurrency },
          request_latency: { unit: 'ms', avg: concurrency },
        }),
      );
      writeFileSync(
        join(point, 'run_config.json'),
        JSON.stringify({
          sweep_id: sweepId,
          variation: { values: { 'phases.profiling.concurrency': concurrency } },
        }),
      );
    }
    return folder;
  }

  it('are drawn against each other', async () => {
    const folder = sweep();
    const { code, stderr } = await plot(folder, '--num-gpus', '2', '--format', 'svg');
    expect([code, stderr]).toEqual([0, '']);
    expect(pictures(join(folder, 'plots'))).toEqual([
      'pareto_curve_throughput_per_gpu_vs_interactivity.svg',
      'pareto_curve_throughput_per_gpu_vs_latency.svg',
      'ttft_vs_throughput.svg',
    ]);
    const svg = readFileSync(
      join(folder, 'plots', 'pareto_curve_throughput_per_gpu_vs_interactivity.svg'),
      'utf8',
    );
    expect(svg).toContain('>2 runs, named by concurrency; 2 GPUs</text>');
    expect(svg).toContain('>Output tokens per second and GPU</text>');
  });

  it.each([
    { folder: 'as the runs say', line: [], gpus: '4 GPUs' },
    { folder: 'as --num-gpus says', line: ['--num-gpus', '2'], gpus: '2 GPUs' },
  ])('share their throughput among the GPUs, $folder', async ({ line, gpus }) => {
    const folder = sweep();
    for (const concurrency of [2, 10]) {
      writeFileSync(
        join(folder, `concurrency_${concurrency}`, 'run_config.json'),
        JSON.stringify({
          cfg: { endpoint: { num_gpus: 4 } },
          variation: { values: { 'phases.profiling.concurrency': concurrency } },
        }),
      );
    }
    expect((await plot(folder, ...line, '--format', 'svg')).code).toBe(0);
    const svg = readFileSync(join(folder, 'plots', 'ttft_vs_throughput.svg'), 'utf8');
    expect(svg).toContain(`>2 runs, named by concurrency; ${gpus}</text>`);
  });

  it.each([
    { others: 'a', told: '4 runs at 2 points, named by concurrency' },
    { others: 'b', told: '4 runs' },
  ])('are one point where one sweep repeated it, not where another did: $told', async ({ others, told }) => {
    const [folder, other] = [sweep('a'), sweep(others)];
    expect((await plot(folder, other, '--format', 'svg')).code).toBe(0);
    const svg = readFileSync(join(folder, 'plots', 'ttft_vs_throughput.svg'), 'utf8');
    expect(svg).toContain(`>${told}</text>`);
  });

  it('are left out without a summary', async () => {
    const folder = sweep();
    const { code, stderr } = await plot(folder, run(), '--format', 'svg');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\S+ is skipped: it has no summary; aiperf report creates it\.\n$/);
  });

  it('of other prompts are no frontier, and it says so', async () => {
    const folder = sweep();
    const summary = (point: string) => join(folder, point, 'profile_export_aiperf.json');
    for (const [point, isl] of [
      ['concurrency_2', 100],
      ['concurrency_10', 8000],
    ] as const) {
      const metrics: object = JSON.parse(readFileSync(summary(point), 'utf8'));
      const length = { input_sequence_length: { unit: 'tokens', avg: isl } };
      writeFileSync(summary(point), JSON.stringify({ ...metrics, ...length }));
    }
    expect((await plot(folder, '--format', 'svg')).stderr).toBe(
      'These runs do not do the same work: their mean prompt lengths are 100.00 to 8,000.00 tokens, ' +
        'so the frontier does not compare like with like.\n',
    );
  });

  it('cannot be filtered by request', async () => {
    expect(await refusal(sweep(), '--where', 'turn_index = 0')).toBe(
      '--where looks at the requests of one run, and here are 2 runs.',
    );
  });
});

describe('a trace', () => {
  it('is drawn by its lengths', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'trace.jsonl');
    writeFileSync(file, '{"timestamp":0,"input_length":7,"output_length":3}\n'.repeat(4));
    const { code, stdout } = await plot(file, '--format', 'svg');
    // Arrivals at one time have no rates, and rows without ids no cache.
    expect([code, stdout]).toEqual([0, `${join(folder, 'plots', 'trace_lengths.svg')}\n`]);
    expect(readFileSync(join(folder, 'plots', 'trace_lengths.svg'), 'utf8')).toContain(
      '>4 requests; input p50 7, p99 7; output p50 3, p99 3</text>',
    );
  });

  it('is drawn by its cache hits and token rates', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'trace.jsonl');
    const row = (timestamp: number) =>
      `{"timestamp":${timestamp},"input_length":600,"output_length":3,"hash_ids":[1,2]}\n`;
    writeFileSync(file, row(0) + row(5000));
    const { code, stdout } = await plot(file, '--format', 'svg');
    const charts = ['trace_lengths', 'trace_hit_rate', 'trace_tokens_over_time'];
    expect([code, stdout]).toEqual([
      0,
      charts.map((name) => `${join(folder, 'plots', `${name}.svg`)}\n`).join(''),
    ]);
    const [, hits = '', rates = ''] = charts.map((name) =>
      readFileSync(join(folder, 'plots', `${name}.svg`), 'utf8'),
    );
    expect(hits).toContain('>4 blocks requested; 50.0 % hits with an infinite cache</text>');
    expect(rates).toContain('>2 requests, by windows of 1 s</text>');
  });

  it('has rows that lack a length', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'trace.jsonl');
    writeFileSync(
      file,
      '{"timestamp":0,"input_length":7,"output_length":3}\n{"timestamp":1,"input_length":9}\n',
    );
    expect((await plot(file, '--format', 'svg')).code).toBe(0);
    expect(readFileSync(join(folder, 'plots', 'trace_lengths.svg'), 'utf8')).toContain(
      '>2 requests; input p50 8, p99 8.98; output p50 3, p99 3</text>',
    );
  });

  it('without lengths is refused', async () => {
    const file = join(temporaryFolder(), 'trace.jsonl');
    writeFileSync(file, '{"text":"hello"}\n');
    expect(await refusal(file)).toBe(
      `${file} has no row with an input_length or an output_length: nothing to draw.`,
    );
  });
});

describe('what cannot be drawn', () => {
  it('no such folder', async () => {
    expect(await refusal('/no/such/run')).toMatch(/^There is no folder '\/no\/such\/run'\. /);
  });

  it('a folder without records', async () => {
    const folder = temporaryFolder();
    expect(await refusal(folder)).toMatch(
      new RegExp(`^There is no profile_export\\.jsonl in '${folder}': it is empty\\. `),
    );
    expect(existsSync(join(folder, 'plots'))).toBe(false);
  });

  it('a record file without a record', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'profile_export.jsonl'), '');
    expect(await refusal(folder)).toMatch(/profile_export\.jsonl holds no record of a profiling request\. /);
  });

  it('the record file in place of its folder', async () => {
    const file = join(run(), 'profile_export.jsonl');
    expect(await refusal(file)).toBe(`'${file}' holds the records of a run. Name its folder.`);
  });

  it('a condition that no request meets, or that is of no number', async () => {
    const folder = run();
    expect(await refusal(folder, '--where', 'input_sequence_length > 99')).toBe(
      "--where: none of the 4 requests of this run meets 'input_sequence_length > 99'.",
    );
    expect(await refusal(folder, '--where', 'input_sequence_lenght > 9')).toBe(
      "--where: at column 1 there is 'input_sequence_lenght', and no request of this run has such a number. " +
        'Did you mean input_sequence_length?',
    );
  });

  it('an objective that nobody could keep', async () => {
    expect(await refusal(run(), '--goodput', 'inter_token_latency:5')).toBe(
      '--goodput: no request of this run has inter_token_latency. ' +
        'Metrics of single tokens need a run with --streaming.',
    );
  });

  it('a place that cannot be written', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(await refusal(run(), '--output', join(file, 'plots'))).toMatch(
      /ttft_over_time\.png could not be written: .* Name another folder with --output\.$/,
    );
  });
});

describe.runIf(goldenIsThere).each(['good', 'dead', 'text', 'turns', 'cancel'])("AIPerf's run %s", (name) => {
  it('is drawn', async () => {
    const golden = fileURLToPath(new URL(`../../../shared/reference/golden/${name}/`, import.meta.url));
    const output = temporaryFolder();
    const { code } = await plot(golden, '--output', output, '--format', 'svg');
    expect(code).toBe(0);
    expect(filesBelow(output)).toContain('request_timeline.svg');
  });
});
