import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compiledCorpus, fixedCorpora, fixedCorpus, indexCorpus } from '../dataset/corpus.js';
import { verifyPrompts } from '../dataset/prompts.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';

/**
 * Counts the tokens of the corpora with the bundled tokenizer and writes the results into `folder` (that of the compiled
 * tokenizer), to save time at the start of a run.
 * @throws Error if prompts generated from them would miss their length.
 */
export async function compileCorpora(folder: string): Promise<void> {
  const tokenizer = openTokenizer({ kind: 'shipped', name: 'builtin' });
  for (const corpus of fixedCorpora) {
    const index = indexCorpus(tokenizer, fixedCorpus(corpus));
    if (!verifyPrompts(index, tokenizer))
      throw new Error('the shipped tokenizer does not count word by word');
    const { name, content } = compiledCorpus(corpus, index);
    await writeFile(join(folder, name), content);
  }
}
