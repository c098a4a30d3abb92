import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { openFrames } from '../../src/dataset/media/frames.js';
import { openVideos, type VideoOptions } from '../../src/dataset/media/video.js';

const options: VideoOptions = {
  batchSize: 1,
  width: 32,
  height: 16,
  seconds: 1,
  fps: 4,
  synthType: 'moving_shapes',
  format: 'webm',
  codec: 'libvpx-vp9',
};

describe('frames', () => {
  it.each(['moving_shapes', 'grid_clock', 'noise'] as const)(
    'of %s differ in time, by video and by seed',
    (type) => {
      const frame = (number: number, video = 0, seed = 1) =>
        openFrames(type, { width: 32, height: 16 }, seed, video)(number).toString('hex');
      expect(frame(0)).toHaveLength(2 * 3 * 32 * 16);
      expect(frame(0)).toBe(frame(0));
      expect(new Set([frame(0), frame(5), frame(0, 1), frame(0, 0, 2)]).size).toBe(4);
    },
  );
});

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) process.stdout.write('skipped: ffmpeg is not on the PATH\n');

describe.skipIf(!hasFfmpeg)('videos', () => {
  it('are files of the same bytes for the same seed', async () => {
    const video = (index: number) => openVideos(options, 1)(index);
    const [first, again, other] = [await video(0), await video(0), await video(1)];
    expect(first.startsWith('data:video/webm;base64,GkXfo')).toBe(true);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('may be mp4 with a track of audio', async () => {
    const audio = { channels: 1, sampleRate: 44_100, codec: 'aac', depth: 16 };
    const value = await openVideos({ ...options, format: 'mp4', codec: 'libx264', audio }, 1)(0);
    const bytes = Buffer.from(value.slice(value.indexOf(',') + 1), 'base64').toString('latin1');
    expect([value.slice(0, 22), bytes.includes('vide'), bytes.includes('soun')]).toEqual([
      'data:video/mp4;base64,',
      true,
      true,
    ]);
  });

  it('say why ffmpeg cannot make them', async () => {
    await expect(openVideos({ ...options, codec: 'nosuch' }, 1)(0)).rejects.toThrow(
      /^ffmpeg could not make the video: .*nosuch/,
    );
  });
});

it('need ffmpeg', async () => {
  const { PATH } = process.env;
  process.env.PATH = '/nowhere';
  try {
    await expect(openVideos(options, 1)(0)).rejects.toThrow(
      'synthetic video needs the program ffmpeg, which is not on the PATH',
    );
  } finally {
    process.env.PATH = PATH;
  }
});
