import { MAX_FACTOR } from '../util/limits.js';
import type { OptionTable } from './option.js';
import { integer, number } from './option-kinds.js';

const group = 'Trace synthesis';

/** Options of `profile` that transform a trace before it is sent. */
export const synthesisOptions = {
  synthesisSpeedupRatio: number({
    flags: ['--synthesis-speedup-ratio'],
    group,
    min: 0,
    default: 1,
    help: 'Divide the timestamps of a trace by this factor; 0: keep them.',
  }),
  synthesisPrefixLenMultiplier: number({
    flags: ['--synthesis-prefix-len-multiplier'],
    group,
    min: 0,
    max: MAX_FACTOR,
    default: 1,
    help: 'Multiply the number of leading blocks that a prompt shares with others.',
  }),
  synthesisPrefixRootMultiplier: integer({
    flags: ['--synthesis-prefix-root-multiplier'],
    group,
    min: 1,
    max: MAX_FACTOR,
    default: 1,
    help: 'Make N variants of every shared prefix and rotate them, so that prefix sharing drops by N.',
  }),
  synthesisPromptLenMultiplier: number({
    flags: ['--synthesis-prompt-len-multiplier'],
    group,
    min: 0,
    max: MAX_FACTOR,
    default: 1,
    help: 'Multiply the tokens after the shared blocks.',
  }),
  synthesisOutputLenMultiplier: number({
    flags: ['--synthesis-output-len-multiplier'],
    group,
    min: 0,
    max: MAX_FACTOR,
    default: 1,
    help: 'Multiply the output lengths of a trace.',
  }),
  synthesisMaxIsl: integer({
    flags: ['--synthesis-max-isl'],
    group,
    min: 1,
    defaultText: 'no limit',
    help: 'Skip requests of a trace with longer prompts, tokens.',
  }),
  synthesisMaxOsl: integer({
    flags: ['--synthesis-max-osl'],
    group,
    min: 1,
    defaultText: 'no limit',
    help: 'Cap the output lengths of a trace, tokens.',
  }),
} satisfies OptionTable;

/** The factors among them; 1 has no effect. */
export const synthesisFactors = [
  'synthesisSpeedupRatio',
  'synthesisPrefixLenMultiplier',
  'synthesisPrefixRootMultiplier',
  'synthesisPromptLenMultiplier',
  'synthesisOutputLenMultiplier',
] as const satisfies readonly (keyof typeof synthesisOptions)[];

export const synthesisKeys = [...synthesisFactors, 'synthesisMaxIsl', 'synthesisMaxOsl'] as const;
