import { MAX_TOKENS } from '../util/limits.js';
import type { OptionTable } from './option.js';
import { integer } from './option-kinds.js';

const group = 'Rankings';
const onRankings = 'rankings endpoints only';

/** Options of synthetic rankings: a query, and passages to rank by it. */
export const rankingsOptions = {
  rankingsPassagesMean: integer({
    flags: ['--rankings-passages-mean'],
    group,
    min: 1,
    max: 100_000,
    default: 1,
    help: `Mean number of passages per request; ${onRankings}.`,
  }),
  rankingsPassagesStddev: integer({
    flags: ['--rankings-passages-stddev'],
    group,
    min: 0,
    max: 100_000,
    default: 0,
    help: 'Standard deviation of that number.',
  }),
  rankingsPassagesPromptTokenMean: integer({
    flags: ['--rankings-passages-prompt-token-mean'],
    group,
    min: 1,
    max: MAX_TOKENS,
    default: 550,
    help: `Mean length of a passage, tokens; ${onRankings}.`,
  }),
  rankingsPassagesPromptTokenStddev: integer({
    flags: ['--rankings-passages-prompt-token-stddev'],
    group,
    min: 0,
    max: MAX_TOKENS,
    default: 0,
    help: 'Standard deviation of that length.',
  }),
  rankingsQueryPromptTokenMean: integer({
    flags: ['--rankings-query-prompt-token-mean'],
    group,
    min: 1,
    max: MAX_TOKENS,
    default: 550,
    help: `Mean length of the query, tokens; ${onRankings}.`,
  }),
  rankingsQueryPromptTokenStddev: integer({
    flags: ['--rankings-query-prompt-token-stddev'],
    group,
    min: 0,
    max: MAX_TOKENS,
    default: 0,
    help: 'Standard deviation of that length.',
  }),
} satisfies OptionTable;
