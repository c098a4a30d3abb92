import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { sleep } from '../../util/timeout.js';
import { type RunPod, stateText } from './pods.js';
import { type Place, type RunObjects, runObjects } from './run-objects.js';

export const LOOK_EVERY_MS = 1000;
/** As long as the Pods of a run wait for each other. */
const LONGEST_WAIT_MS = 600_000;

/**
 * The newest Pod of the coordinator, or of a shard, once it has started: before that, it has no log to follow. Waits for
 * the successor of one that was removed. Says on stderr what it waits for.
 * @throws UserError if there will be no such Pod, or it has not started within 10 minutes.
 */
export async function startedPod(place: Place, shard: number | undefined, io: Io): Promise<RunPod> {
  const endMs = io.nowMs() + LONGEST_WAIT_MS;
  let shown = '';
  for (;;) {
    const objects = await runObjects(place, io);
    const pod = newestPod(objects, shard);
    if (pod !== undefined && pod.phase !== 'Pending' && !pod.isMoved) return pod;
    const what = pod === undefined ? missingText(objects, place, shard) : `${pod.name}: ${stateText(pod)}`;
    if (io.nowMs() >= endMs) {
      throw new UserError(
        `No Pod has started within ${LONGEST_WAIT_MS / 60_000} minutes. ${what}`,
        'See all Pods of the run with aiperf kube status.',
      );
    }
    const line = `Waiting for a Pod to start. ${what}\n`;
    if (line !== shown) io.stderr.write(line);
    shown = line;
    await sleep(LOOK_EVERY_MS, new AbortController().signal);
  }
}

/** The newest Pod of the coordinator, or of a shard. @throws UserError if there is none. */
export async function findPod(place: Place, shard: number | undefined, io: Io): Promise<RunPod> {
  const objects = await runObjects(place, io);
  const pod = newestPod(objects, shard);
  if (pod !== undefined) return pod;
  throw new UserError(missingText(objects, place, shard), 'See all Pods of the run with aiperf kube status.');
}

/** The newest Pod of the coordinator, or of a shard. */
export function newestPod({ pods }: RunObjects, shard: number | undefined): RunPod | undefined {
  return pods.findLast((pod) => (shard === undefined ? pod.role === 'coordinator' : pod.shard === shard));
}

/** Why there is no Pod yet. @throws UserError if none will come. */
function missingText({ gaps }: RunObjects, { name }: Place, shard: number | undefined): string {
  const gap = gaps.find(({ role }) => role === (shard === undefined ? 'coordinator' : 'agent'));
  if (gap !== undefined && !gap.isFinal) return gap.text;
  throw new UserError(
    `The run ${name} has no Pod of ${shard === undefined ? 'the coordinator' : `shard ${shard}`}`,
    gap?.text ?? 'See which Pods there are with aiperf kube status.',
  );
}
