import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TraceFigures, traceFigures } from '../../src/trace/figures.js';
import { UserError } from '../../src/util/errors.js';

const BLOCK_SIZE = 10;
const folder = mkdtempSync(join(tmpdir(), 'aiperf-sharing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'trace.jsonl');

/** What the disk does to writes into temporary files. */
const disk = vi.hoisted(() => ({
  freeBytes: Number.POSITIVE_INFINITY,
  mostAtOnce: Number.POSITIVE_INFINITY,
}));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    writeSync: (file: number, bytes: Uint8Array, from: number, length: number, to: number) => {
      if (to >= disk.freeBytes) throw new Error('ENOSPC: no space left on device, write');
      return fs.writeSync(file, bytes, from, Math.min(length, disk.mostAtOnce), to);
    },
  };
});

beforeEach(() => {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  vi.stubEnv('TMPDIR', temporary);
});
afterEach(() => {
  const left = readdirSync(tmpdir());
  vi.unstubAllEnvs();
  disk.freeBytes = Number.POSITIVE_INFINITY;
  disk.mostAtOnce = Number.POSITIVE_INFINITY;
  expect(left).toEqual([]);
});

function write(requests: readonly (readonly number[])[]): void {
  const rows = requests.map((ids) => ({ input_length: BLOCK_SIZE * ids.length + 7, hash_ids: ids }));
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** What requests share, word by word from the definitions, every list held. */
function slowly(requests: readonly (readonly number[])[], cacheBlocks: number) {
  const prefixesOf = (ids: readonly number[]) => ids.map((_, place) => ids.slice(0, place + 1).join());
  const counts = countsOf(requests.flatMap(prefixesOf));
  const places = countsOf(requests.flatMap((ids) => ids.map((id, place) => `${place}:${id}`)));
  const firsts = countsOf(requests.flatMap((ids) => ids.slice(0, 1).map(String)));
  const repeated = (of: Map<string, number>) => [...of.values()].filter((count) => count > 1);
  const total = requests.flat().length;
  const hitRates = requests.flatMap((ids, row) => {
    const earlier = new Set(requests.slice(0, row).flat());
    return ids.length === 0 ? [] : [leading(ids, (id) => earlier.has(id)) / ids.length];
  });
  const contexts = requests.map((ids) => {
    const blocks = ids.filter((id, place) => (places.get(`${place}:${id}`) ?? 0) > 1).length;
    return blocks > 0 && blocks === ids.length ? BLOCK_SIZE * ids.length + 7 : BLOCK_SIZE * blocks;
  });
  let held: string[] = [];
  let limitedHits = 0;
  for (const ids of requests) {
    const prefixes = prefixesOf(ids);
    limitedHits += leading(prefixes, (prefix) => held.includes(prefix));
    held = [...prefixes, ...held.filter((prefix) => !prefixes.includes(prefix))].slice(0, cacheBlocks);
  }
  return {
    uniquePrefixes: counts.size,
    prefixGroups: repeated(firsts).length,
    prefixReuseRatio: total === 0 ? 0 : sum(repeated(counts)) / total,
    hitRates,
    contexts,
    cache:
      total === 0
        ? undefined
        : {
            blocks: total,
            blockSize: BLOCK_SIZE,
            infiniteHitRate: (total - counts.size) / total,
            limited: { blocks: cacheBlocks, hitRate: limitedHits / total },
          },
  };
}

function countsOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** How many in front are so. */
function leading<T>(items: readonly T[], isSo: (item: T) => boolean): number {
  const end = items.findIndex((item) => !isSo(item));
  return end === -1 ? items.length : end;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

function expectSame(
  figures: TraceFigures,
  { hitRates, contexts, ...exact }: ReturnType<typeof slowly>,
): void {
  expect(figures).toMatchObject(exact);
  expect(figures.hitRate?.count).toBe(hitRates.length || undefined);
  if (hitRates.length > 0) expect(figures.hitRate?.mean).toBeCloseTo(mean(hitRates), 12);
  expect(figures.contextLength.mean).toBeCloseTo(mean(contexts), 9);
  expect(figures.contextLength).toMatchObject({ min: Math.min(...contexts), max: Math.max(...contexts) });
}

describe('what requests share, found by way of temporary files,', () => {
  it('is what the definitions say', async () => {
    const id = fc.oneof(
      fc.integer({ min: -2, max: 6 }),
      fc.constantFrom(2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, 1 - 2 ** 53),
    );
    const requests = fc.array(fc.array(id, { maxLength: 6 }), { minLength: 1, maxLength: 12 });
    const bufferBytes = fc.integer({ min: 1, max: 300 });
    const cacheBlocks = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(requests, bufferBytes, cacheBlocks, async (lists, buffer, blocks) => {
        write(lists);
        const figures = await traceFigures(path, { blockSize: BLOCK_SIZE, cacheBlocks: blocks }, buffer);
        expectSame(figures, slowly(lists, blocks));
      }),
      { numRuns: 30 },
    );
  });

  it('is the same with thousands of blocks, most in one partition, and a disk that takes a few bytes at a time', async () => {
    disk.mostAtOnce = 1001;
    // Request i has block 7 at its places 0 to 19,999 but at one, where it has a block of its own.
    const requests = Array.from({ length: 3 }, (_, i) =>
      Array.from({ length: 20_000 }, (_, k) => (k === 9000 + i ? i : 7)),
    );
    write(requests);
    const figures = await traceFigures(path, { blockSize: BLOCK_SIZE, cacheBlocks: undefined }, 100_000);
    // The first 9,000 are shared by all; the third agrees with the second in one block more: of 3 × 20,000 prefixes
    // 9,000 occur three times and 1 twice. Blocks 1 and 2 are in no other request, nor is 0.
    expect(figures).toMatchObject({
      uniquePrefixes: 60_000 - 2 * 9000 - 1,
      prefixGroups: 1,
      prefixReuseRatio: (3 * 9000 + 2) / 60_000,
      cache: { infiniteHitRate: 18_001 / 60_000 },
      contextLength: { min: 19_999 * BLOCK_SIZE, max: 19_999 * BLOCK_SIZE },
    });
    // Of the others the blocks in front of their own are known.
    expect(figures.hitRate).toMatchObject({ min: 0, median: 9001 / 20_000, max: 9002 / 20_000 });
  });
});

describe('without a place for temporary files', () => {
  const requests = [
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ];
  const options = { blockSize: BLOCK_SIZE, cacheBlocks: undefined };

  it('small traces are read all the same, and larger ones say what to do', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'none'));
    write(requests);
    expect((await traceFigures(path, options)).uniquePrefixes).toBe(4);
    const error: unknown = await traceFigures(path, options, 24).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain(
      `cannot write a temporary file in ${join(folder, 'none')} after 0 MB: ENOENT`,
    );
    expect(error).toMatchObject({
      hint: expect.stringMatching(/^set TMPDIR to a folder on a disk with more room/),
    });
    vi.stubEnv('TMPDIR', mkdtempSync(join(folder, 'tmp-')));
  });

  it.each([
    ['first', 30, 1],
    ['second', 60, 1],
  ])('a disk that is full in the %s reading is said', async (_, freeBytes, megabytes) => {
    disk.freeBytes = freeBytes;
    write(requests);
    await expect(traceFigures(path, options, 32)).rejects.toThrow(
      `cannot write a temporary file in ${tmpdir()} after ${megabytes} MB: ENOSPC: no space left on device`,
    );
  });
});
