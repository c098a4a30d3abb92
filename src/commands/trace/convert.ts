import type { OptionTable } from '../../config/option.js';
import { mooncakeTrace } from '../../dataset/loaders/mooncake-trace.js';
import { convertTrace } from '../../trace/convert.js';
import { blockSizeOf } from '../../trace/read-trace.js';
import { counted, withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { blockSize, fileType, outFile, traceFile } from './options.js';
import { openTextReader, textTokenizer } from './text-reader.js';

const convertOptions = {
  file: traceFile('aiperf trace convert azure.csv trace.jsonl'),
  out: outFile,
  type: fileType,
  tokenizer: textTokenizer,
  blockSize,
} satisfies OptionTable;

/** `aiperf trace convert`: converts a file of another type to a Mooncake trace. */
export const command: Command<typeof convertOptions> = { options: convertOptions, run };

async function run({ config }: Invocation<typeof convertOptions>, io: Io): Promise<number> {
  const { file, out, tokenizer } = config;
  const blockSize = config.blockSize ?? (await blockSizeOf(file, config.type));
  const texts = await openTextReader(tokenizer, blockSize, io);
  const { type, rows, empty, hasIds } = await convertTrace(file, out, {
    type: config.type,
    blockSize,
    texts,
  });
  const lines = [`Wrote ${counted(rows, 'row')} of ${type} to ${oneLine(out)}.`];
  if (empty > 0) lines.push(`${withThousands(empty)} without input or output tokens are skipped.`);
  if (hasIds && blockSize !== mooncakeTrace.blockSize) {
    lines.push(
      `Each hash id covers ${blockSize} tokens: aiperf profile needs --isl-block-size ${blockSize}, aiperf trace stats --block-size ${blockSize}.`,
    );
  }
  io.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
