import { randomStreams } from '../../util/random.js';
import type { Turn } from '../conversation.js';
import type { LoadedFiles } from '../media/loaded-files.js';
import { type Pace, paced } from '../pace.js';
import type { MarkedPrompts, PromptMaker, PromptSource } from '../prompts.js';
import type { TokenIdSource } from '../token-ids.js';
import { openTurnRules, type TurnRules } from '../turn-rules.js';
import type { GeneratedText, RowTurn } from './format.js';
import { rowMedia } from './read-row.js';

interface RowTurnOptions {
  readonly rules: TurnRules;
  /** Timestamps and delays in the file are ignored. */
  readonly ignoreTimings: boolean;
  readonly pace: Pace;
  readonly files: LoadedFiles;
}

/**
 * Fills in what rows leave open: model, output cap, generated text, media.
 * @returns called with a turn and its number in the whole dataset, and for a turn that the marker of a session is added
 * to, with what makes such texts.
 */
export function openRowTurns(
  { rules, ignoreTimings, pace, files }: RowTurnOptions,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): (turn: RowTurn, number: number, marked?: MarkedPrompts) => Turn {
  const defaults = openTurnRules(rules);
  const starts = randomStreams(rules.seed, 'corpus-start');
  return completed;

  function completed(
    { generated, maxTokens, media, model, ...fields }: RowTurn,
    number: number,
    marked?: MarkedPrompts,
  ): Turn {
    const cap = maxTokens ?? defaults.maxTokens(number);
    const { timestampMs, delayMs, ...untimed } = fields;
    return {
      ...defined(ignoreTimings ? untimed : { ...paced({ timestampMs, delayMs }, pace), ...untimed }),
      role: fields.role,
      texts: fields.texts,
      ...(generated && promptOf(generated, number, marked ?? prompts)),
      ...(media === undefined ? {} : { media: rowMedia(media, files) }),
      model: model ?? defaults.model(number),
      ...(generated ? { inputTokens: marked?.length(generated.tokens) ?? generated.tokens } : {}),
      ...(cap === undefined ? {} : { maxTokens: cap }),
    };
  }

  function promptOf(
    generated: GeneratedText,
    number: number,
    texts: PromptMaker<string>,
  ): Pick<Turn, 'texts' | 'tokenIds'> {
    return tokenIds === undefined
      ? { texts: [{ name: 'text', contents: [madeBy(texts, generated, number)] }] }
      : { texts: [], tokenIds: [madeBy(tokenIds, generated, number)] };
  }

  function madeBy<Prompt>(
    source: PromptMaker<Prompt>,
    { tokens, blockSize, hashIds }: GeneratedText,
    number: number,
  ): Prompt {
    const random = starts(number);
    if (hashIds.length === 0) return source.prompt(tokens, random);
    return source.blocks(hashIds, tokens, blockSize, random);
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Removes the keys whose value is undefined. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
