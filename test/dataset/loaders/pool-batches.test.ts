import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PoolBatches } from '../../../src/dataset/loaders/pool.js';
import { openDataset, planDataset } from '../../../src/dataset/plan.js';
import type { PromptSource } from '../../../src/dataset/prompts.js';
import { options } from '../options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-pool-'));
const noText: PromptSource = { prompt: () => expect.fail(), blocks: () => expect.fail() };

function pool(name: string, rows: readonly object[]): string {
  const file = join(folder, name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

/** Texts and images of each of 200 requests. */
async function drawn(inputFile: string, batches: Partial<PoolBatches>) {
  const plan = await planDataset(
    {
      ...options,
      inputFile,
      datasetType: 'random_pool',
      entries: 200,
      poolBatches: { text: 1, image: 1, audio: 1, video: 1, ...batches },
    },
    () => {},
  );
  const dataset = openDataset(structuredClone(plan), noText);
  return Array.from({ length: dataset.size }, (_, index) => {
    const [turn] = dataset.conversation(index).turns;
    return {
      texts: turn?.texts.flatMap(({ contents }) => contents) ?? [],
      images: turn?.media?.map((item) => item.value()) ?? [],
    };
  });
}

const mixed = pool('mixed.jsonl', [
  { text: 'a', image: 'https://h/1' },
  { texts: ['b', 'c'] },
  { images: ['https://h/2', 'https://h/3'] },
]);

describe('batch sizes of a random pool', () => {
  it('draw items of each kind one by one, all of them', async () => {
    const requests = await drawn(mixed, { text: 3, image: 2 });
    for (const { texts, images } of requests) expect([texts.length, images.length]).toEqual([3, 2]);
    expect([...new Set(requests.flatMap(({ texts }) => texts))].sort()).toEqual(['a', 'b', 'c']);
    const links = requests.flatMap(({ images }) => images);
    expect([...new Set(links)].sort()).toEqual(['https://h/1', 'https://h/2', 'https://h/3']);
    expect(await drawn(mixed, { text: 3, image: 2 })).toEqual(requests);
  });

  it('leave a kind out at 0, and kinds of size 1 are drawn too', async () => {
    for (const { texts, images } of await drawn(mixed, { image: 0 })) {
      expect([texts.length, images.length]).toEqual([1, 0]);
    }
  });

  it('of kinds that are not there change nothing: rows are drawn', async () => {
    const requests = await drawn(mixed, { audio: 3 });
    expect(requests.some(({ texts, images }) => texts.length === 2 && images.length === 0)).toBe(true);
    expect(requests).toEqual(await drawn(mixed, {}));
  });

  it('are refused where items do not stand alone', async () => {
    const named = pool('named.jsonl', [{ texts: [{ name: 'query', contents: ['a'] }] }]);
    await expect(drawn(named, { text: 2 })).rejects.toThrow(
      `${named}:1: items with names cannot be drawn one by one`,
    );
    await expect(drawn(folder, { text: 2 })).rejects.toThrow(
      `batch sizes draw items of one file, and ${folder} is a folder`,
    );
    await expect(drawn(mixed, { text: 0, image: 0 })).rejects.toThrow('leave nothing to send');
  });
});
