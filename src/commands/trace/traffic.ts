import type { ConfigOf, OptionTable } from '../../config/option.js';
import { flag, integer, path, text } from '../../config/option-kinds.js';
import { resolveTokenizer } from '../../dataset/tokenizer/resolve.js';
import type { TokenizerSource } from '../../dataset/tokenizer/tokenizer.js';
import type { TraceSize } from '../../traffic/trace-rows.js';
import { counted, withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { openLog } from '../../util/log.js';
import { oneLine } from '../../util/plain-text.js';

/** Options of the commands that make a trace of real traffic. */
export const trafficOptions = {
  output: path({
    flags: ['--output', '-o'],
    group: 'Trace',
    required: true,
    missing: 'name the file to write, e.g. --output trace.jsonl',
    help: 'Mooncake trace to write; may be .gz.',
  }),
  tokenizer: text({
    flags: ['--tokenizer'],
    group: 'Trace',
    metavar: '<name>',
    default: 'builtin',
    help: 'Tokenizer and chat template of the model: a folder, a Hugging Face ID, or builtin.',
  }),
  blockSize: integer({
    flags: ['--block-size'],
    group: 'Trace',
    min: 1,
    max: 10_000_000,
    default: 512,
    help: 'Tokens per hash id.',
  }),
  sessions: flag({
    flags: ['--sessions'],
    group: 'Trace',
    help: 'Write conversations as sessions: later turns have their new tokens and a delay, no hash ids.',
  }),
  keepModels: flag({
    flags: ['--keep-models'],
    group: 'Trace',
    help: 'Write the names of models instead of numbers.',
  }),
} satisfies OptionTable;

type TrafficConfig = ConfigOf<typeof trafficOptions>;

/** Finds the tokenizer of `--tokenizer`. @throws UserError */
export function trafficTokenizer({ tokenizer: name }: TrafficConfig, io: Io): Promise<TokenizerSource> {
  const { log } = openLog({ level: 'WARNING', show: (line) => io.stderr.write(`${line}\n`) });
  return resolveTokenizer({ name, revision: 'main', env: io.env, log });
}

/** What a trace was made from, besides its rows. */
export interface TrafficNotes {
  readonly refusedChats: number;
  readonly hasTemplate: boolean;
  readonly unanswered: { readonly withLimit: number; readonly withoutLimit: number };
}

/** Sentences about a trace that was written. */
export function writtenTrace(
  { output, blockSize }: TrafficConfig,
  { rows, conversations, ids, spanMs }: TraceSize,
  { refusedChats, hasTemplate, unanswered }: TrafficNotes,
): string[] {
  const { withLimit, withoutLimit } = unanswered;
  const lines = [
    `Wrote ${counted(rows, 'row')} to ${oneLine(output)}: ${counted(conversations, 'conversation')}, ` +
      `${withThousands(spanMs / 1000)} s, ${counted(ids, 'hash id')} of ${blockSize} tokens.`,
  ];
  if (refusedChats > 0) {
    lines.push(`${counted(refusedChats, 'chat')} refused by the chat template: rendered as plain text.`);
  }
  if (!hasTemplate) lines.push('The tokenizer has no chat template: chats are rendered as plain text.');
  if (withLimit > 0) {
    lines.push(`${counted(withLimit, 'request')} without an answer: output_length is the output limit.`);
  }
  if (withoutLimit > 0) {
    lines.push(
      `${counted(withoutLimit, 'request')} without an answer and without a limit: no output_length.`,
    );
  }
  if (blockSize !== 512) {
    lines.push(
      `To replay or analyze it: aiperf profile --isl-block-size ${blockSize}, aiperf trace stats --block-size ${blockSize}.`,
    );
  }
  return lines;
}
