import type { Length } from '../config/length-mix.js';
import { type Random, type RandomStreams, randomStreams } from '../util/random.js';
import type { NamedTexts } from './conversation.js';
import type { RankingLengths, SharedPrompts } from './dataset-options.js';
import { drawLength, sampleLength } from './lengths.js';
import type { PromptMaker, PromptSource } from './prompts.js';
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
  readonly sharedPrompts: SharedPrompts | undefined;
}

/** Prompts of one turn, texts or token IDs, and the tokens of all of them. */
interface Texts {
  readonly texts: readonly NamedTexts[];
  readonly tokenIds?: readonly number[][];
  readonly tokens: number;
}

/** Mean tokens of a turn, with the texts that it shares with others. */
export function meanTokens({ isl, textsPerTurn, rankings, sharedPrompts }: TextLengths): number {
  if (rankings !== undefined) return rankings.queryTokens + rankings.passages * rankings.passageTokens;
  const { prefixTokens = 0, systemTokens = 0, contextTokens = 0 } = sharedPrompts ?? {};
  return (prefixTokens + isl) * textsPerTurn + systemTokens + contextTokens;
}

/** A turn among all generated ones. */
interface TurnPlace {
  /** From 0. */
  readonly number: number;
  readonly isFirst: boolean;
  /** What its input lengths are drawn from; undefined: mean and deviation of all turns. */
  readonly isl: Length | undefined;
}

/**
 * Makes the texts of a turn, the same ones for the same seed.
 * @param tokenIds makes token IDs instead; rankings are always texts.
 */
export function openTexts(
  lengths: TextLengths,
  seed: number,
  prompts: PromptSource,
  tokenIds?: TokenIdSource,
): (turn: TurnPlace) => Texts {
  const { isl, islStddev, textsPerTurn, rankings, sharedPrompts } = lengths;
  const { perMessage, perRequest } = lengths.chatOverhead ?? { perMessage: 0, perRequest: 0 };
  if (rankings !== undefined) return rankingTexts(rankings, randomStreams(seed, 'rankings'), prompts);
  const promptLengths = randomStreams(seed, 'prompt-length');
  const starts = randomStreams(seed, 'corpus-start');
  const furtherTexts = randomStreams(seed, 'further-texts');
  const prefixChoices = randomStreams(seed, 'prefix-choice');
  const ofAllTurns = { kind: 'normal', mean: isl, stddev: islStddev } as const;
  return (turn) => {
    if (isl <= 0) return { texts: [], tokens: 0 };
    if (tokenIds !== undefined) {
      const { all, tokens } = batch(turn, tokenIds);
      return { texts: [], tokenIds: all, tokens };
    }
    const { all, tokens } = batch(turn, prompts);
    return { texts: [{ name: 'text', contents: all }], tokens };
  };

  function batch<Prompt>({ number, isFirst, isl: own = ofAllTurns }: TurnPlace, source: PromptMaker<Prompt>) {
    const make =
      isFirst && sharedPrompts !== undefined ? prefixed(source, sharedPrompts, number) : plain(source);
    const overhead = isFirst ? perMessage + perRequest : perMessage;
    const first = make(Math.max(1, drawLength(own, promptLengths(number)) - overhead), starts(number));
    const all = [first.prompt];
    let { tokens } = first;
    if (textsPerTurn > 1) {
      const random = furtherTexts(number);
      while (all.length < textsPerTurn) {
        const further = make(drawLength(own, random), random);
        all.push(further.prompt);
        tokens += further.tokens;
      }
    }
    return { all, tokens };
  }

  /** Puts a prefix of the pool, drawn for each text, in front of it. */
  function prefixed<Prompt>(
    source: PromptMaker<Prompt>,
    { prefixes, prefixTokens }: SharedPrompts,
    number: number,
  ): Make<Prompt> {
    if (prefixes === 0) return plain(source);
    const choice = prefixChoices(number);
    return (length, random) => {
      const tokens = prefixTokens + length;
      return { prompt: source.blocks([choice.integer(prefixes)], tokens, prefixTokens, random), tokens };
    };
  }
}

/** Makes a prompt, and tells its tokens with those of its prefix. */
type Make<Prompt> = (length: number, random: Random) => { readonly prompt: Prompt; readonly tokens: number };

function plain<Prompt>(source: PromptMaker<Prompt>): Make<Prompt> {
  return (length, random) => ({ prompt: source.prompt(length, random), tokens: length });
}

function rankingTexts(
  lengths: RankingLengths,
  streams: RandomStreams,
  prompts: PromptSource,
): (turn: TurnPlace) => Texts {
  return ({ number }) => {
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
