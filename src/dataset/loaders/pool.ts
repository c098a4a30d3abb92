import { basename, extname } from 'node:path';
import { randomStreams } from '../../util/random.js';
import type { Conversation, Dataset } from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import { sessionIds } from '../session-ids.js';
import { openTurnRules, type TurnRules } from '../turn-rules.js';
import type { RowContext } from './format.js';
import { formats } from './formats.js';
import { readRow } from './read-row.js';
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
    for (let row = 0; row < rowCount(file); row++) readRow(file, row, formats.random_pool, context);
    meanRowBytes += file.bytes.length / rowCount(file);
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
    const texts = pools.flatMap(({ file, context }) => {
      const row = readRow(file, random.integer(rowCount(file)), formats.random_pool, context);
      return row.turns.flatMap((turn) => turn.texts);
    });
    const maxTokens = defaults.maxTokens(index);
    return {
      sessionId: sessionId(index),
      turns: [
        {
          role: 'user',
          texts,
          model: defaults.model(index),
          ...(maxTokens === undefined ? {} : { maxTokens }),
        },
      ],
      history: 'self-contained',
    };
  }
}

function contextOf(file: RowFile): RowContext {
  const name = basename(file.path).replace(/\.gz$/, '');
  return { textName: basename(name, extname(name)), warn: () => {} };
}
