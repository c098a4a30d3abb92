import { dirname } from 'node:path';
import { UserError } from '../../util/errors.js';
import { type Random, randomStreams } from '../../util/random.js';
import {
  type Conversation,
  type Dataset,
  type MediaItem,
  type MediaKind,
  mediaKinds,
} from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import { FileLoader, type LoadedFiles } from '../media/loaded-files.js';
import { sessionIds } from '../session-ids.js';
import { openTurnRules, type TurnRules } from '../turn-rules.js';
import type { RowContext, RowTurn } from './format.js';
import { formats } from './formats.js';
import { checkRowMedia, readRow, rowError, rowMedia, stem } from './read-row.js';
import { type RowFile, rowCount, shared } from './row-file.js';

/** Items of each kind per request; 0: none. */
export type PoolBatches = Readonly<Record<'text' | MediaKind, number>>;

/** Single-turn conversations, each combining one random row of every pool, or random items. Plain data. */
export interface PoolPlan {
  readonly kind: 'pool';
  readonly namedSessions: boolean;
  readonly rules: TurnRules;
  readonly conversations: number;
  /** One file per pool. */
  readonly files: readonly RowFile[];
  /** Average bytes of one row of every pool together. */
  readonly meanRowBytes: number;
  readonly mediaFiles: LoadedFiles;
  /** How many of which items a request draws; undefined: it draws rows. */
  readonly items: PoolItems | undefined;
}

/** Items of a file by kind: pairs of a row and the item's place among those of its kind in the row. */
interface PoolItems {
  readonly batches: PoolBatches;
  readonly places: Readonly<Record<'text' | MediaKind, Uint32Array>>;
}

/** @throws UserError for a malformed row, and for batches of items that do not stand alone. */
export function planPool(files: readonly RowFile[], options: DatasetOptions, rules: TurnRules): PoolPlan {
  const mediaFiles = new FileLoader();
  let meanRowBytes = 0;
  for (const file of files) {
    const context = contextOf(file);
    let bytes = file.bytes.length;
    for (let row = 0; row < rowCount(file); row++) {
      bytes += checkRowMedia(
        file,
        row,
        readRow(file, row, formats.random_pool, context),
        options,
        mediaFiles,
      );
    }
    meanRowBytes += bytes / rowCount(file);
  }
  const { namedSessions, entries, poolBatches } = options;
  const items = poolBatches && itemsOf(files, poolBatches);
  return {
    ...{ kind: 'pool', namedSessions, rules, conversations: entries, files, meanRowBytes, items },
    mediaFiles: mediaFiles.loaded,
  };
}

/** Undefined where every batch size of a kind that is there is 1. */
function itemsOf(files: readonly RowFile[], batches: PoolBatches): PoolItems | undefined {
  const places: Record<'text' | MediaKind, number[]> = { text: [], image: [], audio: [], video: [] };
  let named: UserError | undefined;
  for (const file of files) {
    const context = contextOf(file);
    for (let row = 0; row < rowCount(file); row++) {
      const [turn] = readRow(file, row, formats.random_pool, context).turns;
      const names = [...(turn?.texts ?? []), ...(turn?.media ?? [])].map(({ name }) => name);
      if (names.some((name) => name !== context.textName)) {
        named ??= rowError(
          file,
          row,
          'items with names cannot be drawn one by one',
          'leave out --batch-size and the like, or the names',
        );
      }
      for (const kind of kinds) {
        const { length } = contentsOf(turn, kind);
        for (let place = 0; place < length; place++) places[kind].push(row, place);
      }
    }
  }
  const [first, second] = files;
  if (!kinds.some((kind) => places[kind].length > 0 && batches[kind] !== 1)) return undefined;
  if (first !== undefined && second !== undefined) {
    throw new UserError(
      `batch sizes draw items of one file, and ${dirname(first.path)} is a folder`,
      'give one file with --input-file',
    );
  }
  if (named !== undefined) throw named;
  if (kinds.every((kind) => places[kind].length === 0 || batches[kind] === 0))
    throw new UserError('batch sizes of 0 leave nothing to send', 'leave one of them out');
  const { text, image, audio, video } = places;
  return {
    batches,
    places: { text: shared(text), image: shared(image), audio: shared(audio), video: shared(video) },
  };
}

const kinds = ['text', ...mediaKinds] as const;

/** Texts of a turn as rows of one text each, or its media of one kind. */
function contentsOf(turn: RowTurn | undefined, kind: 'text' | MediaKind): Pick<RowTurn, 'texts' | 'media'>[] {
  if (turn === undefined) return [];
  return kind === 'text'
    ? turn.texts.flatMap(({ name, contents }) =>
        contents.map((text) => ({ texts: [{ name, contents: [text] }] })),
      )
    : (turn.media ?? []).filter((item) => item.kind === kind).map((item) => ({ texts: [], media: [item] }));
}

export function openPool(plan: PoolPlan): Dataset {
  const sessionId = sessionIds(plan.rules.seed, plan.namedSessions);
  const defaults = openTurnRules(plan.rules);
  const draws = randomStreams(plan.rules.seed, 'pool-sampling');
  const pools = plan.files.map((file) => ({ file, context: contextOf(file) }));

  return { size: plan.conversations, conversation };

  function conversation(index: number): Conversation {
    const random = draws(index);
    const drawn = plan.items === undefined ? drawRows(random) : drawItems(plan.items, random);
    const media = drawn.flatMap((turn) => turn.media ?? []);
    const maxTokens = defaults.maxTokens(index);
    return {
      sessionId: sessionId(index),
      turns: [
        {
          role: 'user',
          texts: drawn.flatMap((turn) => turn.texts),
          ...(media.length === 0 ? {} : { media: byKind(rowMedia(media, plan.mediaFiles)) }),
          model: defaults.model(index),
          ...(maxTokens === undefined ? {} : { maxTokens }),
        },
      ],
      history: 'self-contained',
    };
  }

  function drawRows(random: Random): readonly RowTurn[] {
    return pools.flatMap(
      ({ file, context }) =>
        readRow(file, random.integer(rowCount(file)), formats.random_pool, context).turns,
    );
  }

  function drawItems({ batches, places }: PoolItems, random: Random): Pick<RowTurn, 'texts' | 'media'>[] {
    const [pool] = pools;
    if (pool === undefined) return [];
    return kinds.flatMap((kind) => {
      const items = places[kind];
      if (items.length === 0) return [];
      return Array.from({ length: batches[kind] }, () => {
        const at = 2 * random.integer(items.length / 2);
        const [turn] = readRow(pool.file, items[at] ?? 0, formats.random_pool, pool.context).turns;
        return contentsOf(turn, kind)[items[at + 1] ?? 0] ?? { texts: [] };
      });
    });
  }
}

/** Images of all pools, then audio, then videos. */
function byKind(media: readonly MediaItem[]): MediaItem[] {
  return mediaKinds.flatMap((wanted) => media.filter(({ kind }) => kind === wanted));
}

function contextOf(file: RowFile): RowContext {
  return { textName: stem(file.path), warn: () => {} };
}
