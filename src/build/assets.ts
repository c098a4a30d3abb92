import { fileURLToPath } from 'node:url';
import { bundleProgram } from './bundle-program.js';
import { compileCorpora } from './compile-corpus.js';
import { compilePage } from './compile-page.js';
import { compileTokenizer } from './compile-tokenizer.js';
import { copyFont } from './copy-font.js';

// Builds the assets of the package. The corpora are measured with the tokenizer, so they come second.
const folder = fileURLToPath(new URL('../../assets/tokenizers/qwen3/', import.meta.url));
await compileTokenizer(folder);
await compileCorpora(folder);
await compilePage(fileURLToPath(new URL('../../assets/page/', import.meta.url)));
copyFont(fileURLToPath(new URL('../../assets/fonts/', import.meta.url)));
await bundleProgram();
