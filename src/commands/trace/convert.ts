import type { OptionTable } from '../../config/option.js';
import { choice } from '../../config/option-kinds.js';
import { convertTrace, foreignForms } from '../../trace/convert.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { outFile, traceFile } from './options.js';

const convertOptions = {
  file: traceFile('aiperf trace convert azure.csv trace.jsonl'),
  out: outFile,
  from: choice(foreignForms, {
    flags: ['--from'],
    group: 'Trace',
    defaultText: 'detected',
    help: "Input format: Azure's LLM inference CSV, BurstGPT's CSV, or Qwen-Bailian's JSON lines.",
  }),
} satisfies OptionTable;

/** `aiperf trace convert`: converts another trace format to a Mooncake trace. */
export const command: Command<typeof convertOptions> = { options: convertOptions, run };

async function run({ config }: Invocation<typeof convertOptions>, io: Io): Promise<number> {
  const { form, rows, empty, blockSize } = await convertTrace(config.file, config.out, config.from);
  const lines = [`Wrote ${withThousands(rows)} rows of ${form} to ${oneLine(config.out)}.`];
  if (empty > 0) lines.push(`${withThousands(empty)} without input or output tokens are skipped.`);
  if (blockSize !== undefined) {
    lines.push(
      `Each hash id covers ${blockSize} tokens: aiperf profile needs --isl-block-size ${blockSize}, aiperf trace stats --block-size ${blockSize}.`,
    );
  }
  io.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
