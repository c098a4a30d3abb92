import type { OptionTable } from './option.js';
import { flag } from './option-kinds.js';

const group = 'Input';

/** Options of `profile` for a `baseten_trace`. */
export const basetenOptions = {
  openLoopReplay: flag({
    flags: ['--open-loop-replay'],
    off: ['--no-open-loop-replay'],
    group,
    default: true,
    defaultText: 'on',
    help: 'Send every turn of a baseten_trace at its recorded time. Off: later turns follow the response before them after the recorded pause.',
  }),
  openLoopStrict: flag({
    flags: ['--open-loop-strict'],
    group,
    help: 'Make every row of a baseten_trace a session of its own, so that none waits for a response.',
  }),
  omitKvHints: flag({
    flags: ['--omit-kv-hints'],
    group,
    help: 'Leave hash_ids and block_size out of the bodies of a baseten_trace.',
  }),
  forceMinTokens: flag({
    flags: ['--force-min-tokens'],
    off: ['--no-force-min-tokens'],
    group,
    default: true,
    defaultText: 'on',
    help: 'Send the recorded output length of a baseten_trace as min_tokens too.',
  }),
} satisfies OptionTable;

export const basetenKeys = Object.keys(basetenOptions) as (keyof typeof basetenOptions)[];
