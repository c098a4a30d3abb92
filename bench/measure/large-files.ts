import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type ParquetColumn, writeParquet } from './large-parquet.js';

/** A format of which large files are written. */
export interface LargeFormat {
  readonly name: string;
  readonly type: string;
  /** What the file's name ends in. */
  readonly ending: string;
  /** Options of the run besides the file. */
  readonly args: readonly string[];
  readonly start?: string;
  readonly row?: (number: number) => string;
  readonly separator?: string;
  readonly end?: string;
  /** In place of rows: of a Parquet file. */
  readonly columns?: readonly ParquetColumn[];
  readonly groupRows?: number;
}

/** About 1 KB of words that compress like English text. */
const texts = Array.from({ length: 997 }, (_, seed) => {
  let state = seed + 1;
  return Array.from({ length: 180 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state % 30_011).toString(36);
  }).join(' ');
});
const text = (number: number) => texts[number % texts.length] ?? '';
const messages = (number: number) => `[{"role":"user","content":"${number} ${text(number)}"}]`;
const blocks = texts.map((_, number) =>
  Array.from({ length: 30 }, (__, at) => (at < 10 ? at : 30 * number + at)).join(','),
);
const traceRow = (number: number, rest: string) =>
  `{${rest}"input_length":15000,"output_length":1,"hash_ids":[${blocks[number % blocks.length]}]}`;

const closed = ['--concurrency', '8'];
const singleTurn = (number: number) => `{"text":"${number} ${text(number)}","output_length":1}`;

const burstRow = (number: number) =>
  `${0.005 * number},ChatGPT,${100 + (number % 900)},1,${101 + (number % 900)},Conversation log`;
const burstHeader = 'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n';
const basetenColumns: readonly ParquetColumn[] = [
  { name: 'timestamp_start_unix_ms', type: 'INT64', cell: (row) => 1_700_000_000_000n + BigInt(5 * row) },
  { name: 'prompt', type: 'UTF8', cell: (row) => `${row} ${text(row)}` },
  { name: 'input_tokens', type: 'INT64', cell: () => 400n },
  { name: 'output_tokens', type: 'INT64', cell: () => 1n },
  { name: 'provided_session_id', type: 'UTF8', cell: (row) => `s${Math.floor(row / 64) * 16 + (row % 16)}` },
];

export const largeFormats: readonly LargeFormat[] = [
  { name: 'single_turn', type: 'single_turn', ending: '.jsonl', args: closed, row: singleTurn },
  { name: 'single_turn, gzip', type: 'single_turn', ending: '.jsonl.gz', args: closed, row: singleTurn },
  {
    ...{ name: 'multi_turn, 2 rows a session', type: 'multi_turn', ending: '.jsonl', args: closed },
    row: (number) =>
      `{"session_id":"s${Math.floor(number / 16) * 8 + (number % 8)}","turns":[{"text":"${text(number)}"}]}`,
  },
  {
    ...{ name: 'mooncake_trace', type: 'mooncake_trace', ending: '.jsonl', args: closed },
    row: (number) => traceRow(number, ''),
  },
  {
    ...{
      name: 'mooncake_trace on its schedule',
      type: 'mooncake_trace',
      ending: '.jsonl',
      args: ['--fixed-schedule'],
    },
    row: (number) => traceRow(number, `"timestamp":${5 * number},`),
  },
  {
    ...{ name: 'mooncake_trace, 4 rows a session', type: 'mooncake_trace', ending: '.jsonl', args: closed },
    row: (number) => traceRow(number, `"session_id":"s${Math.floor(number / 64) * 16 + (number % 16)}",`),
  },
  {
    ...{ name: 'sharegpt, a JSON array', type: 'sharegpt', ending: '.json', args: closed },
    ...{ start: '[', separator: ',\n', end: ']' },
    row: (number) =>
      `{"id":"${number}","conversations":[{"from":"human","value":"${text(number)}"},{"from":"gpt","value":"${text(number + 1)}"}]}`,
  },
  {
    ...{ name: 'openai_batch', type: 'openai_batch', ending: '.jsonl', args: closed },
    row: (number) =>
      `{"custom_id":"${number}","method":"POST","url":"/v1/chat/completions","body":{"messages":${messages(number)},"max_tokens":1}}`,
  },
  {
    ...{ name: 'raw_payload', type: 'raw_payload', ending: '.jsonl', args: closed },
    row: (number) => `{"messages":${messages(number)},"max_tokens":1}`,
  },
  {
    ...{ name: 'inputs_json', type: 'inputs_json', ending: '.json', args: closed },
    ...{ start: '{"data":[', separator: ',\n', end: ']}' },
    row: (number) =>
      `{"session_id":"s${number}","payloads":[{"messages":${messages(number)},"max_tokens":1}]}`,
  },
  {
    ...{ name: 'burst_gpt_trace, CSV', type: 'burst_gpt_trace', ending: '.csv', args: closed },
    ...{ start: burstHeader, row: burstRow },
  },
  {
    ...{ name: 'burst_gpt_trace, gzip', type: 'burst_gpt_trace', ending: '.csv.gz', args: closed },
    ...{ start: burstHeader, row: burstRow },
  },
  {
    ...{ name: 'baseten_trace, Parquet, groups of 10,000 rows', type: 'baseten_trace', ending: '.parquet' },
    ...{ args: closed, columns: basetenColumns, groupRows: 10_000 },
  },
  {
    ...{ name: 'baseten_trace, Parquet, groups of 100,000 rows', type: 'baseten_trace', ending: '.parquet' },
    ...{ args: closed, columns: basetenColumns, groupRows: 100_000 },
  },
];

const PIECE_BYTES = 32 * 2 ** 20;
// More than a run reads ahead of 200 requests: it sees no row twice.
const DISTINCT_BYTES = 256 * 2 ** 20;

/** Writes a file of about `bytes` bytes, before compression; its rows repeat. */
export async function writeLargeFile(path: string, format: LargeFormat, bytes: number): Promise<void> {
  const { start = '', separator = '\n', end = '', row, columns, groupRows = 10_000 } = format;
  if (columns !== undefined) await writeParquet(path, columns, groupRows, bytes);
  if (row === undefined) return;
  const packed = (text: string) => (path.endsWith('.gz') ? gzipSync(text, { level: 1 }) : Buffer.from(text));
  const pieces: { readonly length: number; readonly data: Buffer }[] = [];
  let number = 0;
  for (let total = 0; total < Math.min(bytes, DISTINCT_BYTES); total += pieces.at(-1)?.length ?? 0) {
    let piece = '';
    while (piece.length < PIECE_BYTES) piece += row(number++) + separator;
    // The members of a gzip file are read as one.
    pieces.push({ length: piece.length, data: packed(piece) });
  }
  const file = openSync(path, 'w');
  try {
    if (start !== '') writeSync(file, packed(start));
    for (let written = 0, next = 0; written < bytes; next++) {
      const piece = pieces[next % pieces.length];
      if (piece === undefined) break;
      writeSync(file, piece.data);
      written += piece.length;
    }
    writeSync(file, packed(row(number) + end));
  } finally {
    closeSync(file);
  }
}
