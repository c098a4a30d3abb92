import type { Length } from '../config/length-mix.js';
import { type Random, type RandomStreams, randomStreams } from '../util/random.js';
import type { NamedTexts } from './conversation.js';
import type { RankingLengths, SharedPrompts } from './dataset-options.js';
import { drawLength, sampleLength } from './lengths.js';
import type { MarkedPrompts, PromptMaker, PromptSource } from './prompts.js';
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
 * @param marked makes the text of first turns that the marker of a session is added to; undefined: none is.
 */
export function openTexts(
  lengths: TextLengths,
  seed: number,
  prompts: PromptSource,
  tokenIds?: TokenIdSource,
  marked?: MarkedPrompts,
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
    const { all, tokens } = batch(turn, prompts, turn.isFirst ? marked : undefined);
    return { texts: [{ name: 'text', contents: all }], tokens };
  };

  function batch<Prompt>(
    { number, isFirst, isl: own = ofAllTurns }: TurnPlace,
    source: PromptMaker<Prompt>,
    withRoom?: MarkedPrompts & PromptMaker<Prompt>,
  ) {
    const prefix = isFirst && sharedPrompts !== undefined ? prefixOf(sharedPrompts, number) : undefined;
    const make = maker(source, prefix);
    const makeMarked = withRoom === undefined ? make : maker(withRoom, prefix, withRoom.length);
    const markedText = withRoom?.place.end === 'suffix' ? textsPerTurn - 1 : 0;
    const makeText = (place: number) => (place === markedText ? makeMarked : make);

    const overhead = isFirst ? perMessage + perRequest : perMessage;
    const length = Math.max(1, drawLength(own, promptLengths(number)) - overhead);
    const first = makeText(0)(length, starts(number));
    const all = [first.prompt];
    let { tokens } = first;
    if (textsPerTurn > 1) {
      const random = furtherTexts(number);
      while (all.length < textsPerTurn) {
        const further = makeText(all.length)(drawLength(own, random), random);
        all.push(further.prompt);
        tokens += further.tokens;
      }
    }
    return { all, tokens };
  }

  /** Draws a prefix of the pool for each text; undefined if there is no pool. */
  function prefixOf({ prefixes, prefixTokens }: SharedPrompts, number: number): Prefix | undefined {
    if (prefixes === 0) return undefined;
    const choice = prefixChoices(number);
    return { tokens: prefixTokens, draw: () => choice.integer(prefixes) };
  }
}

/** A prefix for each text. */
interface Prefix {
  readonly tokens: number;
  /** Its number in the pool. */
  readonly draw: () => number;
}

/** Makes a prompt with its prefix, and tells the tokens of both. */
type Make<Prompt> = (length: number, random: Random) => { readonly prompt: Prompt; readonly tokens: number };

/** @param lengthOf the length that a prompt has where `length` tokens are asked for. */
function maker<Prompt>(
  source: PromptMaker<Prompt>,
  prefix: Prefix | undefined,
  lengthOf = (tokens: number) => tokens,
): Make<Prompt> {
  if (prefix === undefined)
    return (length, random) => ({ prompt: source.prompt(length, random), tokens: lengthOf(length) });
  return (length, random) => {
    const tokens = lengthOf(prefix.tokens + length);
    return { prompt: source.blocks([prefix.draw()], tokens, prefix.tokens, random), tokens };
  };
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
