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
    help: 'Divide the recorded times and delays of agents (dag_jsonl, otel_spans) by this factor.',
  }),
  traceIdleGapCapSeconds: number({
    flags: ['--trace-idle-gap-cap-seconds'],
    group,
    min: 0,
    defaultText: 'no limit',
    help: 'Longest time in which no call of a session of otel_spans is in flight, s of the replay; what follows moves up.',
  }),
  maxIdleGapCapSeconds: number({
    flags: ['--max-idle-gap-cap-seconds'],
    group,
    above: 0,
    defaultText: 'no limit',
    help: 'The same over all sessions of otel_spans: pauses of the whole trace.',
  }),
} satisfies OptionTable;

export const replayKeys = Object.keys(replayOptions) as (keyof typeof replayOptions)[];
