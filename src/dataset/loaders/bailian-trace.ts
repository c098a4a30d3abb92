import { hashIdsField, integerField, lengthField, numberField } from './fields.js';
import { RowError, type RowFormat } from './format.js';
import { generatedText } from './generated-text.js';
import { outputLength } from './mooncake-trace.js';

/** Tokens per hash ID. */
const BLOCK_TOKENS = 16;
/** `parent_chat_id` of the first request of a session. */
const NO_PARENT = -1;

/**
 * Requests of Qwen-Bailian's traces: times in seconds, lengths and prefix blocks. A row covers its whole prompt, history
 * included, so every turn is sent alone.
 */
export const bailianTrace = {
  isTrace: true,
  blockSize: BLOCK_TOKENS,
  marks: (row) => 'chat_id' in row && ('parent_chat_id' in row || ('type' in row && 'timestamp' in row)),
  lengths: (row) => ({
    input: required('input_length', lengthField(row, 'input_length')),
    output: required('output_length', lengthField(row, 'output_length')),
  }),
  read(row, context) {
    const parent = integerField(row, 'parent_chat_id') ?? NO_PARENT;
    const timestampMs = required('timestamp', numberField(row, 'timestamp')) * 1000;
    return {
      link: {
        id: String(required('chat_id', integerField(row, 'chat_id'))),
        parent: parent === NO_PARENT ? undefined : String(parent),
      },
      turns: [
        {
          role: 'user',
          texts: [],
          generated: generatedText(
            required('input_length', lengthField(row, 'input_length')),
            hashIdsField(row),
            context.blockSize ?? BLOCK_TOKENS,
          ),
          maxTokens: required('output_length', outputLength(row, context)),
          timestampMs,
        },
      ],
      input: 'generated text',
      history: 'self-contained',
    };
  },
} as const satisfies RowFormat;

function required(key: string, value: number | undefined): number {
  if (value !== undefined) return value;
  throw new RowError(`the row has no ${key}`);
}
