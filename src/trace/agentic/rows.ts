import { randomStreams } from '../../util/random.js';
import type { AgenticSession, AgenticSessions, Restart } from './sessions.js';
import type { AgenticSettings } from './settings.js';

/** A session that is written, and what it could find in a cache that never forgets. */
export interface WrittenSession extends AgenticSession {
  /** Of the first turn's tokens, those that an earlier session has sent. */
  readonly sharedTokens: number;
}

/** A restart that waits for its place. */
interface Pending extends Restart {
  /** First block of the session's own text, and the number of its blocks. */
  readonly firstBlock: number;
  readonly blocks: number;
}

/** A continuation comes at least this share of all sessions after its session. */
const APART = 0.25;

/**
 * The lines of a Mooncake trace of `count` sessions: each row holds what it adds to its session. Blocks of shared text
 * have the same ids in all sessions; all others are numbered on. Holds nothing but the restarts that wait.
 * @param onSession called before the lines of each session.
 */
export function* agenticRows(
  settings: AgenticSettings,
  sessions: AgenticSessions,
  { count, seed }: { readonly count: number; readonly seed: number },
  onSession: (session: WrittenSession) => void,
): Generator<string> {
  const { blockSize, groups } = settings;
  const blocksOf = (tokens: number) => Math.ceil(tokens / blockSize);
  const [systemBlocks, groupBlocks] = [blocksOf(settings.systemTokens), blocksOf(settings.groupTokens)];
  const placeOf = randomStreams(seed, 'agentic-place');
  const pending = new Map<number, Pending[]>();
  const seenGroups = new Set<number>();
  let nextBlock = systemBlocks + groups * groupBlocks;

  for (let number = 0; number <= count; number++) {
    for (const restart of pending.get(number) ?? []) {
      const session = sessions.continuation(restart);
      yield* linesOf(session, restart);
    }
    pending.delete(number);
    if (number === count) break;
    const session = sessions.session(number, sessions.isRestarted(number, count));
    const firstBlock = nextBlock;
    yield* linesOf(session, undefined);
    if (session.end === 'restart') wait(number, session, firstBlock);
  }

  function* linesOf(session: AgenticSession, restart: Pending | undefined): Generator<string> {
    const { id, group, turns } = session;
    for (const [place, { newTokens, outputTokens, delayMs }] of turns.entries()) {
      const blocks = blocksOf(newTokens);
      const ids = place === 0 ? firstIds(group, blocks, restart) : newIds(blocks);
      if (place === 0) {
        onSession({ ...session, sharedTokens: sharedTokensOf(session, restart) });
        seenGroups.add(group);
      }
      const timing =
        place === 0
          ? { timestamp: 0, group_id: group, ...(restart === undefined ? {} : { is_restart: true }) }
          : { delay: Math.round(delayMs * 10) / 10 };
      yield JSON.stringify({
        session_id: id,
        input_length: newTokens,
        output_length: outputTokens,
        hash_ids: ids,
        ...timing,
      });
    }
  }

  function newIds(blocks: number): number[] {
    const from = nextBlock;
    nextBlock += blocks;
    return range(from, blocks);
  }

  /** Shared blocks, those of a session that goes on, and new ones. */
  function firstIds(group: number, blocks: number, restart: Pending | undefined): number[] {
    const ids = [
      ...range(0, systemBlocks),
      ...range(systemBlocks + group * groupBlocks, groupBlocks),
      ...(restart === undefined ? [] : range(restart.firstBlock, restart.blocks)),
    ].slice(0, blocks);
    return [...ids, ...newIds(blocks - ids.length)];
  }

  function sharedTokensOf({ group, turns }: AgenticSession, restart: Pending | undefined): number {
    if (seenGroups.size === 0) return 0;
    const blocks =
      systemBlocks + (seenGroups.has(group) ? groupBlocks : 0) + (restart === undefined ? 0 : restart.blocks);
    return Math.min(blocks * blockSize, turns[0]?.contextTokens ?? 0);
  }

  function wait(number: number, { group, turns }: AgenticSession, firstBlock: number): void {
    const last = turns.at(-1);
    const from = Math.min(number + Math.max(1, Math.floor(count * APART)), count);
    const place = from + placeOf(number).integer(count - from + 1);
    const waiting = {
      number,
      group,
      contextTokens: (last?.contextTokens ?? 0) + (last?.outputTokens ?? 0),
      firstBlock,
      blocks: nextBlock - firstBlock,
    };
    pending.set(place, [...(pending.get(place) ?? []), waiting]);
  }
}

function range(from: number, length: number): number[] {
  return Array.from({ length }, (_, i) => from + i);
}
