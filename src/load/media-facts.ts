import type { MediaItem, Turn } from '../dataset/conversation.js';
import type { PastTurn } from '../endpoint/endpoint.js';
import type { RequestRecord } from '../records/record.js';

/** The media of a request, those of its history included, as its record has them. */
export function mediaFacts(
  turn: Turn | undefined,
  past: readonly PastTurn[],
): Pick<RequestRecord, 'images' | 'audioSeconds'> {
  const hasMedia = turn?.media !== undefined || past.some((earlier) => earlier.turn.media !== undefined);
  if (!hasMedia) return noMedia;
  return countsOf([...past.flatMap((earlier) => earlier.turn.media ?? []), ...(turn?.media ?? [])]);
}

const noMedia = { images: 0, audioSeconds: undefined };

function countsOf(media: readonly MediaItem[]): Pick<RequestRecord, 'images' | 'audioSeconds'> {
  const clips = media.filter(({ kind }) => kind === 'audio');
  const seconds = clips.reduce((sum, clip) => sum + (clip.seconds() ?? Number.NaN), 0);
  return {
    images: media.filter(({ kind }) => kind === 'image').length,
    audioSeconds: clips.length === 0 || Number.isNaN(seconds) ? undefined : seconds,
  };
}
