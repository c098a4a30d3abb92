import { type Random, type RandomStreams, randomStreams } from '../util/random.js';
import type { NamedTexts } from './conversation.js';
import type { RankingLengths } from './dataset-options.js';
import { sampleLength } from './lengths.js';
import type { PromptSource } from './prompts.js';
import type { TokenIdSource } from './token-ids.js';
import type { ChatOverhead } from './tokenizer/chat-template.js';

/** Lengths of the texts of generated turns, tokens. */
export interface TextLengths {
  /** 0: no text. */
  readonly isl: number;
  readonly islStddev: number;
  readonly textsPerTurn: number;
  /** Tokens by which prompts are shorter. */
  readonly chatOverhead: ChatOverhead | undefined;
  readonly rankings: RankingLengths | undefined;
}

/** Prompts of one turn, texts or token IDs, and the tokens of all of them. */
interface Texts {
  readonly texts: readonly NamedTexts[];
  readonly tokenIds?: readonly number[][];
  readonly tokens: number;
}

/** Mean tokens of a turn. */
export function meanTokens({ isl, textsPerTurn, rankings }: TextLengths): number {
  return rankings === undefined
    ? isl * textsPerTurn
    : rankings.queryTokens + rankings.passages * rankings.passageTokens;
}

/**
 * Makes the texts of turn `number`, the same ones for the same seed; `place` is its number within its conversation.
 * @param tokenIds makes token IDs instead; rankings are always texts.
 */
export function openTexts(
  lengths: TextLengths,
  seed: number,
  prompts: PromptSource,
  tokenIds?: TokenIdSource,
): (number: number, place: number) => Texts {
  const { isl, islStddev, textsPerTurn, rankings } = lengths;
  const { perMessage, perRequest } = lengths.chatOverhead ?? { perMessage: 0, perRequest: 0 };
  if (rankings !== undefined) return rankingTexts(rankings, randomStreams(seed, 'rankings'), prompts);
  const promptLengths = randomStreams(seed, 'prompt-length');
  const starts = randomStreams(seed, 'corpus-start');
  const furtherTexts = randomStreams(seed, 'further-texts');
  return (number, place) => {
    if (isl <= 0) return { texts: [], tokens: 0 };
    const cut = place === 0 ? perMessage + perRequest : perMessage;
    if (tokenIds !== undefined) {
      const { all, tokens } = batch(number, cut, tokenIds.prompt);
      return { texts: [], tokenIds: all, tokens };
    }
    const { all, tokens } = batch(number, cut, prompts.prompt);
    return { texts: [{ name: 'text', contents: all }], tokens };
  };

  function batch<Prompt>(number: number, cut: number, make: (tokens: number, random: Random) => Prompt) {
    let tokens = Math.max(1, sampleLength(isl, islStddev, promptLengths(number)) - cut);
    const all = [make(tokens, starts(number))];
    if (textsPerTurn > 1) {
      const random = furtherTexts(number);
      while (all.length < textsPerTurn) {
        const length = sampleLength(isl, islStddev, random);
        all.push(make(length, random));
        tokens += length;
      }
    }
    return { all, tokens };
  }
}

function rankingTexts(
  lengths: RankingLengths,
  streams: RandomStreams,
  prompts: PromptSource,
): (number: number) => Texts {
  return (number) => {
    const random = streams(number);
    let tokens = sampleLength(lengths.queryTokens, lengths.queryTokensStddev, random);
    const query = prompts.prompt(tokens, random);
    const count = sampleLength(lengths.passages, lengths.passagesStddev, random);
    const passages = Array.from({ length: count }, () => {
      const length = sampleLength(lengths.passageTokens, lengths.passageTokensStddev, random);
      tokens += length;
      return prompts.prompt(length, random);
    });
    return {
      texts: [
        { name: 'query', contents: [query] },
        { name: 'passages', contents: passages },
      ],
      tokens,
    };
  };
}
