import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataset, planDataset } from '../../../src/dataset/plan.js';
import { endpoints } from '../../../src/endpoint/endpoints.js';
import { bodyOf } from '../../../src/endpoint/payload.js';
import { options } from '../options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-image-ids-'));
const noText = { prompt: () => expect.fail(), blocks: () => expect.fail() };

/** The image parts of each request of a single_turn file. */
async function parts(rows: readonly object[], stripsImages: boolean) {
  const inputFile = join(folder, 'rows.jsonl');
  writeFileSync(inputFile, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const plan = await planDataset({ ...options, inputFile, stripsImages }, () => {});
  const dataset = openDataset(plan, noText);
  const bodyOptions = { streaming: false, extraInputs: {}, legacyMaxTokens: false };
  return Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index)).flatMap(
    (conversation) =>
      conversation.turns.map((turn) => {
        const { messages } = bodyOf(endpoints.chat, { conversation, turn, past: [] }, bodyOptions);
        return JSON.stringify(messages).match(/"url":"[^"]*"\}(,"uuid":"[^"]*")?/g);
      }),
  );
}

const rows = [
  // Twice in one request: the server has not kept it before the request.
  { session_id: 's', images: ['https://h/1', 'https://h/1'], image_uuids: ['one', 'one'] },
  { session_id: 's', images: ['https://h/1', 'https://h/2'], image_uuids: ['one', 'two'] },
  { session_id: 't', image: 'https://h/1', image_uuids: ['one'] },
  // The author relies on the cache.
  { session_id: 't', images: [''], image_uuids: ['two'] },
  { image: 'https://h/3' },
];

it('ids of images are sent, also without the image', async () => {
  expect(await parts(rows, false)).toEqual([
    ['"url":"https://h/1"},"uuid":"one"', '"url":"https://h/1"},"uuid":"one"'],
    ['"url":"https://h/1"},"uuid":"one"', '"url":"https://h/2"},"uuid":"two"'],
    ['"url":"https://h/1"},"uuid":"one"'],
    ['"url":""},"uuid":"two"'],
    ['"url":"https://h/3"}'],
  ]);
});

it('images that an earlier row of the session had are left out if that is asked for', async () => {
  expect(await parts(rows, true)).toEqual([
    ['"url":"https://h/1"},"uuid":"one"', '"url":"https://h/1"},"uuid":"one"'],
    ['"url":""},"uuid":"one"', '"url":"https://h/2"},"uuid":"two"'],
    ['"url":"https://h/1"},"uuid":"one"'],
    ['"url":""},"uuid":"two"'],
    ['"url":"https://h/3"}'],
  ]);
});

it.each([
  [
    { image: 'https://h/1', image_uuids: ['a', 'b'] },
    'image_uuids must name each image of the row: got 2 for 1',
  ],
  [{ image: 'https://h/1', image_uuids: [7] }, 'image_uuids[0] must be a text, got 7'],
])('%j is refused', async (row, fault) => {
  await expect(parts([row], false)).rejects.toThrow(`rows.jsonl:1: ${fault}`);
});
