import { isObject, type Json, type JsonObject } from '../../util/json.js';
import type { AddedToken } from './added-tokens.js';
import { splitPattern } from './split-pattern.js';

/** A byte-level BPE except for vocabulary and merges. */
export interface BpeShape {
  readonly normalization: 'NFC' | 'none';
  /** Applied in turn: each splits text into its matches and the text between them. */
  readonly splits: readonly RegExp[];
  readonly addedTokens: readonly AddedToken[];
  /** A word in the vocabulary is that token, regardless of the merges. */
  readonly wholeWords: boolean;
}

/**
 * The shape of a tokenizer.json, ignoring vocabulary and merges; undefined unless it is a byte-level BPE that can be
 * reproduced here.
 */
export function bpeShape(tokenizer: JsonObject): BpeShape | undefined {
  const { model, decoder } = tokenizer;
  if (!isObject(model) || !isPlainBpe(model)) return undefined;
  if (!isObject(decoder) || decoder.type !== 'ByteLevel') return undefined;
  const normalization = normalizationOf(tokenizer.normalizer);
  const splits = splitsOf(tokenizer.pre_tokenizer);
  const addedTokens = addedTokensOf(tokenizer.added_tokens);
  if (normalization === undefined || splits === undefined || addedTokens === undefined) return undefined;
  return { normalization, splits, addedTokens, wholeWords: model.ignore_merges === true };
}

// Files from before 2021 omit the model's type.
function isPlainBpe(model: JsonObject): boolean {
  return (
    (model.type === 'BPE' || (model.type === undefined && Array.isArray(model.merges))) &&
    !model.dropout &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    !model.byte_fallback
  );
}

function normalizationOf(normalizer: Json | undefined): BpeShape['normalization'] | undefined {
  if (normalizer === null || normalizer === undefined) return 'none';
  if (!isObject(normalizer)) return undefined;
  if (normalizer.type === 'NFC') return 'NFC';
  const isEmptySequence = Array.isArray(normalizer.normalizers) && normalizer.normalizers.length === 0;
  return normalizer.type === 'Sequence' && isEmptySequence ? 'none' : undefined;
}

const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function splitsOf(preTokenizer: Json | undefined): RegExp[] | undefined {
  if (!isObject(preTokenizer)) return undefined;
  const steps = preTokenizer.type === 'Sequence' ? preTokenizer.pretokenizers : [preTokenizer];
  if (!Array.isArray(steps)) return undefined;
  const last = steps.at(-1);
  if (!isObject(last) || last.type !== 'ByteLevel' || last.add_prefix_space !== false) return undefined;
  const patterns = steps.slice(0, -1).map(isolatingPattern);
  // Absent counts as true: the file is older than the option.
  if (last.use_regex !== false) patterns.push(gpt2Pattern);
  const splits = patterns.map((pattern) => (pattern === undefined ? undefined : splitPattern(pattern)));
  return splits.every((split) => split !== undefined) ? splits : undefined;
}

function isolatingPattern(step: Json): string | undefined {
  if (!isObject(step) || step.type !== 'Split' || step.behavior !== 'Isolated' || step.invert === true) {
    return undefined;
  }
  const pattern = isObject(step.pattern) ? step.pattern.Regex : undefined;
  return typeof pattern === 'string' ? pattern : undefined;
}

function addedTokensOf(tokens: Json | undefined): AddedToken[] | undefined {
  if (tokens === undefined) return [];
  if (!Array.isArray(tokens)) return undefined;
  const read = tokens.map(addedToken);
  return read.every((token) => token !== undefined) ? read : undefined;
}

function addedToken(token: Json): AddedToken | undefined {
  if (!isObject(token)) return undefined;
  const { id, content } = token;
  if (typeof id !== 'number' || typeof content !== 'string' || content === '') return undefined;
  return {
    id,
    content,
    singleWord: token.single_word === true,
    stripLeft: token.lstrip === true,
    stripRight: token.rstrip === true,
    normalized: token.normalized === true,
  };
}
