import type { OptionTable } from '../../config/option.js';
import { flag, integer, list, number } from '../../config/option-kinds.js';
import { filterTrace } from '../../trace/filter.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { checkTimeRange, outFile, seed, timeRange, traceFile } from './options.js';

const filterOptions = {
  file: traceFile('aiperf trace filter trace.jsonl part.jsonl --max-isl 8000'),
  out: outFile,
  ...timeRange,
  minIsl: length('--min-isl', 'Keep requests with prompts of at least N tokens.'),
  maxIsl: length('--max-isl', 'Keep requests with prompts of at most N tokens.'),
  minOsl: length('--min-osl', 'Keep requests with responses of at least N tokens.'),
  maxOsl: length('--max-osl', 'Keep requests with responses of at most N tokens.'),
  session: list({
    flags: ['--session'],
    group: 'Trace',
    items: 'session ids',
    help: 'Keep these sessions (session_id).',
  }),
  model: list({
    flags: ['--model'],
    group: 'Trace',
    items: 'model names',
    help: 'Keep requests to these models (key model).',
  }),
  dropUser: list({
    flags: ['--drop-user'],
    group: 'Trace',
    items: 'user names',
    help: 'Drop requests of these users (key user).',
  }),
  multiTurn: flag({ flags: ['--multi-turn'], group: 'Trace', help: 'Keep sessions of at least two rows.' }),
  sample: number({
    flags: ['--sample'],
    group: 'Trace',
    min: 0,
    max: 1,
    default: 1,
    help: 'Share of sessions to keep; a row without a session counts as one.',
  }),
  randomSeed: seed('--sample'),
  byRow: flag({
    flags: ['--by-row'],
    group: 'Trace',
    help: 'Judge each row alone: a session may lose turns. Otherwise it is kept if all its rows meet the conditions and it starts in the time range.',
  }),
} satisfies OptionTable;

/** `aiperf trace filter`: writes the requests or sessions of a trace that meet conditions. */
export const command: Command<typeof filterOptions> = { options: filterOptions, check: checkTimeRange, run };

function length(flag: string, help: string) {
  return integer({ flags: [flag], group: 'Trace', min: 0, defaultText: 'no limit', help });
}

async function run({ config }: Invocation<typeof filterOptions>, io: Io): Promise<number> {
  const { file, out, start, end } = config;
  const { rows, kept, sessions, keptSessions } = await filterTrace(file, out, {
    startMs: start,
    endMs: end ?? Number.POSITIVE_INFINITY,
    inputLength: { min: config.minIsl ?? 0, max: config.maxIsl ?? Number.POSITIVE_INFINITY },
    outputLength: { min: config.minOsl ?? 0, max: config.maxOsl ?? Number.POSITIVE_INFINITY },
    sessions: config.session,
    models: config.model,
    droppedUsers: config.dropUser ?? [],
    multiTurn: config.multiTurn,
    sample: config.sample,
    seed: config.randomSeed,
    byRow: config.byRow,
  });
  const ofSessions =
    sessions === rows ? '' : ` (${withThousands(keptSessions)} of ${withThousands(sessions)} sessions)`;
  io.stdout.write(
    `Wrote ${withThousands(kept)} of ${withThousands(rows)} rows${ofSessions} to ${oneLine(out)}.\n`,
  );
  return 0;
}
