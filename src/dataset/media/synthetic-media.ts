import { setImmediate as letOthersRun } from 'node:timers/promises';
import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import type { MediaKind } from '../conversation.js';
import { contentWords, type EndpointContents, pluralOf } from '../dataset-options.js';
import { type AudioOptions, openAudio } from './audio.js';
import { type ImageOptions, openImages } from './images.js';
import { type MediaBatch, type MediaPiece, sharedPiece } from './shared-media.js';
import { openVideos, type VideoOptions } from './video.js';

/** Media to generate for every turn. */
export interface SyntheticMedia {
  readonly images?: ImageOptions;
  readonly audio?: AudioOptions;
  readonly video?: VideoOptions;
}

/** Bytes of generated media of one kind that are kept in memory; with more, they repeat. */
const MAX_BYTES = 256e6;

/**
 * Generates the media of a dataset before the run, so that no time of it goes to encoding.
 * @param turns of all conversations. @param endpoint what its requests can hold.
 * @throws UserError for a kind that they cannot hold, or sources that cannot be read.
 */
export async function generateMedia(
  { images, audio, video }: SyntheticMedia,
  { seed, turns, endpoint }: { seed: number; turns: number; endpoint: EndpointContents },
  log: Log,
  maxBytes = MAX_BYTES,
): Promise<MediaBatch[]> {
  const batches: MediaBatch[] = [];
  const add = async (kind: MediaKind, perTurn: number, open: () => Promise<MakePiece>) => {
    if (!endpoint.endpointMedia.includes(kind)) {
      throw new UserError(
        `the endpoint type takes ${contentWords(endpoint)} only, and options ask for synthetic ${pluralOf[kind]}`,
        `leave out the --${kind} options, or choose another --endpoint-type`,
      );
    }
    batches.push({
      kind,
      perTurn,
      pieces: await piecesOf(kind, turns * perTurn, await open(), maxBytes, log),
    });
  };
  if (images !== undefined) {
    await add('image', images.batchSize, async () => {
      const image = await openImages(images, seed);
      return (index) => sharedPiece(image(index));
    });
  }
  if (audio !== undefined) {
    await add('audio', audio.batchSize, async () => {
      const clip = await openAudio(audio, seed);
      return (index) => {
        const { value, seconds } = clip(index);
        return sharedPiece(value, seconds);
      };
    });
  }
  if (video !== undefined) {
    await add('video', video.batchSize, async () => {
      const videoOf = openVideos(video, seed);
      return async (index) => sharedPiece(await videoOf(index));
    });
  }
  return batches;
}

type MakePiece = (index: number) => MediaPiece | Promise<MediaPiece>;

async function piecesOf(
  kind: MediaKind,
  count: number,
  make: MakePiece,
  maxBytes: number,
  log: Log,
): Promise<MediaPiece[]> {
  const pieces: MediaPiece[] = [];
  let bytes = 0;
  while (pieces.length < count && bytes < maxBytes) {
    const piece = await make(pieces.length);
    pieces.push(piece);
    bytes += piece.ascii.length;
    // An interrupt gets its turn.
    await letOthersRun();
  }
  const megabytes = (bytes / 1e6).toFixed(1);
  if (pieces.length < count) {
    log(
      'WARNING',
      'dataset',
      `${kind}: ${pieces.length} different ones fill ${megabytes} MB, the limit, and are used again for the other ${count - pieces.length}`,
    );
  } else {
    log('INFO', 'dataset', `${kind}: generated ${pieces.length}, ${megabytes} MB in base64`);
  }
  return pieces;
}
