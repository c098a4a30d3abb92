import type { Log } from '../../util/log.js';
import { type JoinEntry, joinEntry, readMessage, type StartEntry, startEntry } from '../messages.js';
import { keys } from '../names.js';
import type { JoinedRun } from './joined-run.js';

/** A phase that has a start. */
export interface PhaseStart extends StartEntry {
  /** Where this incarnation of the shard joins this phase or a later one; undefined: it takes part from the start. */
  readonly join: JoinEntry | undefined;
}

/** Waits for the start of a phase that this agent takes part in, or joins; undefined: it takes part in none any more. */
export async function waitForStart(
  { runKeys, stopped, shard, lease, rejoins }: JoinedRun,
  { round, phase }: { readonly round: number; readonly phase: number },
  log: Log,
): Promise<PhaseStart | undefined> {
  const ends = [keys.abort(round), keys.ended(round)];
  let isLogged = false;
  const found = await runKeys.waitFor(() => {
    if (stopped.aborted || ends.some((key) => runKeys.has(key))) return 'none';
    const text = runKeys.textOf(keys.start(round, phase));
    if (text === undefined) return undefined;
    const start = readMessage(startEntry, text);
    if (start.incarnations[shard] === lease.incarnation) return { ...start, join: undefined };
    const join = runKeys.textOf(keys.join(round, shard, lease.incarnation));
    if (join !== undefined) return { ...start, join: readMessage(joinEntry, join) };
    const what = rejoins ? 'waiting to join it' : 'this agent joins the next one';
    if (!isLogged) log('WARNING', 'agent', `the measurement has begun: ${what}`);
    isLogged = true;
    return rejoins ? undefined : 'none';
  }, stopped);
  return found === 'none' ? undefined : found;
}
