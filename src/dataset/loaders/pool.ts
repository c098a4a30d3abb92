import { basename, extname } from 'node:path';
import { randomStreams } from '../../util/random.js';
import { type Conversation, type Dataset, type MediaItem, mediaKinds } from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import { mediaItem } from '../media/source.js';
import { sessionIds } from '../session-ids.js';
import { openTurnRules, type TurnRules } from '../turn-rules.js';
import type { RowContext, RowMedia } from './format.js';
import { formats } from './formats.js';
import { checkRowMedia, readRow } from './read-row.js';
import { type RowFile, rowCount } from './row-file.js';

/** Single-turn conversations, each combining one random row of every pool. Plain data. */
export interface PoolPlan {
  readonly kind: 'pool';
  readonly namedSessions: boolean;
  readonly rules: TurnRules;
  readonly conversations: number;
  /** One file per pool. */
  readonly files: readonly RowFile[];
  /** Average bytes of one row of every pool together. */
  readonly meanRowBytes: number;
}

/** @throws UserError for a malformed row. */
export function planPool(files: readonly RowFile[], options: DatasetOptions, rules: TurnRules): PoolPlan {
  let meanRowBytes = 0;
  for (const file of files) {
    const context = contextOf(file);
    let bytes = file.bytes.length;
    for (let row = 0; row < rowCount(file); row++) {
      bytes += checkRowMedia(file, row, readRow(file, row, formats.random_pool, context), options);
    }
    meanRowBytes += bytes / rowCount(file);
  }
  const { namedSessions, entries } = options;
  return { kind: 'pool', namedSessions, rules, conversations: entries, files, meanRowBytes };
}

export function openPool(plan: PoolPlan): Dataset {
  const sessionId = sessionIds(plan.rules.seed, plan.namedSessions);
  const defaults = openTurnRules(plan.rules);
  const draws = randomStreams(plan.rules.seed, 'pool-sampling');
  const pools = plan.files.map((file) => ({ file, context: contextOf(file) }));

  return { size: plan.conversations, conversation };

  function conversation(index: number): Conversation {
    const random = draws(index);
    const drawn = pools.flatMap(
      ({ file, context }) =>
        readRow(file, random.integer(rowCount(file)), formats.random_pool, context).turns,
    );
    const media = drawn.flatMap((turn) => turn.media ?? []);
    const maxTokens = defaults.maxTokens(index);
    return {
      sessionId: sessionId(index),
      turns: [
        {
          role: 'user',
          texts: drawn.flatMap((turn) => turn.texts),
          ...(media.length === 0 ? {} : { media: byKind(media) }),
          model: defaults.model(index),
          ...(maxTokens === undefined ? {} : { maxTokens }),
        },
      ],
      history: 'self-contained',
    };
  }
}

/** Images of all pools, then audio, then videos. */
function byKind(media: readonly RowMedia[]): MediaItem[] {
  return mediaKinds.flatMap((wanted) =>
    media.flatMap(({ kind, name, source }) => (kind === wanted ? [mediaItem(kind, name, source)] : [])),
  );
}

function contextOf(file: RowFile): RowContext {
  const name = basename(file.path).replace(/\.gz$/, '');
  return { textName: basename(name, extname(name)), warn: () => {} };
}
