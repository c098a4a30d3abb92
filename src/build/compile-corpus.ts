import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compiledCorpus, indexCorpus } from '../dataset/corpus.js';
import { verifyPrompts } from '../dataset/prompts.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';

/**
 * Counts the words of the corpus with the shipped tokenizer and writes the result into `folder` (that of the
 * compiled tokenizer), so that a run starts without doing so.
 * @throws Error where prompts made from it would miss their length.
 */
export async function compileCorpus(folder: string): Promise<void> {
  const tokenizer = openTokenizer({ kind: 'shipped', name: 'builtin' });
  const index = indexCorpus(tokenizer);
  if (!verifyPrompts(index, tokenizer)) throw new Error('the shipped tokenizer does not count word by word');
  const { name, content } = compiledCorpus(index);
  await writeFile(join(folder, name), content);
}
