import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset, planDataset } from '../../../src/dataset/plan.js';
import type { PromptSource } from '../../../src/dataset/prompts.js';
import { options } from '../options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-fetch-'));
const noText: PromptSource = { prompt: () => expect.fail(), blocks: () => expect.fail() };
const png = Buffer.from('89504e470d0a1a0a00', 'hex');
const jpeg = Buffer.from('ffd8ff00', 'hex');

const asked: string[] = [];
const server = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push(path);
  if (path === '/moved') response.writeHead(302, { location: '/a.png' }).end();
  else if (path.startsWith('/page')) response.end('<html>');
  else if (path.startsWith('/missing')) response.writeHead(404).end();
  else response.end(path.endsWith('.png') ? png : jpeg);
});
let base = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function images(...rows: readonly object[]) {
  const inputFile = join(folder, 'rows.jsonl');
  writeFileSync(inputFile, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const plan = await planDataset({ ...options, inputFile, fetchesImages: true }, () => {});
  const dataset = openDataset(plan, noText);
  return Array.from({ length: dataset.size }, (_, index) =>
    dataset.conversation(index).turns.flatMap(({ media = [] }) => media.map((item) => item.value())),
  );
}

describe('links of an endpoint that takes none', () => {
  it('are fetched once each, and sent as data URLs', async () => {
    const encodedPng = `data:image/png;base64,${png.toString('base64')}`;
    const encodedJpeg = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    expect(
      await images(
        { images: [`${base}/a.png`, `${base}/b?key=1`] },
        { image: encodedPng },
        { images: [`${base}/b?key=1`, `${base}/moved`] },
      ),
    ).toEqual([[encodedPng, encodedJpeg], [encodedPng], [encodedJpeg, encodedPng]]);
    expect(asked.filter((path) => path === '/b?key=1')).toHaveLength(1);
  });

  it.each([
    ['/missing', 'status 404'],
    ['/page', 'it is neither PNG nor JPEG'],
  ])('%s is refused with its line, without its query', async (path, why) => {
    const refused = images({ text: 'a' }, { image: `${base}${path}?token=secret` });
    await expect(refused).rejects.toThrow(`rows.jsonl:2: the image ${base}${path} cannot be fetched: ${why}`);
  });

  it('say why a server cannot be reached', async () => {
    await expect(images({ image: 'http://127.0.0.1:9/x.png' })).rejects.toThrow(
      /cannot be fetched: (?!fetch failed)/,
    );
  });
});
