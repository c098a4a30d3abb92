import type { SpeedBenchType } from '../../config/dataset-types.js';
import { stringField } from './fields.js';
import { RowError, type RowFormat } from './format.js';
import { readMessages } from './mooncake-trace.js';

/** Stands in the published rows in place of texts that their owners publish. */
const PLACEHOLDER = 'FULL BENCHMARK DATA SHOULD BE FETCHED FROM THE SOURCE USING SPECDEC_BENCH';

/** A conversation of SPEED-Bench per row: each message is a turn with its role. */
export function speedBench(type: SpeedBenchType): RowFormat {
  const wanted = categoryOf(type);
  return {
    marks: (row) =>
      typeof row.question_id === 'string' && typeof row.category === 'string' && Array.isArray(row.messages),
    read(row, { warn }) {
      const category = stringField(row, 'category');
      if (category === undefined) throw new RowError('the row has no category');
      const isWanted = wanted === undefined || category === wanted;
      if (!isWanted) warn(`category ${category} is not sent: ${type} is ${wanted}`);
      return {
        sessionId: stringField(row, 'question_id'),
        turns: isWanted ? readMessages(row).map(turn) : [],
        input: 'text',
        history: 'live-answers',
      };
    },
  };
}

function turn(message: ReturnType<typeof readMessages>[number], place: number) {
  const role = stringField(message, 'role') ?? '';
  const content = stringField(message, 'content') ?? '';
  const at = `messages[${place}]`;
  if (content === PLACEHOLDER)
    throw new RowError(`${at} holds a placeholder in place of its text: prepare the data with specdec_bench`);
  if (role.trim() === '' || content.trim() === '')
    throw new RowError(`${at} must have a role and a content that are not empty`);
  return { role, texts: [{ name: '', contents: [content] }] };
}

/** The last words of the name behind the split; undefined for a whole split. */
function categoryOf(type: SpeedBenchType): string | undefined {
  const [, rest = ''] = /^speed_bench_(?:throughput_\d+k_?)?(.*)$/.exec(type) ?? [];
  return rest === '' || rest === 'qualitative' ? undefined : rest;
}

/** The split that a file's name tells; the rows are alike. */
export function speedBenchTypeOf(path: string): SpeedBenchType {
  const size = /throughput_(1|2|8|16|32)k/.exec(path)?.[1];
  return size === undefined
    ? 'speed_bench_qualitative'
    : (`speed_bench_throughput_${size}k` as SpeedBenchType);
}
