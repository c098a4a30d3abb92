import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { UserError } from '../../util/errors.js';
import { wavFile } from '../../util/wav.js';
import { openFrames, type SynthType } from './frames.js';
import { openNoise } from './noise.js';

/** What synthetic video looks like. */
export interface VideoOptions {
  /** Videos per turn. */
  readonly batchSize: number;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly fps: number;
  readonly synthType: SynthType;
  readonly format: 'webm' | 'mp4';
  /** ffmpeg's name of the encoder. */
  readonly codec: string;
  /** Absent: no audio track. */
  readonly audio?: {
    readonly channels: number;
    readonly sampleRate: number;
    readonly codec: string;
    readonly depth: number;
  };
}

/** Opens a source of videos as data URLs, by index; `ffmpeg` encodes each. */
export function openVideos(options: VideoOptions, seed: number): (index: number) => Promise<string> {
  const { width, height, seconds, fps, synthType, format, audio } = options;
  const noise = openNoise(seed);
  return async (index) => {
    const folder = mkdtempSync(join(tmpdir(), 'aiperf-video-'));
    try {
      const sound = join(folder, 'sound.wav');
      if (audio !== undefined) {
        const frames = Math.ceil(seconds * audio.sampleRate);
        const layout = { rate: audio.sampleRate, depth: audio.depth, channels: audio.channels };
        writeFileSync(sound, wavFile(noise(frames * audio.channels, index), layout));
      }
      const output = join(folder, `video.${format}`);
      const draw = openFrames(synthType, { width, height }, seed, index);
      await encode(ffmpegArguments(options, sound, output), Math.max(1, Math.round(seconds * fps)), draw);
      return `data:video/${format};base64,${readFileSync(output, 'base64')}`;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** One thread and no metadata of its own, so that the same frames give the same file. */
function ffmpegArguments(
  { width, height, fps, codec, audio }: VideoOptions,
  sound: string,
  output: string,
): string[] {
  return [
    ...['-hide_banner', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24'],
    ...['-s', `${width}x${height}`, '-r', String(fps), '-i', 'pipe:0'],
    ...(audio === undefined ? [] : ['-i', sound, '-c:a', audio.codec, '-flags:a', '+bitexact']),
    ...['-c:v', codec, '-pix_fmt', 'yuv420p', '-threads', '1', '-flags:v', '+bitexact'],
    ...['-fflags', '+bitexact', '-map_metadata', '-1', '-shortest', '-y', output],
  ];
}

/** @throws UserError if there is no ffmpeg, or it cannot encode. */
async function encode(
  args: readonly string[],
  frames: number,
  draw: (frame: number) => Buffer,
): Promise<void> {
  const ffmpeg = spawn('ffmpeg', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let errors = '';
  ffmpeg.stderr.on('data', (bytes) => {
    errors = (errors + bytes).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    ffmpeg.on('error', reject);
    ffmpeg.on('close', resolve);
  });
  // Where ffmpeg has given up, its exit says why.
  ffmpeg.stdin.on('error', () => {});
  const feeding = feed(ffmpeg.stdin, frames, draw);
  let code: number | null;
  try {
    code = await ended;
    await feeding;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) throw error;
    throw new UserError(
      'synthetic video needs the program ffmpeg, which is not on the PATH',
      'install it (apt install ffmpeg, brew install ffmpeg), or send video files with --input-file',
    );
  }
  if (code !== 0) {
    throw new UserError(
      `ffmpeg could not make the video: ${errors.trim().split('\n')[0]}`,
      'check --video-codec, --video-format, --video-audio-codec and the size; ffmpeg -encoders lists the encoders',
    );
  }
}

async function feed(input: Writable, frames: number, draw: (frame: number) => Buffer): Promise<void> {
  for (let frame = 0; frame < frames && !input.destroyed; frame++) {
    if (!input.write(draw(frame)))
      await new Promise((resolve) => input.once('drain', resolve).once('close', resolve));
  }
  input.end();
}
