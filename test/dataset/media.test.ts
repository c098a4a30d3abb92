import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Turn } from '../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { FileLoader } from '../../src/dataset/media/loaded-files.js';
import { mediaItem } from '../../src/dataset/media/source.js';
import { estimateBytes, openDataset, planDataset } from '../../src/dataset/plan.js';
import { type EndpointType, endpoints } from '../../src/endpoint/endpoints.js';
import { turnCheck } from '../../src/endpoint/turn-check.js';
import type { Log } from '../../src/util/log.js';
import { wavSeconds } from '../../src/util/wav.js';
import { options } from './options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-media-'));
afterAll(() => rmSync(folder, { recursive: true }));
const noText = { prompt: () => '', blocks: () => '' };

const png = Buffer.from('89504e470d0a1a0a00', 'hex');
const jpeg = Buffer.from('ffd8ffe000', 'hex');
/** 16 samples of 8 bits at 8 kHz, after a chunk of odd length. */
const wav = Buffer.concat([
  Buffer.from('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0', 'latin1'),
  Buffer.from('LIST\x03\0\0\0abc\0data\x10\0\0\0', 'latin1'),
  Buffer.alloc(16),
]);

const file = (name: string, content: Buffer | string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
async function planOf(rows: readonly object[], more: Partial<DatasetOptions> = {}, log: Log = () => {}) {
  const inputFile = file('rows.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return planDataset({ ...options, inputFile, ...more }, log);
}
/** The check that a run of this endpoint type makes of each turn. */
const checkOf = (type: EndpointType): Partial<DatasetOptions> => ({
  checkTurn: turnCheck(endpoints[type], { streaming: false, extraInputs: {}, legacyMaxTokens: false }),
});
const mediaOf = ({ media = [] }: Turn) =>
  media.map((item) => [item.kind, item.name, item.value(), item.seconds()]);

describe('media in files', () => {
  beforeEach(() => {
    file('a.png', png);
    file('b.jpg', jpeg);
    file('a.wav', wav);
    file('a.webm', 'x');
  });

  it('reads files, and passes links, data URLs and encoded audio on', async () => {
    const wavText = `wav,${wav.toString('base64')}`;
    const plan = await planOf([
      {
        text: 'What is this?',
        images: [join(folder, 'a.png'), 'https://host/x.gif', 'data:image/png;base64,QQ=='],
        audio: join(folder, 'a.wav'),
        video: join(folder, 'a.webm'),
      },
      { image: join(folder, 'b.jpg'), audios: [{ name: 'voice', contents: [wavText, 'mp3,QUJD'] }] },
    ]);
    const turns = [0, 1].flatMap((index) => openDataset(plan, noText).conversation(index).turns);
    expect(turns.map(({ texts }) => texts)).toEqual([[{ name: '', contents: ['What is this?'] }], []]);
    expect(turns.map(mediaOf)).toEqual([
      [
        ['image', '', `data:image/png;base64,${png.toString('base64')}`, undefined],
        ['image', '', 'https://host/x.gif', undefined],
        ['image', '', 'data:image/png;base64,QQ==', undefined],
        ['audio', '', wavText, 0.002],
        ['video', '', 'data:video/webm;base64,eA==', undefined],
      ],
      [
        ['image', '', `data:image/jpeg;base64,${jpeg.toString('base64')}`, undefined],
        ['audio', 'voice', wavText, 0.002],
        ['audio', 'voice', 'mp3,QUJD', undefined],
      ],
    ]);
  });

  it('joins the media of all pools by kind, and weighs them', async () => {
    const plan = await planOf([{ text: 'a', audio: 'wav,QUJD', image: 'http://host/a' }], {
      datasetType: 'random_pool',
      entries: 2,
    });
    const [turn] = openDataset(plan, noText).conversation(0).turns;
    expect(turn && mediaOf(turn)).toEqual([
      ['image', 'rows', 'http://host/a', undefined],
      ['audio', 'rows', 'wav,QUJD', undefined],
    ]);
    const row = JSON.stringify({ text: 'a', audio: 'wav,QUJD', image: 'http://host/a' }).length;
    expect(estimateBytes(plan)).toBe(2 * (row + 'wav,QUJD'.length + 'http://host/a'.length));
  });

  const fault = async (row: object, more: Partial<DatasetOptions> = {}) => {
    const error = await planOf([row], more).catch((thrown: unknown) => thrown);
    return error instanceof Error ? error.message.replaceAll(folder, '') : 'accepted';
  };

  it.each([
    [{ image: 'a', images: ['b'] }, 'image and images cannot be combined: give one'],
    [{ image: 5 }, 'image must be a string, got 5'],
    [
      { image: '/no/cat.png' },
      'the image file /no/cat.png does not exist; relative paths start at the working directory',
    ],
    [{ image: 'data:image/png;base64,QUJ' }, 'the base64 of data:image/png;base64,QUJ… is not complete'],
    [{ audio: 'wav,' }, 'the base64 of wav,… is not complete'],
  ])('refuses %j', async (row, problem) => {
    expect(await fault({ text: 'a', ...row })).toBe(`/rows.jsonl:1: ${problem}`);
  });

  it('refuses a file of another type', async () => {
    file('c.png', 'GIF89a');
    file('c.wav', 'no sound');
    file('c.avi', 'x');
    const refused = (kind: string, name: string, types: string) =>
      `/rows.jsonl:1: the file /${name} is no ${kind} of a known type: expected ${types}`;
    expect(await fault({ image: join(folder, 'c.png') })).toBe(refused('image', 'c.png', 'PNG or JPEG'));
    expect(await fault({ audio: join(folder, 'c.wav') })).toBe(refused('audio', 'c.wav', 'WAV or MP3'));
    expect(await fault({ video: join(folder, 'c.avi') })).toBe(refused('video', 'c.avi', 'MP4 or WEBM'));
  });

  it('refuses what the endpoint cannot take', async () => {
    const row = { text: 'a', video: 'http://host/v' };
    expect(await fault(row, { endpointMedia: ['image', 'audio'] })).toBe(
      '/rows.jsonl:1: video: the endpoint type takes text, images and audio only',
    );
    expect(await fault(row, { endpointMedia: [] })).toBe(
      '/rows.jsonl:1: video: the endpoint type takes text only',
    );
  });

  it('refuses a turn that the endpoint cannot send, where it is', async () => {
    const sound = file('a.wav', wav);
    const check = checkOf('audio_transcription');
    expect(await fault({ audio: sound }, check)).toBe('accepted');
    expect(await fault({ audio: 'http://host/a.wav' }, check)).toBe(
      '/rows.jsonl:1: the audio_transcription endpoint takes no links',
    );
    expect(await fault({ text: 'a' }, check)).toBe(
      '/rows.jsonl:1: the request holds no audio, which this endpoint type needs',
    );
    expect(await fault({ text: 'a', audio: 'http://host/a.wav' }, checkOf('chat'))).toBe(
      '/rows.jsonl:1: audio must be <format>,<base64> or a data URL, got http://host/a.wav',
    );
    expect(await fault({ texts: ['a', 'b'], image: 'http://host/a' }, checkOf('nim_embeddings'))).toBe(
      '/rows.jsonl:1: the nim_embeddings endpoint pairs texts with images, and a turn has 2 texts and 1 images',
    );
  });

  it('names what a turn holds and a request leaves out', async () => {
    const text = (name: string, ...contents: string[]) => ({ name, contents });
    const rows = [
      { texts: [text('query', 'a'), text('passages', 'b')] },
      { texts: [text('query', 'a', 'b'), text('title', 'c')] },
      { texts: [text('query', 'a', 'b'), text('passages', 'b')] },
    ];
    const lines: string[] = [];
    await planOf(rows, checkOf('cohere_rankings'), (_level, _of, line) => lines.push(line));
    expect(lines.map((line) => line.replace(folder, ''))).toEqual([
      '/rows.jsonl:2: 2 queries: only the first is sent (and in 1 more rows)',
      '/rows.jsonl:2: no passages: there is nothing to rank',
      "/rows.jsonl:2: texts named 'title' are not sent: a ranking has query and passages",
    ]);
  });

  it('does not take a system turn with an image for the system message', async () => {
    const turns = [{ role: 'system', text: 'a', image: 'http://host/a' }, { text: 'b' }];
    const plan = await planOf([{ turns }]);
    expect(openDataset(plan, noText).conversation(0).turns).toHaveLength(2);
  });

  it('sends what a file held before the run', async () => {
    const path = file('d.png', png);
    const plan = await planOf([{ image: path }, { image: path }]);
    file('d.png', 'gone');
    const dataset = openDataset(plan, noText);
    const items = [0, 1].flatMap((index) => dataset.conversation(index).turns[0]?.media ?? []);
    const value = `data:image/png;base64,${png.toString('base64')}`;
    expect(items.map((item) => item.value())).toEqual([value, value]);
    // Both are the same memory, which threads share.
    expect(items[0]?.ascii?.()).toBe(items[1]?.ascii?.());
    expect(items[0]?.ascii?.().buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('reads files beyond a limit when they are sent, and says which changed', () => {
    const path = file('e.png', png);
    const sound = file('e.wav', wav);
    // The image has 9 bytes: 12 in base64.
    const loader = new FileLoader(12 + 22);
    loader.load('image', path);
    loader.load('audio', sound);
    loader.load('image', 'https://host/x.png');
    expect([...loader.loaded.keys()]).toEqual([`image:${path}`]);
    const item = mediaItem({ kind: 'image', name: '', source: path });
    file('e.png', 'gone');
    expect(() => item.value()).toThrow(`the image file ${path} has changed during the run`);
  });
});

describe('the length of a WAV file', () => {
  it.each([
    ['as declared', wav, wav.length, 0.002],
    ['of a file that is cut', wav, wav.length - 8, 0.001],
    [
      'of a stream that declares none',
      Buffer.from(wav).fill(0, wav.length - 20, wav.length - 16),
      wav.length,
      0.002,
    ],
    ['of no WAV file', jpeg, 9, undefined],
    ['without samples', wav.subarray(0, 36), 36, undefined],
  ])('%s', (_what, head, bytes, seconds) => {
    expect(wavSeconds(head, bytes)).toBe(seconds);
  });
});
