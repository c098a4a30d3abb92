import { text } from '../../config/option-kinds.js';
import { openTokenizer } from '../../dataset/tokenizer/open.js';
import { resolveTokenizer } from '../../dataset/tokenizer/resolve.js';
import { inputTextOf, outputCapOf } from '../../endpoint/payload.js';
import { raw } from '../../endpoint/raw.js';
import { BlockHashes, type TextReader } from '../../trace/prompt-tokens.js';
import type { Io } from '../../util/io.js';
import type { JsonObject } from '../../util/json.js';
import { openLog } from '../../util/log.js';

export const textTokenizer = text({
  flags: ['--tokenizer'],
  group: 'Trace',
  metavar: '<name>',
  defaultText: 'none: rows need lengths',
  help: 'Count tokens of texts, messages and bodies with this tokenizer: a folder, a Hugging Face ID, or builtin.',
});

/**
 * Counts prompts as a run counts its input: all texts of a body joined by spaces, without a chat template.
 * @param blockSize tokens per hash ID. @returns undefined if no tokenizer is named. @throws UserError if it is not found.
 */
export async function openTextReader(
  name: string | undefined,
  blockSize: number,
  io: Io,
): Promise<TextReader | undefined> {
  if (name === undefined) return undefined;
  const { log } = openLog({ level: 'WARNING', show: (line) => io.stderr.write(`${line}\n`) });
  const tokenizer = openTokenizer(await resolveTokenizer({ name, revision: 'main', env: io.env, log }));
  const hashes = new BlockHashes(blockSize);
  return {
    read({ payload, messages, tools, texts, extra = {} }) {
      const prompt = messages ?? texts.flatMap(({ contents }) => contents);
      const body: JsonObject = payload ?? { messages: [...prompt], ...(tools && { tools: [...tools] }) };
      const tokens = tokenizer.encode(inputTextOf(raw, body));
      return {
        inputLength: tokens.length,
        hashIds: hashes.of(tokens),
        maxTokens: outputCapOf(raw, payload ?? extra),
      };
    },
  };
}
