import type { HashId } from '../hash-id.js';
import { finalBlockTokens } from '../prompts.js';
import { mismatch } from './fields.js';
import { type GeneratedText, RowError } from './format.js';

/**
 * Text of a trace's row.
 * @param tokens its `input_length`. @throws RowError if there is none, or if it is too short for the hash IDs.
 */
export function generatedText(tokens: number, hashIds: readonly HashId[], blockSize: number): GeneratedText {
  if (tokens <= 0) throw mismatch('input_length', 'above 0', tokens);
  const count = hashIds.length;
  const final = finalBlockTokens(count, tokens, blockSize);
  if (count > 0 && final <= 0) {
    throw new RowError(
      `input_length ${tokens} does not fit ${count} hash_ids of ${blockSize} tokens: ` +
        `the last block would have ${final} tokens. ${fittingSize(count, tokens)}`,
    );
  }
  return { tokens, blockSize, hashIds };
}

/** The block sizes with which `count` blocks, of which only the last may be partial, have `tokens` tokens. */
function fittingSize(count: number, tokens: number): string {
  const least = Math.ceil(tokens / count);
  const most = Math.floor((tokens - 1) / (count - 1));
  if (least > most) return 'No block size fits them: correct the row';
  const sizes = least === most ? `${least} tokens` : `${least} to ${most} tokens`;
  return `Blocks of ${sizes} would fit: set --isl-block-size`;
}
