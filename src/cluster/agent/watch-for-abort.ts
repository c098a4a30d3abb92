import { abortEntry, readMessage } from '../messages.js';
import { keys } from '../names.js';
import type { JoinedRun } from './joined-run.js';

/**
 * Calls `onAbort` with the reason when the load is to end early: the coordinator says so, the user ends the agent, or
 * another one has taken the shard. @returns a function that stops it.
 */
export function watchForAbort(
  { runKeys, lease }: Pick<JoinedRun, 'runKeys' | 'lease'>,
  round: number,
  ending: AbortSignal,
  onAbort: (why: string) => void,
): () => void {
  const reason = () => {
    const abort = runKeys.textOf(keys.abort(round));
    if (abort !== undefined) return readMessage(abortEntry, abort).why;
    if (ending.aborted) return 'its agent was ended while it was in flight';
    return lease.lost.aborted ? 'another agent has taken its shard' : undefined;
  };
  const stop = new AbortController();
  const until = AbortSignal.any([ending, lease.lost, stop.signal]);
  void runKeys.waitFor(reason, until).then((why) => {
    if (why !== undefined && !stop.signal.aborted) onAbort(why);
  });
  return () => stop.abort();
}
