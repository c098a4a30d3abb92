import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { environment } from '../../config/environment.js';
import type { OptionTable } from '../../config/option.js';
import { integer, path } from '../../config/option-kinds.js';
import { traceJson } from '../../export/trace-json.js';
import { layoutOn } from '../../report/layout.js';
import { traceReport } from '../../report/trace-report.js';
import { SIZE_EDGES, traceFigures } from '../../trace/figures.js';
import { blockSizeOf } from '../../trace/read-trace.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Command, Invocation } from '../command.js';
import { blockSize, fileType } from './options.js';
import { openTextReader, textTokenizer } from './text-reader.js';

/** Options of `aiperf trace stats`, which AIPerf calls `analyze-trace`. */
const statsOptions = {
  file: path({
    argument: 'file',
    flags: ['--input-file'],
    group: 'Trace',
    existing: 'file',
    required: true,
    missing: 'name a trace, e.g. aiperf trace stats mooncake_trace.jsonl',
    help: 'Trace or dataset of any type that aiperf profile reads; may be .gz.',
  }),
  type: fileType,
  tokenizer: textTokenizer,
  blockSize,
  cacheBlocks: integer({
    flags: ['--cache-blocks'],
    group: 'Trace',
    min: 1,
    max: 16_000_000,
    defaultText: 'an infinite cache only',
    help: 'Also compute the hit rate of an LRU cache of N blocks.',
  }),
  outputFile: path({
    flags: ['--output-file'],
    group: 'Trace',
    defaultText: 'none',
    help: 'Write the statistics to this file as JSON.',
  }),
  consoleExportWidth: environment.consoleExportWidth,
} satisfies OptionTable;

/** `aiperf trace stats`: prints statistics of a trace. */
export const command: Command<typeof statsOptions> = { options: statsOptions, run };

async function run({ config }: Invocation<typeof statsOptions>, io: Io): Promise<number> {
  const { file, cacheBlocks, outputFile } = config;
  const blockSize = config.blockSize ?? (await blockSizeOf(file, config.type));
  const texts = await openTextReader(config.tokenizer, blockSize, io);
  const figures = await traceFigures(file, { type: config.type, blockSize, cacheBlocks, texts });
  if (outputFile !== undefined) {
    try {
      writeFileSync(outputFile, traceJson(figures));
    } catch (thrown) {
      throw new UserError(`--output-file cannot be written: ${messageOf(thrown)}`);
    }
  }
  const layout = layoutOn(io.stdout, config.consoleExportWidth, io.env);
  io.stdout.write(traceReport(basename(file), figures, SIZE_EDGES, layout));
  return 0;
}
