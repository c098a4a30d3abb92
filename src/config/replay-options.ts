import { callTypes, graphTypes } from './dataset-types.js';
import type { OptionTable } from './option.js';
import { number } from './option-kinds.js';

const group = 'Input';

/** Options of `profile` that change the recorded times of a file. */
export const replayOptions = {
  interTurnDelayCapSeconds: number({
    flags: ['--inter-turn-delay-cap-seconds'],
    group,
    min: 0,
    defaultText: 'no limit',
    help: 'Longest recorded delay before a turn, s; longer ones are cut to it.',
  }),
  replaySpeedup: number({
    flags: ['--replay-speedup'],
    group,
    above: 0,
    defaultText: '1',
    help: `Divide the recorded times and delays of agents (${graphTypes.join(', ')}) by this factor.`,
  }),
  traceIdleGapCapSeconds: number({
    flags: ['--trace-idle-gap-cap-seconds'],
    group,
    min: 0,
    defaultText: 'no limit',
    help: `Longest time in which no call of a session is in flight, s of the replay; what follows moves up (${callTypes.join(', ')}).`,
  }),
  maxIdleGapCapSeconds: number({
    flags: ['--max-idle-gap-cap-seconds'],
    group,
    above: 0,
    defaultText: 'no limit',
    help: 'The same over all sessions together: pauses of the whole trace.',
  }),
} satisfies OptionTable;

export const replayKeys = Object.keys(replayOptions) as (keyof typeof replayOptions)[];
