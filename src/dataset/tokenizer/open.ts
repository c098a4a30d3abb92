import { openFiles } from './files.js';
import { openShipped } from './shipped.js';
import type { Tokenizer, TokenizerSource } from './tokenizer.js';

/**
 * Opens a tokenizer in any thread; about 20 ms for the bundled one, a second for a large tokenizer.json. @throws
 * UserError if the folder has no readable tokenizer.json.
 */
export function openTokenizer(source: TokenizerSource): Tokenizer {
  return source.kind === 'shipped' ? openShipped(source.name) : openFiles(source.name, source.folder);
}
