import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { randomStreams } from '../../util/random.js';

/** Pixels of an image: four bytes each, red, green, blue and opacity, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

const DRAWN_PICTURES = 10;
const DRAWN_SIDE = 512;
const SHAPES = 12;

/** Pictures of discs on a colour gradient; they compress like photographs, unlike noise. */
export function drawnPictures(seed: number): Picture[] {
  const streams = randomStreams(seed, 'image-drawing');
  return Array.from({ length: DRAWN_PICTURES }, (_, index) => drawnPicture(streams(index)));
}

function drawnPicture(random: ReturnType<ReturnType<typeof randomStreams>>): Picture {
  const side = DRAWN_SIDE;
  const colour = () => [random.integer(256), random.integer(256), random.integer(256)] as const;
  const [from, to] = [colour(), colour()];
  const discs = Array.from({ length: SHAPES }, () => ({
    x: random.integer(side),
    y: random.integer(side),
    radius: 16 + random.integer(side / 6),
    colour: colour(),
  }));
  const data = Buffer.alloc(side * side * 4, 255);
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at += 4) {
      const disc = discs.find((one) => (x - one.x) ** 2 + (y - one.y) ** 2 < one.radius ** 2);
      for (let channel = 0; channel < 3; channel++) {
        const [a, b] = [from[channel] ?? 0, to[channel] ?? 0];
        data[at + channel] = disc?.colour[channel] ?? a + ((b - a) * (x + y)) / (2 * side);
      }
    }
  }
  return { width: side, height: side, data };
}

/** The PNG and JPEG files of a folder, in the order of their names. @throws UserError */
export async function picturesIn(folder: string): Promise<Picture[]> {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    throw new UserError(
      `--image-source must be noise, assets or a folder of images, got ${folder}: ${messageOf(error)}`,
    );
  }
  const pictures: Picture[] = [];
  for (const name of names.filter((one) => /\.(png|jpe?g)$/i.test(one))) {
    const path = join(folder, name);
    try {
      pictures.push(await decode(readFileSync(path)));
    } catch (error) {
      throw new UserError(
        `${path} is no PNG or JPEG image: ${messageOf(error)}`,
        'remove it from --image-source',
      );
    }
  }
  if (pictures.length === 0) {
    throw new UserError(`the folder ${folder} holds no .png, .jpg or .jpeg file`, 'check --image-source');
  }
  return pictures;
}

async function decode(file: Buffer): Promise<Picture> {
  if (file[0] === 0x89) {
    const { PNG } = await import('pngjs');
    return PNG.sync.read(file);
  }
  const { decode: decodeJpeg } = await import('jpeg-js');
  const { width, height, data } = decodeJpeg(file);
  return { width, height, data: Buffer.from(data.buffer, data.byteOffset, data.length) };
}

/** A picture in another size: each pixel is the mean of the pixels that it covers. */
export function resized({ width, height, data }: Picture, toWidth: number, toHeight: number): Picture {
  const result = Buffer.alloc(toWidth * toHeight * 4);
  const [stepX, stepY] = [width / toWidth, height / toHeight];
  for (let y = 0, at = 0; y < toHeight; y++) {
    const [top, bottom] = covered(y, stepY);
    for (let x = 0; x < toWidth; x++, at += 4) {
      const [left, right] = covered(x, stepX);
      const sum = [0, 0, 0, 0];
      for (let row = top; row < bottom; row++) {
        for (let from = (row * width + left) * 4; from < (row * width + right) * 4; from++) {
          sum[from % 4] = (sum[from % 4] ?? 0) + (data[from] ?? 0);
        }
      }
      const pixels = (bottom - top) * (right - left);
      for (let channel = 0; channel < 4; channel++) result[at + channel] = (sum[channel] ?? 0) / pixels;
    }
  }
  return { width: toWidth, height: toHeight, data: result };
}

/** First pixel that a target pixel covers, and the one after its last; at least one. */
function covered(place: number, step: number): [first: number, end: number] {
  const first = Math.floor(place * step);
  return [first, Math.max(first + 1, Math.floor((place + 1) * step))];
}
