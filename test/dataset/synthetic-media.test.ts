import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import type { AudioOptions } from '../../src/dataset/media/audio.js';
import type { ImageOptions } from '../../src/dataset/media/images.js';
import { resized } from '../../src/dataset/media/pictures.js';
import { mediaOfTurn } from '../../src/dataset/media/shared-media.js';
import { generateMedia } from '../../src/dataset/media/synthetic-media.js';
import { estimateBytes, openDataset, planDataset } from '../../src/dataset/plan.js';
import type { Log } from '../../src/util/log.js';
import { wavFile, wavSeconds } from '../../src/util/wav.js';
import { options } from './options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-synthetic-'));
afterAll(() => rmSync(folder, { recursive: true }));
const prompts = { prompt: () => 'text', blocks: () => '' };

const images: ImageOptions = {
  batchSize: 1,
  widthMean: 20,
  widthStddev: 0,
  heightMean: 10,
  heightStddev: 0,
  format: 'jpeg',
  source: 'noise',
  sampling: 'random',
};
const audio: AudioOptions = {
  batchSize: 1,
  lengthMean: 0.5,
  lengthStddev: 0,
  format: 'wav',
  depths: [16],
  sampleRates: [8000],
  channels: 1,
};

async function mediaOf(media: DatasetOptions['media'], more: Partial<DatasetOptions> = {}) {
  const plan = await planDataset({ ...options, media, ...more }, () => {});
  const dataset = openDataset(plan, prompts);
  return Array.from({ length: dataset.size }, (_, index) =>
    dataset
      .conversation(index)
      .turns.flatMap((turn) =>
        (turn.media ?? []).map((item) => ({ kind: item.kind, value: item.value(), seconds: item.seconds() })),
      ),
  );
}

const bytesOf = (value: string) => Buffer.from(value.slice(value.indexOf(',') + 1), 'base64');
function sizeOf(value: string): string {
  const { width, height } = value.startsWith('data:image/png;base64,')
    ? PNG.sync.read(bytesOf(value))
    : jpeg.decode(bytesOf(value));
  return `${width}x${height}`;
}

describe('synthetic images', () => {
  it.each(['png', 'jpeg'] as const)(
    'are %s files of the size asked for, no two with the same pixels',
    async (format) => {
      const values = (await mediaOf({ images: { ...images, format, batchSize: 2 } }))
        .flat()
        .map(({ value }) => value);
      expect(values).toHaveLength(20);
      expect(values.every((value) => value.startsWith(`data:image/${format};base64,`))).toBe(true);
      expect(new Set(values.map(sizeOf))).toEqual(new Set(['20x10']));
      const pixels = values.map(
        (value) => (format === 'png' ? PNG.sync.read(bytesOf(value)) : jpeg.decode(bytesOf(value))).data,
      );
      expect(new Set(pixels.map((data) => createHash('sha1').update(data).digest('hex'))).size).toBe(20);
    },
  );

  it('vary in size, within the deviation', async () => {
    const found = (await mediaOf({ images: { ...images, widthStddev: 4 } }, { entries: 40 })).flat();
    const widths = found.map(({ value }) => Number(sizeOf(value).split('x')[0]));
    // Means of 40 draws: within four standard errors of 20.5 (lengths are rounded up).
    expect(Math.abs(widths.reduce((sum, width) => sum + width, 0) / 40 - 20.5)).toBeLessThan(
      (4 * 4) / Math.sqrt(40),
    );
    expect(new Set(widths).size).toBeGreaterThan(5);
  });

  it('are of both formats at random', async () => {
    const found = (await mediaOf({ images: { ...images, format: 'random' } }, { entries: 40 })).flat();
    expect(new Set(found.map(({ value }) => value.slice(0, 16)))).toEqual(
      new Set(['data:image/png;b', 'data:image/jpeg;']),
    );
  });

  it('are the same for the same seed, and others for another', async () => {
    const of = (seed: number) => mediaOf({ images, audio }, { seed });
    expect(await of(1)).toEqual(await of(1));
    expect(await of(1)).not.toEqual(await of(2));
  });

  it('can be the pictures of a folder, in order and resized', async () => {
    const red = new PNG({ width: 4, height: 4 });
    red.data.fill(Buffer.from([255, 0, 0, 255]));
    writeFileSync(join(folder, 'a.png'), PNG.sync.write(red));
    writeFileSync(
      join(folder, 'b.jpg'),
      jpeg.encode({ width: 8, height: 8, data: Buffer.alloc(256, 128) }, 75).data,
    );
    const media = { images: { ...images, format: 'png', source: folder, sampling: 'sequential' } } as const;
    const found = (await mediaOf(media, { entries: 4 }))
      .flat()
      .map(({ value }) => PNG.sync.read(bytesOf(value)));
    expect(found.map(({ width, height, data }) => [width, height, data[0], data[1]])).toEqual([
      [20, 10, 255, 0],
      [20, 10, 128, 128],
      [20, 10, 255, 0],
      [20, 10, 128, 128],
    ]);
  });

  it('can be drawn pictures', async () => {
    const found = await mediaOf({ images: { ...images, source: 'assets' } }, { entries: 2 });
    expect(found.flat().map(({ value }) => sizeOf(value))).toEqual(['20x10', '20x10']);
  });

  it.each([
    ['nowhere', /^--image-source must be noise, assets or a folder of images, got nowhere: ENOENT/],
    [mkdtempSync(join(folder, 'empty-')), /^the folder .* holds no \.png, \.jpg or \.jpeg file$/],
  ])('refuse the source %s', async (source, message) => {
    await expect(mediaOf({ images: { ...images, source } })).rejects.toThrow(message);
  });

  it('refuse a broken picture by its name', async () => {
    const broken = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(broken, 'x.png'), Buffer.from('89504e470d0a1a0a', 'hex'));
    await expect(mediaOf({ images: { ...images, source: broken } })).rejects.toThrow(
      /x\.png is no PNG or JPEG image/,
    );
  });
});

describe('a resized picture', () => {
  it('holds the means of the pixels covered', () => {
    const data = Buffer.from([0, 0, 0, 255, 100, 0, 0, 255, 50, 0, 0, 255, 250, 0, 0, 255]);
    const red = (width: number, height: number) =>
      [...resized({ width: 4, height: 1, data }, width, height).data].filter((_, place) => place % 4 === 0);
    expect(red(2, 1)).toEqual([50, 150]);
    expect(red(4, 2)).toEqual([0, 100, 50, 250, 0, 100, 50, 250]);
  });
});

describe('synthetic audio', () => {
  it.each([
    [8, 1, 8000, 4000],
    [16, 2, 16_000, 32_000],
    [24, 1, 8000, 12_000],
    [32, 2, 8000, 32_000],
  ])('is a WAV file of %d bits, %d channels, %d Hz', async (depth, channels, rate, bytes) => {
    const [[clip] = []] = await mediaOf({
      audio: { ...audio, depths: [depth], channels, sampleRates: [rate] },
    });
    if (clip === undefined) throw new Error('no clip');
    const file = bytesOf(clip.value);
    expect([clip.kind, clip.value.slice(0, 4), clip.seconds, file.length]).toEqual([
      'audio',
      'wav,',
      0.5,
      44 + bytes,
    ]);
    expect(file.readUInt16LE(20)).toBe(1);
    expect(file.readUInt16LE(22)).toBe(channels);
    expect(wavSeconds(file, file.length)).toBe(0.5);
  });

  it('holds the samples, channels interleaved', () => {
    const samples = Float32Array.of(1, -1, 0, 0.5);
    const body = (depth: number) =>
      wavFile(samples, { rate: 8000, depth, channels: 2 }).subarray(44).toString('hex');
    expect(body(8)).toBe('ff0180c0');
    expect(body(16)).toBe('ff7f018000000040');
    expect(body(24)).toBe('ffff7f010080000000000040');
  });

  it('varies in length, with the length that the file has', async () => {
    const clips = (await mediaOf({ audio: { ...audio, lengthStddev: 0.1 } }, { entries: 20 })).flat();
    expect(new Set(clips.map(({ seconds }) => seconds)).size).toBeGreaterThan(15);
    for (const { value, seconds } of clips) {
      const file = bytesOf(value);
      expect(wavSeconds(file, file.length)).toBe(seconds);
    }
  });

  it('can be MPEG frames without tags', async () => {
    const [[clip] = []] = await mediaOf({
      audio: { ...audio, format: 'mp3', sampleRates: [16_000], channels: 2 },
    });
    const file = bytesOf(clip?.value ?? '');
    expect(clip?.value.slice(0, 4)).toBe('mp3,');
    // The sync word of a frame, MPEG-2 layer 3 without checksum.
    expect(file.toString('hex', 0, 2)).toBe('fff3');
    expect(clip?.seconds).toBe(0.5);
  });
});

describe('synthetic requests', () => {
  it('may hold media alone', async () => {
    const plan = await planDataset({ ...options, isl: 0, media: { images, audio } }, () => {});
    const [turn] = openDataset(plan, prompts).conversation(0).turns;
    expect([turn?.texts, turn?.inputTokens, turn?.media?.map(({ kind }) => kind)]).toEqual([
      [],
      undefined,
      ['image', 'audio'],
    ]);
  });

  it('count their media in the estimate of their length', async () => {
    const plan = await planDataset({ ...options, isl: 0, media: { audio } }, () => {});
    // 44 + 8000 bytes in base64, behind "wav,".
    expect(estimateBytes(plan)).toBe(10 * (4 + Math.ceil(8044 / 3) * 4));
  });

  it('refuse media that the endpoint cannot take', async () => {
    await expect(
      planDataset({ ...options, media: { audio }, endpointMedia: ['image'] }, () => {}),
    ).rejects.toThrow('the endpoint type takes text and images only, and options ask for synthetic audio');
  });

  it('use media again beyond the limit, with one line', async () => {
    const lines: string[] = [];
    const log: Log = (_level, _of, line) => lines.push(line);
    const of = {
      seed: 1,
      turns: 2,
      endpoint: { endpointTakesText: true, endpointMedia: ['audio'] },
    } as const;
    // A clip is 10,732 bytes: the third passes the limit.
    const batches = await generateMedia({ audio: { ...audio, batchSize: 5 } }, of, log, 30_000);
    expect(lines).toEqual([
      'audio: 3 different ones fill 0.0 MB, the limit, and are used again for the other 7',
    ]);
    const values = [0, 1].flatMap((turn) => mediaOfTurn(batches, turn).map((item) => item.value()));
    expect([values.length, new Set(values).size, values[9] === values[0]]).toEqual([10, 3, true]);
  });
});
