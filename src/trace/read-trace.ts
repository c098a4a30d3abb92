import { mooncakeTrace } from '../dataset/loaders/mooncake-trace.js';
import { foreignTrace } from './convert.js';
import { BAILIAN_BLOCK, isBailian } from './forms.js';
import { traceLines } from './lines.js';
import { inLine, jsonRow, readMooncake, type TraceRow } from './rows.js';

/** Formats that are told apart by their first line. */
type TraceForm = 'mooncake' | 'bailian' | 'csv';

/**
 * Streams the rows of a trace: Mooncake as they are, Azure, BurstGPT and Bailian as rows of a Mooncake trace.
 * @throws UserError for a malformed row, naming file and line.
 */
export async function* readTrace(path: string): AsyncGenerator<TraceRow> {
  yield* (await traceForm(path)) === 'mooncake' ? readMooncake(path) : foreignTrace(path);
}

/** Tokens per hash ID, where no option says otherwise. */
export async function blockSizeOf(path: string): Promise<number> {
  return (await traceForm(path)) === 'bailian' ? BAILIAN_BLOCK : mooncakeTrace.blockSize;
}

async function traceForm(path: string): Promise<TraceForm> {
  for await (const line of traceLines(path)) {
    if (!line.text.startsWith('{')) return line.text.includes(',') ? 'csv' : 'mooncake';
    return isBailian(inLine(path, line.number, () => jsonRow(line))) ? 'bailian' : 'mooncake';
  }
  return 'mooncake';
}
