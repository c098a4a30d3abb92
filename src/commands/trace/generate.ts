import { durationOption } from '../../config/duration.js';
import { environment } from '../../config/environment.js';
import type { OptionTable } from '../../config/option.js';
import { flag, integer, path } from '../../config/option-kinds.js';
import { withCommas } from '../../metrics/format.js';
import { layoutOn } from '../../report/layout.js';
import { drawTable } from '../../report/table.js';
import { fitTrace } from '../../trace/fit.js';
import { type GeneratedFigures, generateTrace } from '../../trace/generate.js';
import { type LengthSummary, readModel, type TraceModel } from '../../trace/model.js';
import { blockSizeOf } from '../../trace/read-trace.js';
import type { ValueCounts } from '../../trace/value-counts.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { blockSize, outFile, seed } from './options.js';

const generateOptions = {
  model: path({
    argument: 'model',
    group: 'Trace',
    existing: 'file',
    required: true,
    missing: 'name a model and a file to write, e.g. aiperf trace generate model.json trace.jsonl',
    help: 'Model of aiperf trace fit; with --like a trace.',
  }),
  out: outFile,
  like: flag({
    flags: ['--like'],
    group: 'Trace',
    help: 'The first file is a trace, to which a model is fitted.',
  }),
  requests: integer({
    flags: ['--requests'],
    group: 'Trace',
    min: 1,
    defaultText: 'those of the fitted trace, without --duration',
    help: 'Requests to generate.',
  }),
  duration: durationOption({
    flags: ['--duration'],
    group: 'Trace',
    defaultText: 'no limit',
    help: 'Length of the trace; beyond that of the fitted trace, its load over time repeats.',
  }),
  randomSeed: seed('all draws'),
  blockSize: { ...blockSize, help: 'With --like: tokens per hash id.' },
  consoleExportWidth: environment.consoleExportWidth,
} satisfies OptionTable;

/** `aiperf trace generate`: writes a synthetic trace. */
export const command: Command<typeof generateOptions> = { options: generateOptions, run };

async function run({ config }: Invocation<typeof generateOptions>, io: Io): Promise<number> {
  const { model: file, out, like, requests, duration, randomSeed } = config;
  const model = like ? await fitTrace(file, config.blockSize ?? (await blockSizeOf(file))) : readModel(file);
  const limit = duration === undefined ? model.source.requests : Number.POSITIVE_INFINITY;
  const figures = await generateTrace(
    model,
    out,
    {
      requests: requests ?? limit,
      durationMs: duration ?? Number.POSITIVE_INFINITY,
      seed: randomSeed,
    },
    [file],
  );
  const table = drawTable(
    {
      title: 'AIPerf | Synthetic Trace',
      columns: [
        { header: 'Figure', style: 'cyan' },
        { header: 'Target', yields: 'at spaces' },
        { header: 'Result', yields: 'at spaces' },
      ],
      rows: comparison(model, figures).map(([name, target, result]) => [
        name,
        figureText(target),
        figureText(result),
      ]),
    },
    layoutOn(io.stdout, config.consoleExportWidth, io.env),
  );
  io.stdout.write(`${table.join('\n')}\nWrote ${withThousands(figures.requests)} rows to ${oneLine(out)}.\n`);
  return 0;
}

type Comparison = readonly [name: string, target: number | undefined, result: number | undefined];

function comparison({ source }: TraceModel, figures: GeneratedFigures): readonly Comparison[] {
  const { arrivals, inputs, outputs, requests, sessions, blockHitRate } = figures;
  const percent = (share: number | undefined) => (share === undefined ? undefined : 100 * share);
  return [
    ['Requests/s', source.requests_per_sec, arrivals.perSecond],
    ['Inter-arrival CV', source.inter_arrival_cv ?? undefined, arrivals.cv],
    ['Turns per session', source.turns_per_session, requests / sessions],
    ...lengths('Input', source.input_length, inputs),
    ...lengths('Output', source.output_length, outputs),
    ['Repeated blocks (%)', percent(source.block_hit_rate ?? undefined), percent(blockHitRate)],
  ];
}

function lengths(name: string, target: LengthSummary | null, counts: ValueCounts): readonly Comparison[] {
  const result = counts.statistics();
  if (target === null) return [];
  return [
    [`${name} length mean`, target.mean, result?.mean],
    [`${name} length p50`, target.p50, result?.median],
    [`${name} length p90`, target.p90, result?.p90],
    [`${name} length p99`, target.p99, result?.p99],
  ];
}

function figureText(value: number | undefined): string {
  return value === undefined ? 'N/A' : withCommas(value);
}
