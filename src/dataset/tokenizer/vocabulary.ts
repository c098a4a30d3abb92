import { UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { readTokenizerJson } from './files.js';
import { shippedVocabulary, type Vocabulary } from './shipped.js';
import type { TokenizerSource } from './tokenizer.js';

/**
 * The IDs of a tokenizer's vocabulary in ascending order, in shared memory. Added tokens are left out: chat marks,
 * beginning and end of a text, padding, places of images; so is the token for unknown text.
 * @throws UserError for a file that lists no vocabulary.
 */
export function ordinaryIds(source: TokenizerSource): Uint32Array {
  const { vocabulary, addedTokens } =
    source.kind === 'shipped' ? shippedVocabulary() : vocabularyOf(source.name, source.folder);
  const added = new Set((Array.isArray(addedTokens) ? addedTokens : []).map((token) => idOf(token)));
  const ids = vocabulary.filter((id) => !added.has(id)).sort((a, b) => a - b);
  if (ids.length === 0) throw withoutVocabulary(source.name);
  const shared = new Uint32Array(new SharedArrayBuffer(4 * ids.length));
  shared.set(ids);
  return shared;
}

function vocabularyOf(name: string, folder: string): Vocabulary {
  const { model, added_tokens: addedTokens }: JsonObject = readTokenizerJson(name, folder);
  const { vocab, unk_id: unknownId, unk_token: unknown }: JsonObject = isObject(model) ? model : {};
  // Unigram models list their tokens by ID.
  if (Array.isArray(vocab)) {
    return { vocabulary: [...vocab.keys()].filter((id) => id !== unknownId), addedTokens };
  }
  if (!isObject(vocab)) throw withoutVocabulary(name);
  const ids = Object.entries(vocab).flatMap(([token, id]) =>
    typeof id === 'number' && token !== unknown ? [id] : [],
  );
  return { vocabulary: ids, addedTokens };
}

function idOf(token: Json): Json | undefined {
  return isObject(token) ? token.id : undefined;
}

function withoutVocabulary(name: string): UserError {
  return new UserError(
    `Tokenizer ${name}: its tokenizer.json lists no vocabulary to draw token ids from`,
    'Name another tokenizer of the model with --tokenizer, or leave --isl-as-token-ids out.',
  );
}
