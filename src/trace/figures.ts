import { type ArrivalFigures, Arrivals } from './arrivals.js';
import { LruCache } from './lru-cache.js';
import { readTrace, rowError, type TraceRow } from './rows.js';
import { Sharing, type SharingFigures } from './sharing.js';
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
  /** Share of requests of more than `LONG_TOKENS` tokens, prompt and answer together. */
  readonly longShare: number;
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

export const LONG_TOKENS = 40_000;
/** Lower edges of the sizes that requests are counted by, tokens; the last has no upper one. */
export const SIZE_EDGES = [0, 5000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000] as const;

/**
 * Works out the figures of a trace, which is read twice and never held.
 * @throws UserError for a malformed row, one without `input_length`, and a file without rows.
 */
export async function traceFigures(path: string, options: FiguresOptions): Promise<TraceFigures> {
  const { blockSize, cacheBlocks } = options;
  const sharing = new Sharing();
  const limited = cacheBlocks === undefined ? undefined : new LruCache(cacheBlocks);
  const arrivals = new Arrivals();
  const lengths = { input: new ValueCounts(), output: new ValueCounts(), total: new ValueCounts() };
  const hitRates = new ValueCounts();
  const sizes = SIZE_EDGES.map(() => 0);
  let requests = 0;
  let blocks = 0;
  let hits = 0;
  let limitedHits = 0;

  for await (const row of readTrace(path)) {
    const { hashIds, timestampMs, outputLength } = row;
    requests++;
    if (timestampMs !== undefined) arrivals.add(timestampMs, row.line);
    const input = inputLengthOf(path, row);
    const total = input + (outputLength ?? 0);
    lengths.input.add(input);
    if (outputLength !== undefined) lengths.output.add(outputLength);
    lengths.total.add(total);
    const size = SIZE_EDGES.findLastIndex((edge) => total >= edge);
    sizes[size] = (sizes[size] ?? 0) + 1;
    if (hashIds.length === 0) continue;
    const shared = sharing.add(hashIds);
    hitRates.add(shared.leadingIds / hashIds.length);
    blocks += hashIds.length;
    hits += shared.leadingPrefixes;
    limitedHits += limited?.request(shared.prefixes) ?? 0;
  }
  const inputLength = lengths.input.statistics();
  const totalLength = lengths.total.statistics();
  const contexts = await contextLengths(path, sharing, blockSize);
  if (inputLength === undefined || totalLength === undefined || contexts === undefined) {
    throw rowError(path, 1, 'the file holds no rows', 'expected one JSON object a line');
  }
  return {
    requests,
    arrivals: arrivals.figures(),
    inputLength,
    outputLength: lengths.output.statistics(),
    totalLength,
    ...contexts,
    hitRate: hitRates.statistics(),
    longShare: lengths.total.shareAbove(LONG_TOKENS),
    sizes,
    ...sharing.figures(),
    cache:
      blocks === 0
        ? undefined
        : {
            blocks,
            blockSize,
            infiniteHitRate: hits / blocks,
            limited:
              cacheBlocks === undefined ? undefined : { blocks: cacheBlocks, hitRate: limitedHits / blocks },
          },
  };
}

/** How long the repeated part of each prompt is, and the rest: the second reading, since later rows repeat too. */
async function contextLengths(path: string, sharing: Sharing, blockSize: number) {
  const contexts = new ValueCounts();
  const uniques = new ValueCounts();
  for await (const row of readTrace(path)) {
    const input = inputLengthOf(path, row);
    const repeated = sharing.repeatedBlocks(row.hashIds);
    const isWhole = repeated > 0 && repeated === row.hashIds.length;
    const context = isWhole ? input : repeated * blockSize;
    contexts.add(context);
    uniques.add(input - context);
  }
  const contextLength = contexts.statistics();
  const uniqueLength = uniques.statistics();
  return contextLength && uniqueLength && { contextLength, uniqueLength };
}

function inputLengthOf(path: string, { inputLength, line }: TraceRow): number {
  if (inputLength !== undefined && inputLength >= 0) return inputLength;
  throw rowError(
    path,
    line,
    inputLength === undefined
      ? 'the row has no input_length'
      : `input_length must be at least 0, got ${inputLength}`,
    'the figures need the length of every prompt, in tokens',
  );
}
