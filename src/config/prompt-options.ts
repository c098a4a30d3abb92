import { MAX_TOKENS } from '../util/limits.js';
import { lengthMix } from './length-mix.js';
import type { OptionTable } from './option.js';
import { choice, integer, path, text } from './option-kinds.js';
import { rangeRatio } from './range-ratio.js';

const group = 'Prompt';

/** Options of lengths that go together, and of text that requests share. */
export const promptOptions = {
  promptCorpus: choice(['sonnet', 'coding', 'random'], {
    flags: ['--prompt-corpus'],
    group,
    default: 'sonnet',
    help: 'Where generated text comes from: an English novel; generated code, logs, SQL and Markdown; or random entries of the vocabulary.',
  }),
  cacheBust: choice(
    [
      'none',
      'system_prefix',
      'system_suffix',
      'first_turn_prefix',
      'first_turn_suffix',
      'warmup_isolation_system',
      'warmup_isolation_first_turn',
    ],
    {
      flags: ['--cache-bust'],
      group,
      default: 'none',
      help: 'Keep prefix caches from finding a session again: add a marker to the system message or the first turn, new for each session; warmup_isolation_…: one marker for all warm-up requests.',
    },
  ),
  seqDist: lengthMix({
    flags: ['--seq-dist', '--sequence-distribution'],
    group,
    help: 'Mix of input and output lengths with their percentages; 128|10: with a deviation, 64..256: uniform, 800~500: log-normal by mean and median; or a CSV with columns isl and osl (and count). Replaces --isl and --osl.',
  }),
  randomRangeRatio: rangeRatio({
    flags: ['--random-range-ratio'],
    group,
    help: 'Draw both lengths evenly around --isl and --osl: from L(1 - r) to L(1 + r); a pair like {"input":0.2,"output":0.5} sets both ratios.',
  }),
  randomCorpusStyle: choice(['vllm', 'sglang'], {
    flags: ['--random-corpus-style'],
    group,
    default: 'vllm',
    help: 'Whose benchmark --random-range-ratio follows; sglang: from L r to L.',
  }),
  numPrefixPrompts: integer({
    flags: ['--num-prefix-prompts', '--prefix-prompt-pool-size', '--prompt-prefix-pool-size'],
    group,
    min: 0,
    max: 10_000_000,
    default: 0,
    help: 'Number of generated prefixes; the prompt of each first turn begins with one of them, at random.',
  }),
  prefixPromptLength: integer({
    flags: ['--prefix-prompt-length', '--prompt-prefix-length'],
    group,
    min: 0,
    max: MAX_TOKENS,
    default: 0,
    help: 'Length of a prefix, tokens, on top of --isl.',
  }),
  sharedSystemPromptLength: integer({
    flags: ['--shared-system-prompt-length'],
    group,
    min: 1,
    max: MAX_TOKENS,
    defaultText: 'no system message',
    help: 'Length of a generated system message that all conversations share, tokens, on top of --isl.',
  }),
  userContextPromptLength: integer({
    flags: ['--user-context-prompt-length'],
    group,
    min: 1,
    max: MAX_TOKENS,
    defaultText: 'no context',
    help: 'Length of a generated first user message, one for each conversation, tokens, on top of --isl.',
  }),
  systemPrompt: text({
    flags: ['--system-prompt'],
    group,
    help: 'System message of every conversation, in front of one that the dataset has.',
  }),
  systemPromptFile: path({
    flags: ['--system-prompt-file'],
    group,
    existing: 'file',
    help: 'File with that message.',
  }),
} satisfies OptionTable;
