import { openFiles } from './files.js';
import { openShipped } from './shipped.js';
import type { Tokenizer, TokenizerSource } from './tokenizer.js';

/**
 * Opens a tokenizer, in any thread; some 20 ms for the shipped one, a second for a large tokenizer.json.
 * Throws UserError when the folder has no tokenizer.json that can be read.
 */
export function openTokenizer(source: TokenizerSource): Tokenizer {
  return source.kind === 'shipped' ? openShipped(source.name) : openFiles(source.name, source.folder);
}
