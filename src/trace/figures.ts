import { statSync } from 'node:fs';
import { UserError } from '../util/errors.js';
import { unreadableFile } from '../util/lines.js';
import { type ArrivalFigures, Arrivals } from './arrivals.js';
import { requireRegularFile } from './lines.js';
import { LruCache } from './lru-cache.js';
import { PrefixKeys } from './prefix-keys.js';
import { lineError, readTrace, type TraceRow } from './rows.js';
import { Blocks, Sharing, type SharingFigures } from './sharing.js';
import { ValueCounts, type ValueStatistics } from './value-counts.js';

export type { ArrivalFigures, ValueStatistics };

/** What is in a trace. */
export interface TraceFigures extends SharingFigures {
  readonly requests: number;
  readonly arrivals: ArrivalFigures | undefined;
  /** Tokens; undefined where no row has the length. */
  readonly inputLength: ValueStatistics;
  readonly outputLength: ValueStatistics | undefined;
  readonly totalLength: ValueStatistics;
  /** Tokens of blocks that stand at the same place in another request, and the others of the prompt. */
  readonly contextLength: ValueStatistics;
  readonly uniqueLength: ValueStatistics;
  /** By request with ids: ids in front of the first that no earlier request had, as a share of its ids. */
  readonly hitRate: ValueStatistics | undefined;
  /** Share of requests above each of `LONG_TOKENS`, prompt and response together. */
  readonly longShares: readonly { readonly tokens: number; readonly share: number }[];
  /** Requests by prompt and answer together, between `SIZE_EDGES`. */
  readonly sizes: readonly number[];
  readonly cache: CacheFigures | undefined;
}

/** How many of all blocks a prefix cache could have had, if each request were done before the next one came. */
export interface CacheFigures {
  readonly blocks: number;
  readonly blockSize: number;
  /** Of a cache that forgets nothing. */
  readonly infiniteHitRate: number;
  /** Of a cache of so many blocks that forgets those unused for longest. */
  readonly limited: { readonly blocks: number; readonly hitRate: number } | undefined;
}

export interface FiguresOptions {
  /** Tokens that a hash id stands for. */
  readonly blockSize: number;
  /** Blocks of the limited cache; absent: none is looked at. */
  readonly cacheBlocks: number | undefined;
}

const LONG_TOKENS = [5000, 10_000, 40_000] as const;
/** Lower edges of the sizes that requests are counted by, tokens; the last has no upper one. */
export const SIZE_EDGES = [0, 5000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000] as const;

/** What the keys of blocks may take in memory before a temporary file is used, bytes; sorting them takes it again. */
const BUFFER_BYTES = 32 * 2 ** 20;

/**
 * Works out the figures of a trace, which is read twice and never held: what grows with it in memory are two bits for
 * each block, and one for each prefix that may be shared.
 * @throws UserError for a malformed row, one without `input_length`, a file without rows, one that changes meanwhile,
 * and a full disk for temporary files.
 */
export async function traceFigures(
  path: string,
  options: FiguresOptions,
  bufferBytes = BUFFER_BYTES,
): Promise<TraceFigures> {
  requireRegularFile(path);
  const version = versionOf(path);
  const first = await firstReading(path, bufferBytes);
  const second = await secondReading(path, options, first, bufferBytes);
  if (versionOf(path) !== version) {
    throw new UserError(`${path} has changed while it was read`, 'run it again when nothing writes the file');
  }
  return { ...first.figures, ...second };
}

/** The figures that one reading gives, and what the second one needs. */
async function firstReading(path: string, bufferBytes: number) {
  const arrivals = new Arrivals();
  const lengths = { input: new ValueCounts(), output: new ValueCounts(), total: new ValueCounts() };
  const sizes = SIZE_EDGES.map(() => 0);
  const blocks = new Blocks(bufferBytes);
  try {
    for await (const row of readTrace(path)) {
      const { hashIds, timestampMs, outputLength } = row;
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
    };
    return { figures, arrivals, repeats: blocks.repeats() };
  } finally {
    blocks.close();
  }
}

/** The figures that need to know all rows: a block is repeated by later ones, too. */
async function secondReading(
  path: string,
  { blockSize, cacheBlocks }: FiguresOptions,
  { arrivals, repeats }: Awaited<ReturnType<typeof firstReading>>,
  bufferBytes: number,
) {
  const limited = cacheBlocks === undefined ? undefined : new LruCache(cacheBlocks);
  const prefixKeys = new PrefixKeys();
  const hitRates = new ValueCounts();
  const contexts = new ValueCounts();
  const uniques = new ValueCounts();
  let limitedHits = 0;
  const sharing = new Sharing(repeats, bufferBytes);
  try {
    for await (const row of readTrace(path)) {
      const { hashIds, timestampMs } = row;
      if (timestampMs !== undefined) arrivals.addToWindow(timestampMs);
      const prefixes = prefixKeys.of(hashIds);
      const { leadingIds, repeatedBlocks } = sharing.add(hashIds, prefixes);
      if (hashIds.length > 0) hitRates.add(leadingIds / hashIds.length);
      limitedHits += limited?.request(prefixes) ?? 0;
      const input = inputLengthOf(path, row);
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
    // Each prefix is missed once, where it stands first.
    const cache = {
      blocks,
      blockSize,
      infiniteHitRate: (blocks - shared.uniquePrefixes) / blocks,
      limited: limitedCache,
    };
    return {
      arrivals: arrivals.figures(),
      contextLength,
      uniqueLength,
      hitRate: hitRates.statistics(),
      ...shared,
      cache: blocks === 0 ? undefined : cache,
    };
  } finally {
    sharing.close();
  }
}

/** Tells whether a file is still the same. */
function versionOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    throw unreadableFile(path, error);
  }
}

function emptyTrace(path: string): UserError {
  return lineError(path, 1, 'the file holds no rows', 'expected one JSON object a line');
}

function inputLengthOf(path: string, { inputLength, line }: TraceRow): number {
  if (inputLength !== undefined) return inputLength;
  throw lineError(
    path,
    line,
    'the row has no input_length',
    'the figures need the length of every prompt, in tokens',
  );
}
