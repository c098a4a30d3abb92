import { randomStreams } from '../../util/random.js';
import { sampleLength } from '../lengths.js';
import { openSampler, type SamplingStrategy } from '../sampling.js';
import { noiseBytes } from './noise.js';
import { drawnPictures, type Picture, picturesIn, resized } from './pictures.js';

/** What synthetic images look like. */
export interface ImageOptions {
  /** Images per turn. */
  readonly batchSize: number;
  readonly widthMean: number;
  readonly widthStddev: number;
  readonly heightMean: number;
  readonly heightStddev: number;
  readonly format: 'png' | 'jpeg' | 'random';
  /** `noise`, `assets` or a folder. */
  readonly source: string;
  readonly sampling: SamplingStrategy;
}

/** As the Python imaging library has it. */
const JPEG_QUALITY = 75;
/** Sizes whose noise is kept encoded. */
const MOST_KEPT = 16;

/**
 * Opens a source of images as data URLs, by index; all are different.
 * @throws UserError for a folder without images.
 */
export async function openImages(options: ImageOptions, seed: number): Promise<(index: number) => string> {
  const { format, source, sampling } = options;
  const encoders = { png: await pngEncoder(), jpeg: await jpegEncoder() };
  const widths = randomStreams(seed, 'image-width');
  const heights = randomStreams(seed, 'image-height');
  const formats = randomStreams(seed, 'image-format');
  const pictures =
    source === 'noise' ? undefined : source === 'assets' ? drawnPictures(seed) : await picturesIn(source);
  const sample = openSampler(sampling, pictures?.length ?? 1, seed);
  const noise = noiseJpegs(encoders.jpeg, seed);

  return (index) => {
    const width = sampleLength(options.widthMean, options.widthStddev, widths(index));
    const height = sampleLength(options.heightMean, options.heightStddev, heights(index));
    const type = format === 'random' ? (formats(index).integer(2) === 0 ? 'png' : 'jpeg') : format;
    const picture = pictures?.[sample(index)];
    const bytes =
      picture !== undefined
        ? encoders[type](resized(picture, width, height))
        : type === 'jpeg'
          ? noise(width, height, index)
          : encoders.png(noisePicture(width, height, `${seed}:image:${index}`));
    return `data:image/${type};base64,${bytes.toString('base64')}`;
  };
}

function noisePicture(width: number, height: number, key: string): Picture {
  return { width, height, data: noiseBytes(width * height * 4, key) };
}

/**
 * JPEG images of noise. Encoding one of 512 × 512 takes 50 ms, so images of one size share the encoded noise, and differ in
 * their quantization tables: no two have the same pixels, which a server could cache.
 */
function noiseJpegs(encode: Encoder, seed: number): (width: number, height: number, index: number) => Buffer {
  const kept = new Map<string, Buffer>();
  return (width, height, index) => {
    const size = `${width}x${height}`;
    const shared = kept.get(size) ?? encode(noisePicture(width, height, `${seed}:image:${size}`));
    if (kept.size < MOST_KEPT) kept.set(size, shared);
    return requantized(shared, noiseBytes(TABLE_BYTES, `${seed}:quantization:${index}`));
  };
}

/** Factors of a quantization table. */
const TABLE_BYTES = 64;

/** A JPEG image whose luminance table is changed by up to 3 steps in every factor. */
function requantized(jpeg: Buffer, changes: Buffer): Buffer {
  const copy = Buffer.from(jpeg);
  // Marker, length and number of the table come before its factors.
  const table = copy.indexOf('ffdb', 0, 'hex') + 5;
  for (let place = 0; place < TABLE_BYTES; place++) {
    copy[table + place] = Math.max(1, (copy[table + place] ?? 1) + ((changes[place] ?? 0) % 7) - 3);
  }
  return copy;
}

type Encoder = (picture: Picture) => Buffer;

async function pngEncoder(): Promise<Encoder> {
  const { PNG } = await import('pngjs');
  return (picture) => {
    const png = new PNG({ width: picture.width, height: picture.height });
    picture.data.copy(png.data);
    return PNG.sync.write(png, { filterType: 0, deflateLevel: 1, colorType: 2 });
  };
}

async function jpegEncoder(): Promise<Encoder> {
  const { encode } = await import('jpeg-js');
  return (picture) => encode(picture, JPEG_QUALITY).data;
}
