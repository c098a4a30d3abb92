import { type LengthPair, lengthPairs } from '../../config/length-mix.js';
import type { Config } from '../../config/options.js';
import { rangePair } from '../../config/range-ratio.js';
import type { SharedPrompts } from '../../dataset/dataset-options.js';
import { meanOf } from '../../dataset/lengths.js';
import { UserError } from '../../util/errors.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';
import { readTextFile } from '../../util/text-file.js';

/** What both lengths are drawn from where they go together. @throws UserError */
export function pairsOf(config: Config): readonly LengthPair[] | undefined {
  const { seqDist, randomRangeRatio, randomCorpusStyle, isl, osl = 0 } = config;
  if (seqDist !== undefined) return lengthPairs(seqDist);
  if (randomRangeRatio === undefined) return undefined;
  return [rangePair(randomRangeRatio, randomCorpusStyle, { isl, osl })];
}

/** Mean length of generated prompts, tokens. */
export function meanIsl(config: Config, pairs: readonly LengthPair[] | undefined): number {
  if (pairs === undefined) return config.isl;
  const weights = pairs.reduce((sum, { weight }) => sum + weight, 0);
  return pairs.reduce((sum, { isl, weight }) => sum + (meanOf(isl) * weight) / weights, 0);
}

/** Text that generated requests share; undefined where they share none. */
export function sharedPrompts(config: Config): SharedPrompts | undefined {
  const shared = {
    prefixes: config.numPrefixPrompts,
    prefixTokens: config.prefixPromptLength,
    systemTokens: config.sharedSystemPromptLength ?? 0,
    contextTokens: config.userContextPromptLength ?? 0,
  };
  return Object.values(shared).some((value) => value > 0) ? shared : undefined;
}

/** The system message that is put in front of every conversation's own. @throws UserError for a file that cannot be read, or holds no text. */
export function systemPromptOf({ systemPrompt, systemPromptFile }: Config): string | undefined {
  if (systemPromptFile === undefined) return systemPrompt;
  const text = readTextFile(systemPromptFile, MAX_ROW_BYTES);
  if (text === '') throw new UserError(`${systemPromptFile} is empty`, 'write the system message to it');
  return text;
}
