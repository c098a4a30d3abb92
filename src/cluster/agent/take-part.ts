import { messageOf } from '../../util/errors.js';
import { every } from '../../util/timeout.js';
import { isDeleted } from '../directory.js';
import type { RunEntry } from '../messages.js';
import { keys, namesOf } from '../names.js';
import type { Nats } from '../nats/connection.js';
import { insist } from '../nats/retry.js';
import { RunKeys } from '../nats/run-keys.js';
import type { JoinedRun } from './joined-run.js';
import { playRound } from './play-round.js';
import { keptText, type PlayedRound, settleRound } from './played-round.js';
import { requireFitting } from './refuse-run.js';
import type { AgentSurroundings } from './surroundings.js';
import { type SoughtShard, takeShard } from './take-shard.js';
import { WaitNotice } from './wait-notice.js';

const NOTE_EVERY_MS = 1000;

/** A run that an agent may take part in. */
export interface OfferedRun {
  readonly nats: Nats;
  readonly run: string;
  readonly entry: RunEntry;
  /** Aborted when the run is over. */
  readonly over: AbortSignal;
}

/** What an agent wants of a run. */
export interface Search extends Pick<SoughtShard, 'uid' | 'shard' | 'rejoins' | 'onFull'> {
  /** Whether it could take part in other runs. */
  readonly hasOthers: () => boolean;
  /** Called while it waits for a free shard. */
  readonly onWait: () => void;
  /** Ends that wait; undefined: there is no limit. */
  readonly waitLimit: AbortSignal | undefined;
  /** In which each round gets a folder for its records. */
  readonly folder: string;
}

/** Takes a shard of a run and plays its rounds. @returns false if no shard is free. @throws UserError */
export async function takePart(
  { nats, run, entry, over }: OfferedRun,
  { hasOthers, onWait, waitLimit, folder, ...search }: Search,
  surroundings: AgentSurroundings,
): Promise<boolean> {
  const { log, nowMs, ending } = surroundings;
  requireFitting(run, entry, search.shard);
  const { bucket } = namesOf(run);
  const kv = await nats.buckets.open(bucket);
  const leaving = new AbortController();
  const gone = AbortSignal.any([over, leaving.signal]);
  const noteTrouble = (thrown: unknown) => log('DEBUG', 'agent', messageOf(thrown));
  const runKeys = new RunKeys(nats, bucket, nowMs, { onTrouble: noteTrouble, signal: gone });
  try {
    const taken = await takeShard({
      ...{ ...search, nats, kv, entry, runKeys, nowMs },
      mayWait: (waitedMs) => {
        onWait();
        return !hasOthers() || waitedMs < 2 * entry.shardTimeoutSeconds * 1000;
      },
      until: AbortSignal.any([gone, ending, ...(waitLimit === undefined ? [] : [waitLimit])]),
    });
    if (taken === undefined) return false;
    const { shard, lease } = taken;
    log('NOTICE', 'agent', `shard ${shard} of ${entry.shards} of run ${run}`);
    let isLost = false;
    const leave = () => {
      isLost = true;
      leaving.abort();
    };
    lease.lost.addEventListener('abort', () => {
      if (!gone.aborted)
        log('ERROR', 'agent', `shard ${shard} was taken over by another agent: this one sends no more`);
    });
    const joined: JoinedRun = {
      ...{ nats, kv, run, entry, shard, lease, runKeys, rejoins: search.rejoins, over: gone },
      stopped: AbortSignal.any([gone, ending, lease.lost]),
      ...{ leave, noteTrouble },
    };
    try {
      const last = await playRounds(joined, folder, surroundings);
      if (last === undefined) return true;
      // An agent that was cut off may find the run deleted.
      const isOver = isLost ? await isDeleted(nats, run) : over.aborted;
      if (isOver) settleRound(joined, last, surroundings);
      else log(isLost ? 'ERROR' : 'NOTICE', 'agent', keptText(last, isLost));
    } finally {
      leaving.abort();
      // A successor need not wait for its signs of life.
      await lease.leave();
    }
    return true;
  } finally {
    leaving.abort();
  }
}

/** Plays rounds until the run is over. @returns the last one, whose records nobody has confirmed. */
async function playRounds(
  joined: JoinedRun,
  folder: string,
  surroundings: AgentSurroundings,
): Promise<PlayedRound | undefined> {
  const { run, runKeys, kv, over, stopped, rejoins, noteTrouble } = joined;
  const { log, nowMs } = surroundings;
  const isThere = async (key: string) =>
    runKeys.has(key) || (await insist(() => kv.get(key), over, noteTrouble)) !== null;
  let last: PlayedRound | undefined;
  for (let round = 0; !stopped.aborted; round++) {
    const planOrEnd = () => runKeys.textOf(keys.plan(round)) ?? runKeys.textOf(keys.ended(round));
    const wait = new WaitNotice(nowMs, log);
    const what = `the coordinator of run ${run} to begin measurement ${round + 1}, or to end the run`;
    const stopNotes = every(NOTE_EVERY_MS, () => wait.note(what));
    const plan = await runKeys.waitFor(planOrEnd, stopped).finally(stopNotes);
    if (plan === undefined) break;
    // The coordinator has written the files of the round before.
    if (last !== undefined) settleRound(joined, last, surroundings);
    last = undefined;
    if (await isThere(keys.ended(round))) continue;
    if (!rejoins && (await isThere(keys.start(round, 0)))) {
      log('WARNING', 'agent', 'the measurement has begun: this agent joins the next one');
      continue;
    }
    last = await playRound({ joined, folder }, plan, surroundings);
  }
  return last;
}
