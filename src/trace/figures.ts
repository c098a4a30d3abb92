import type { UserError } from '../util/errors.js';
import { type ArrivalFigures, Arrivals, type LoadFigures } from './arrivals.js';
import { HitCurve, type HitCurveFigures } from './hit-curve.js';
import { twoReadings } from './lines.js';
import { LruCache } from './lru-cache.js';
import { PrefixKeys } from './prefix-keys.js';
import { readTrace } from './read-trace.js';
import { lineError, type TraceRow } from './rows.js';
import { Blocks, Sharing, type SharingFigures } from './sharing.js';
import { TurnCounts } from './turn-counts.js';
import type { LengthReading } from './typed-rows.js';
import { ValueCounts, type ValueStatistics } from './value-counts.js';

export type { ArrivalFigures, LoadFigures, ValueStatistics };

/** Statistics of a trace. */
export interface TraceFigures extends SharingFigures {
  readonly requests: number;
  readonly arrivals: ArrivalFigures | undefined;
  /** Tokens; undefined if no row has the length. */
  readonly inputLength: ValueStatistics;
  readonly outputLength: ValueStatistics | undefined;
  readonly totalLength: ValueStatistics;
  /** Tokens of blocks that occur at the same position in another request, and the remaining tokens of the prompt. */
  readonly contextLength: ValueStatistics;
  readonly uniqueLength: ValueStatistics;
  /** Per request with IDs: leading IDs seen in earlier requests, as a fraction of its IDs. */
  readonly hitRate: ValueStatistics | undefined;
  /** Fraction of requests above each of `LONG_TOKENS`, input and output together. */
  readonly longShares: readonly { readonly tokens: number; readonly share: number }[];
  /** Number of requests by input plus output tokens, between `SIZE_EDGES`. */
  readonly sizes: readonly number[];
  readonly cache: CacheFigures | undefined;
  /** Undefined if no row has a session. */
  readonly sessions: SessionFigures | undefined;
  /** The first line with more hash IDs than its prompt has blocks: then the block size is wrong. */
  readonly misfitLine?: number | undefined;
}

/** Conversations of a trace; a row without a session is a conversation of one turn. */
export interface SessionFigures {
  readonly count: number;
  /** Those of at least two turns, as a fraction of conversations and of requests. */
  readonly multiTurnShare: number;
  readonly multiTurnRequestShare: number;
  readonly turns: ValueStatistics;
}

/** Prefix cache hit rates over all blocks, assuming each request completes before the next one arrives. */
export interface CacheFigures {
  readonly blocks: number;
  readonly blockSize: number;
  /** For an unlimited cache. */
  readonly infiniteHitRate: number;
  /** For an LRU cache with this many blocks. */
  readonly limited: { readonly blocks: number; readonly hitRate: number } | undefined;
  /** For LRU caches of all sizes. */
  readonly curve: HitCurveFigures;
}

export interface FiguresOptions extends LengthReading {
  /** Tokens per hash ID. */
  readonly blockSize: number;
  /** Blocks of the limited cache; absent: not simulated. */
  readonly cacheBlocks: number | undefined;
}

const LONG_TOKENS = [5000, 10_000, 40_000] as const;
/** Lower edges of the size classes, tokens; the last class is unbounded. */
export const SIZE_EDGES = [0, 5000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000] as const;

/** Memory for block keys before temporary files are used, bytes; sorting needs the same again. */
const BUFFER_BYTES = 32 * 2 ** 20;

/**
 * Computes the statistics of a trace in two passes without keeping it: memory grows by two bits per block, one bit per
 * prefix that may be shared, and at most 80 bytes per session.
 * @throws UserError for a malformed row, one without `input_length`, a file without rows, a file that changes between
 * the passes, and a full disk for temporary files.
 */
export async function traceFigures(
  path: string,
  options: FiguresOptions,
  bufferBytes = BUFFER_BYTES,
): Promise<TraceFigures> {
  const requireUnchanged = twoReadings(path);
  const first = await firstReading(path, options, bufferBytes);
  const second = await secondReading(path, options, first, bufferBytes);
  requireUnchanged();
  return { ...first.figures, ...second };
}

/** Statistics available after one pass, and the input of the second. */
async function firstReading(path: string, options: FiguresOptions, bufferBytes: number) {
  const arrivals = new Arrivals();
  const lengths = { input: new ValueCounts(), output: new ValueCounts(), total: new ValueCounts() };
  const sizes = SIZE_EDGES.map(() => 0);
  const blocks = new Blocks(bufferBytes);
  const turns = new TurnCounts();
  try {
    for await (const row of readTrace(path, options)) {
      const { hashIds, timestampMs, outputLength } = row;
      turns.add(row.sessionId);
      if (timestampMs !== undefined) arrivals.add(timestampMs, row.line);
      const input = inputLengthOf(path, row);
      const total = input + (outputLength ?? 0);
      lengths.input.add(input);
      if (outputLength !== undefined) lengths.output.add(outputLength);
      lengths.total.add(total);
      const size = SIZE_EDGES.findLastIndex((edge) => total >= edge);
      sizes[size] = (sizes[size] ?? 0) + 1;
      blocks.add(hashIds);
    }
    const inputLength = lengths.input.statistics();
    const totalLength = lengths.total.statistics();
    if (inputLength === undefined || totalLength === undefined) throw emptyTrace(path);
    const figures = {
      requests: inputLength.count,
      inputLength,
      outputLength: lengths.output.statistics(),
      totalLength,
      longShares: LONG_TOKENS.map((tokens) => ({ tokens, share: lengths.total.shareAbove(tokens) })),
      sizes,
      sessions: turns.figures(),
    };
    return { figures, arrivals, repeats: blocks.repeats() };
  } finally {
    blocks.close();
  }
}

/** Statistics that need a first pass: a block may be repeated by later requests. */
async function secondReading(
  path: string,
  options: FiguresOptions,
  { arrivals, repeats }: Awaited<ReturnType<typeof firstReading>>,
  bufferBytes: number,
) {
  const { blockSize, cacheBlocks } = options;
  const limited = cacheBlocks === undefined ? undefined : new LruCache(cacheBlocks);
  const prefixKeys = new PrefixKeys();
  const hitRates = new ValueCounts();
  const contexts = new ValueCounts();
  const uniques = new ValueCounts();
  const curve = new HitCurve();
  let misfitLine: number | undefined;
  let limitedHits = 0;
  const sharing = new Sharing(repeats, bufferBytes);
  try {
    for await (const row of readTrace(path, options)) {
      const { hashIds, timestampMs } = row;
      const input = inputLengthOf(path, row);
      if (timestampMs !== undefined) arrivals.addToWindow(timestampMs, input, row.outputLength ?? 0);
      if (hashIds.length > Math.ceil(input / blockSize)) misfitLine ??= row.line;
      const prefixes = prefixKeys.of(hashIds);
      const { leadingIds, repeatedBlocks } = sharing.add(hashIds, prefixes);
      if (hashIds.length > 0) hitRates.add(leadingIds / hashIds.length);
      limitedHits += limited?.request(prefixes) ?? 0;
      curve.add(prefixes);
      const isWhole = repeatedBlocks > 0 && repeatedBlocks === hashIds.length;
      const context = isWhole ? input : repeatedBlocks * blockSize;
      contexts.add(context);
      uniques.add(input - context);
    }
    const contextLength = contexts.statistics();
    const uniqueLength = uniques.statistics();
    if (contextLength === undefined || uniqueLength === undefined) throw emptyTrace(path);
    const shared = sharing.figures();
    const blocks = repeats.total;
    const limitedCache =
      cacheBlocks === undefined ? undefined : { blocks: cacheBlocks, hitRate: limitedHits / blocks };
    // Each prefix is missed once, at its first occurrence.
    const cache = {
      blocks,
      blockSize,
      infiniteHitRate: (blocks - shared.uniquePrefixes) / blocks,
      limited: limitedCache,
      curve: curve.figures(),
    };
    return {
      arrivals: arrivals.figures(),
      contextLength,
      uniqueLength,
      hitRate: hitRates.statistics(),
      ...shared,
      cache: blocks === 0 ? undefined : cache,
      misfitLine,
    };
  } finally {
    sharing.close();
  }
}

function emptyTrace(path: string): UserError {
  return lineError(path, 1, 'the file holds no rows', 'expected one JSON object per line');
}

function inputLengthOf(path: string, { inputLength, line }: TraceRow): number {
  if (inputLength !== undefined) return inputLength;
  throw lineError(
    path,
    line,
    'the row has no input_length',
    'add it, or count the tokens of the text with --tokenizer, e.g. aiperf trace stats FILE --tokenizer builtin',
  );
}
