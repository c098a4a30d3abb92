import { UserError } from '../util/errors.js';
import { type Random, randomStream, randomStreams, wideStreams } from '../util/random.js';
import type { Marker, MarkerPlace } from './cache-bust.js';
import type { CorpusIndex } from './corpus.js';
import { type HashId, highWord, lowWord } from './hash-id.js';
import { openPassages } from './passages.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

/** Makes prompts of exact token length: texts, or token IDs. */
export interface PromptMaker<Prompt> {
  /** A prompt of exactly `tokens` tokens, chosen by `random`. */
  prompt(tokens: number, random: Random): Prompt;
  /**
   * A prompt of exactly `inputLength` tokens: one block of `blockSize` tokens per ID. A block depends only on the seed and
   * its ID, so equal leading IDs give equal beginnings. The last block is cut to the remaining length; if more remains,
   * what `random` chooses fills it.
   * @throws Error unless `inputLength` exceeds `(hashIds.length - 1) * blockSize`: see `finalBlockTokens`.
   */
  blocks(hashIds: ArrayLike<HashId>, inputLength: number, blockSize: number, random: Random): Prompt;
}

/** Generates text from the corpus. */
export interface PromptSource extends PromptMaker<string> {
  /** Makes prompts that leave room for a marker, if sessions have one. */
  readonly marked?: MarkedPrompts;
}

/** Makes prompts that have their length together with a marker; of shorter ones than that, one token is left. */
export interface MarkedPrompts extends PromptMaker<string> {
  readonly place: MarkerPlace;
  /** The length of a prompt of `tokens` tokens with its marker: at least one more than the marker's. */
  length(tokens: number): number;
}

/** A marker like those that sessions get. */
export interface MarkerRoom extends Marker {
  readonly place: MarkerPlace;
  readonly tokens: number;
}

/**
 * Opens a source of prompts.
 * @param tokenizer pass it if `verifyPrompts` found that counts do not add up over words: each prompt is then encoded
 * and corrected at its end until its length is exact (far slower).
 * @param room for a marker; undefined: sessions have none.
 */
export function openPrompts(
  index: CorpusIndex,
  seed: number,
  tokenizer?: Tokenizer,
  room?: MarkerRoom,
): PromptSource {
  const source = openMaker(index, seed, tokenizer, undefined);
  if (room === undefined) return source;
  const maker = openMaker(index, seed, tokenizer, room);
  const length = (tokens: number) => Math.max(tokens, room.tokens + 1);
  return {
    ...source,
    marked: {
      place: room.place,
      length,
      prompt: (tokens, random) => maker.prompt(length(tokens) - room.tokens, random),
      blocks(hashIds, inputLength, blockSize, random) {
        const left = length(inputLength) - room.tokens;
        const ids = Array.from(hashIds as ArrayLike<HashId>).slice(0, Math.ceil(left / blockSize));
        return maker.blocks(ids, left, blockSize, random);
      },
    },
  };
}

function openMaker(
  index: CorpusIndex,
  seed: number,
  tokenizer: Tokenizer | undefined,
  room: MarkerRoom | undefined,
): PromptMaker<string> {
  const passages = openPassages(index);
  const streams = blockStreams(seed);
  const { before, after, tokens: roomTokens } = room ?? { before: '', after: '', tokens: 0 };
  // Behind a word that ends in a letter, the blank line of a marker costs the same always.
  const leading = after === '' ? passages.leading : passages.leadingToLetter;
  const fresh = (tokens: number, random: Random) => leading(tokens, tokens, random);

  return {
    prompt: (tokens, random) => exact('', fresh(tokens, random), tokens, random),
    blocks(hashIds, inputLength, blockSize, random) {
      const { kept, end } = blockTexts(hashIds, inputLength, blockSize, random);
      const endsInBlock = inputLength <= hashIds.length * blockSize;
      const lastId = hashIds[hashIds.length - 1] ?? 0;
      return exact(kept, end, inputLength, endsInBlock ? streams(lastId) : random);
    },
  };

  /** The fixed text, and the text that may be corrected: the cut block or the fresh end. */
  function blockTexts(ids: ArrayLike<HashId>, inputLength: number, blockSize: number, random: Random) {
    const final = finalBlockTokens(ids.length, inputLength, blockSize);
    if (final <= 0 || ids.length === 0) {
      throw new Error(`${ids.length} blocks of ${blockSize} tokens do not fit ${inputLength} tokens`);
    }
    const pieces: string[] = [];
    for (let place = 0; place < ids.length; place++) {
      const isEnd = place === ids.length - 1 && final <= blockSize;
      const take = isEnd ? leading : passages.leading;
      pieces.push(take(blockSize, isEnd ? final : blockSize, streams(ids[place] ?? 0)));
    }
    if (final > blockSize) pieces.push(fresh(final - blockSize, random));
    const end = pieces.pop() ?? '';
    return { kept: pieces.join(' '), end };
  }

  function exact(kept: string, end: string, tokens: number, random: Random): string {
    let changing = end;
    for (let round = 0; round < maxRounds; round++) {
      const text = kept === '' ? changing : `${kept} ${changing}`;
      const counted = tokenizer ? tokenizer.count(before + text + after) - roomTokens : tokens;
      if (counted === tokens) return text;
      if (counted > tokens) {
        changing = shortened(changing, (counted - tokens) * passages.charactersPerToken);
      } else {
        // Alternate with and without a space: if one character is one token, a new word may always be too long.
        const gap = round & 2 ? '' : ' ';
        changing += gap + fresh(tokens - counted, random);
      }
    }
    throw new UserError(
      `no prompt of exactly ${tokens} tokens could be made with the tokenizer ${tokenizer?.name}`,
      'ask for longer prompts, or name another tokenizer with --tokenizer',
    );
  }
}

/**
 * Tokens left for the last of `blocks` blocks: more than `blockSize` if fresh text follows, 0 or less if there are too
 * many IDs for the length.
 */
export function finalBlockTokens(blocks: number, inputLength: number, blockSize: number): number {
  return inputLength - (blocks - 1) * blockSize;
}

/** A random stream per block ID; distinct IDs have distinct streams. */
export function blockStreams(seed: number): (id: HashId) => Random {
  const short = randomStreams(seed, 'hash-block');
  const long = wideStreams(seed, 'long-hash-block');
  return (id) => (id >= 0 && id <= 0xffff_ffff ? short(Number(id)) : long(lowWord(id), highWord(id)));
}

/**
 * Re-encodes twenty sample prompts, with a marker if there is one; false if one misses its length, so `openPrompts`
 * needs the tokenizer.
 */
export function verifyPrompts(index: CorpusIndex, tokenizer: Tokenizer, room?: MarkerRoom): boolean {
  const prompts = openMaker(index, 0, undefined, room);
  const { before, after, tokens: roomTokens } = room ?? { before: '', after: '', tokens: 0 };
  const countIn = (text: string) => tokenizer.count(before + text + after) - roomTokens;
  const random = randomStream(0, 'verify');
  for (const tokens of [1, 2, 3, 4, 5, 7, 11, 16, 29, 47, 76, 123, 199, 322]) {
    if (countIn(prompts.prompt(tokens, random)) !== tokens) return false;
  }
  for (const tokens of [65, 77, 90, 96, 101, 128]) {
    if (countIn(prompts.blocks([tokens, 1, 2], tokens, 32, random)) !== tokens) return false;
  }
  return true;
}

function shortened(text: string, byCharacters: number): string {
  const left = text.length - Math.max(1, Math.floor(byCharacters));
  return text.slice(0, Math.max(1, left)).trimEnd();
}

// Few are needed: each round adds or removes about the missing or excess tokens.
const maxRounds = 32;
