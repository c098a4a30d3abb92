import { objectIn } from '../../../util/json.js';
import type { Pace } from '../../pace.js';
import type { Call } from '../otel/call.js';
import { orderedCalls } from '../otel/call-order.js';
import { type AgentRows, type RecordedSession, recordedRows } from '../otel/recorded-rows.js';
import { inRow, parseRow, rowError } from '../read-row.js';
import { type RowFile, rowCount, rowText, shared } from '../row-file.js';
import { wekaCalls } from './calls.js';
import { readWekaTrace, type WekaTrace } from './trace.js';

interface WekaOptions {
  /** Of `--isl-block-size`; undefined: that of the traces. */
  readonly blockSize: number | undefined;
  readonly pace: Pace;
  /** Of `--model`. */
  readonly models: readonly string[];
}

/** One row with everything, where the first line is not JSON: the file is one trace over many lines. */
export function withWholeFile(file: RowFile): RowFile {
  if (objectIn(rowText(file, 0)) !== undefined) return file;
  return { ...file, starts: shared([0]), ends: shared([file.bytes.length]), lines: shared([1]) };
}

/**
 * The agents of traces as rows of `dag_jsonl`. Each trace is a session.
 * @throws UserError naming file and line, for a malformed trace, and for traces with blocks of several sizes.
 */
export function wekaRows(file: RowFile, { blockSize, pace, models }: WekaOptions): AgentRows {
  const sessions: RecordedSession[] = [];
  const blocks = new Map<Call, readonly number[]>();
  let size = blockSize;
  let made = 0;
  for (let row = 0; row < rowCount(file); row++) {
    const trace = inRow(file, row, () => readWekaTrace(parseRow(file, row)));
    if (blockSize === undefined) size = sameSize(file, row, trace, size);
    const { calls, path, hashIds } = wekaCalls(trace, models);
    const numbers = new Map<number | bigint, number>();
    for (const call of calls) {
      const count = Math.ceil((call.inputTokens ?? 1) / (size ?? trace.blockSize));
      const ids = (hashIds.get(call) ?? []).slice(0, count);
      blocks.set(
        call,
        ids.map((id) => {
          const known = numbers.get(id) ?? made++;
          numbers.set(id, known);
          return known;
        }),
      );
    }
    const line = file.lines[row] ?? 1;
    sessions.push({
      id: trace.id,
      calls: orderedCalls(calls, { path }),
      lineOf: () => line,
    });
  }
  const rows = recordedRows(file.path, sessions, pace, (call) => blocks.get(call) ?? []);
  return { rows, blockSize: size ?? 1 };
}

function sameSize(file: RowFile, row: number, trace: WekaTrace, before: number | undefined): number {
  if (before === undefined || before === trace.blockSize) return trace.blockSize;
  throw rowError(
    file,
    row,
    `block_size is ${trace.blockSize}, and ${before} in the traces before it`,
    'send them one after the other, or set --isl-block-size',
  );
}
