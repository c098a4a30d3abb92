import { sleep } from '../../util/timeout.js';
import { type JoinEntry, joinEntry, readMessage, type StartEntry, startEntry } from '../messages.js';
import { keys } from '../names.js';
import type { AgentSurroundings, JoinedRun } from './agent.js';

/** A phase that has a start. */
export interface PhaseStart extends StartEntry {
  /** Where this incarnation of the shard joins this phase or a later one; undefined: it takes part from the start. */
  readonly join: JoinEntry | undefined;
}

/** Waits for the start of a phase that this agent takes part in, or joins; undefined: it takes part in none any more. */
export async function waitForStart(
  { runKeys, over, shard, lease, rejoins }: JoinedRun,
  { round, phase }: { readonly round: number; readonly phase: number },
  { ending, log }: Pick<AgentSurroundings, 'ending' | 'log'>,
): Promise<PhaseStart | undefined> {
  const ends = [keys.abort(round), keys.ended(round)];
  let isLogged = false;
  while (!over.aborted && !ending.aborted && !lease.lost.aborted && !ends.some((key) => runKeys.has(key))) {
    const text = runKeys.textOf(keys.start(round, phase));
    if (text !== undefined) {
      const start = readMessage(startEntry, text);
      if (start.incarnations[shard] === lease.incarnation) return { ...start, join: undefined };
      const join = runKeys.textOf(keys.join(round, shard, lease.incarnation));
      if (join !== undefined) return { ...start, join: readMessage(joinEntry, join) };
      const what = rejoins ? 'waiting to join it' : 'this agent joins the next one';
      if (!isLogged) log('WARNING', 'agent', `the measurement has begun: ${what}`);
      if (!rejoins) return undefined;
      isLogged = true;
    }
    await sleep(20, over);
  }
  return undefined;
}
