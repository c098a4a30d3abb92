import { randomInt } from 'node:crypto';
import type { Config } from '../../config/options.js';
import { type CacheBust, type MarkerPlace, markerOf, planSessionMarks } from '../../dataset/cache-bust.js';
import type { TurnCheck } from '../../dataset/dataset-options.js';
import type { MarkerRoom } from '../../dataset/prompts.js';
import { openTokenizer } from '../../dataset/tokenizer/open.js';
import type { TokenizerSource } from '../../dataset/tokenizer/tokenizer.js';
import { UserError } from '../../util/errors.js';
import { mix } from '../../util/random.js';

const places: Readonly<Record<Exclude<Config['cacheBust'], 'none'>, MarkerPlace>> = {
  system_prefix: { where: 'system', end: 'prefix' },
  system_suffix: { where: 'system', end: 'suffix' },
  first_turn_prefix: { where: 'first-turn', end: 'prefix' },
  first_turn_suffix: { where: 'first-turn', end: 'suffix' },
  warmup_isolation_system: { where: 'system', end: 'prefix' },
  warmup_isolation_first_turn: { where: 'first-turn', end: 'prefix' },
};

/**
 * How `--cache-bust` marks sessions; undefined: it does not. Shards of a run share their markers.
 * @param seed of the run.
 */
export function planCacheBust(
  { cacheBust, shard, startAt = 0 }: Config,
  seed: number,
  source: TokenizerSource,
): CacheBust | undefined {
  if (cacheBust === 'none') return undefined;
  if (cacheBust.startsWith('warmup_isolation')) return { ...places[cacheBust], kind: 'warmup' };
  const nonce = shard === undefined ? randomInt(2 ** 32) : mix(seed, Math.floor(startAt));
  return planSessionMarks(places[cacheBust], nonce, openTokenizer(source), source);
}

/** The room that generated text leaves for the markers; undefined: none. */
export function roomFor(plan: CacheBust | undefined): MarkerRoom | undefined {
  if (plan?.kind !== 'session') return undefined;
  const { nonce, tokens, tokenizer, where, end } = plan;
  const sample = markerOf(nonce, 0, end, tokenizer && openTokenizer(tokenizer), tokens);
  return { ...sample, tokens, place: { where, end } };
}

/** Refuses turns that no marker can be put into. */
export function checkMarked({ cacheBust }: Config, check: TurnCheck): TurnCheck {
  if (cacheBust === 'none') return check;
  return (turn, conversation) => {
    if (turn.payload !== undefined) {
      throw new UserError(
        '--cache-bust puts a marker into prompts, and this row holds a whole body, which is sent as it is',
        'give messages or text in place of the body, or leave the option out',
      );
    }
    return check(turn, conversation);
  };
}
