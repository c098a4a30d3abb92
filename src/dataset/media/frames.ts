import { randomStreams } from '../../util/random.js';
import { noiseBytes } from './noise.js';

/** Content of synthetic video. */
export type SynthType = 'moving_shapes' | 'grid_clock' | 'noise';

/** Pixels of a frame: three bytes each, red, green and blue, row by row. */
type Draw = (frame: number) => Buffer;

interface FrameSize {
  readonly width: number;
  readonly height: number;
}

const SHAPES = 4;
const GRID = 8;
/** Frames of one turn of the hand. */
const TURN = 60;

/** Opens the drawing of the frames of one video. @param video its index: no two are the same. */
export function openFrames(type: SynthType, size: FrameSize, seed: number, video: number): Draw {
  if (type === 'noise') {
    return (frame) => noiseBytes(3 * size.width * size.height, `${seed}:video:${video}:${frame}`);
  }
  return type === 'grid_clock' ? gridClock(size, seed, video) : movingShapes(size, seed, video);
}

function movingShapes({ width, height }: FrameSize, seed: number, video: number): Draw {
  const random = randomStreams(seed, 'video-shapes')(video);
  const shapes = Array.from({ length: SHAPES }, () => ({
    x: random.integer(width),
    y: random.integer(height),
    // Pixels per frame.
    dx: random.integer(9) - 4,
    dy: random.integer(9) - 4,
    side: 2 + random.integer(Math.ceil(Math.min(width, height) / 3)),
    colour: [random.integer(256), random.integer(256), random.integer(256)],
  }));
  return (frame) => {
    const pixels = Buffer.alloc(3 * width * height, 32);
    for (const { x, y, dx, dy, side, colour } of shapes) {
      for (let row = 0; row < side; row++) {
        for (let column = 0; column < side; column++) {
          // Shapes that leave on one side come back on the other.
          const atX = wrapped(x + dx * frame + column, width);
          const atY = wrapped(y + dy * frame + row, height);
          pixels.set(colour, 3 * (atY * width + atX));
        }
      }
    }
    return pixels;
  };
}

function gridClock({ width, height }: FrameSize, seed: number, video: number): Draw {
  const start = randomStreams(seed, 'video-clock')(video).uniform() * 2 * Math.PI;
  const step = Math.max(2, Math.ceil(Math.max(width, height) / GRID));
  const length = Math.min(width, height) / 2;
  return (frame) => {
    const pixels = Buffer.alloc(3 * width * height, 255);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (x % step === 0 || y % step === 0) pixels.fill(128, 3 * (y * width + x), 3 * (y * width + x) + 3);
      }
    }
    const angle = start + (2 * Math.PI * frame) / TURN;
    for (let at = 0; at < length; at++) {
      const x = wrapped(Math.round(width / 2 + at * Math.cos(angle)), width);
      const y = wrapped(Math.round(height / 2 + at * Math.sin(angle)), height);
      pixels.set([255, 0, 0], 3 * (y * width + x));
    }
    return pixels;
  };
}

function wrapped(value: number, limit: number): number {
  return ((value % limit) + limit) % limit;
}
