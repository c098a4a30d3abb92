import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { sleep } from '../../util/timeout.js';
import { kubectl } from './kubectl.js';
import type { RunPod } from './pods.js';
import { exitCodeIn } from './run-ended.js';
import { type Place, runObjects } from './run-objects.js';
import { LOOK_EVERY_MS, newestPod, startedPod } from './started-pod.js';

/** The announcement of the end is among the last characters. */
const KEPT_CHARACTERS = 10_000;
/** A Pod may take this long from the end of its log to its own. */
const LONGEST_END_MS = 60_000;

/** What to follow. */
export interface Followed {
  /** Number of an agent's shard; undefined: the coordinator. */
  readonly shard: number | undefined;
  /** More words of `kubectl logs`. */
  readonly words: readonly string[];
  readonly onPart: (part: string) => void;
}

/** How a log ended. */
export interface LogEnd {
  /** The last Pod: others may have taken the place of the first. */
  readonly pod: RunPod;
  /** Of the run; undefined: the log does not say that it ended. */
  readonly exitCode: number | undefined;
}

/**
 * Follows the log of a Pod that has started, and of those that take its place, until it says that the run ended, or the
 * last Pod ends.
 * @throws UserError if the log ends, and the Pod does not.
 */
export async function followRun(started: RunPod, place: Place, followed: Followed, io: Io): Promise<LogEnd> {
  const { shard, words, onPart } = followed;
  let pod = started;
  for (;;) {
    let log = '';
    await kubectl(['logs', pod.name, '--follow', ...words], place, io, (part) => {
      onPart(part);
      // The announcement may arrive in two parts.
      log = (log + part).slice(-KEPT_CHARACTERS);
      return exitCodeIn(log) !== undefined;
    });
    const exitCode = exitCodeIn(log);
    if (exitCode !== undefined) return { pod, exitCode };
    if (await isOver(pod, place, shard, io)) return { pod, exitCode };
    pod = await startedPod(place, shard, io);
  }
}

/** Whether the Pod has ended, and none takes its place. @throws UserError if it does not end. */
async function isOver(
  { name, uid }: RunPod,
  place: Place,
  shard: number | undefined,
  io: Io,
): Promise<boolean> {
  const endMs = io.nowMs() + LONGEST_END_MS;
  for (;;) {
    const newest = newestPod(await runObjects(place, io), shard);
    if (newest?.uid !== uid || newest.isMoved) return false;
    if (newest.phase !== 'Running') return true;
    if (io.nowMs() >= endMs) {
      throw new UserError(
        `The log of ${name} ended, and the Pod still runs`,
        'The connection was lost. Run the same command again.',
      );
    }
    await sleep(LOOK_EVERY_MS, new AbortController().signal);
  }
}
