import { DIRECTORY, keys, namesOf } from '../names.js';
import { isStreamGone, type Nats, openBucket } from '../nats/connection.js';
import { hasLapsed, holderOf } from '../nats/lease.js';

/** A process that deletes a run is done by then, or was killed. */
const LAPSE_MS = 5000;

/** Deletes what NATS holds of a run. The bucket is last: as long as it is there, what is left can be found. */
export async function removeRun({ jsm }: Nats, run: string): Promise<void> {
  const { records, events, data, bucket } = namesOf(run);
  for (const stream of [records, events, `OBJ_${data}`, `KV_${bucket}`]) {
    try {
      await jsm.streams.delete(stream);
    } catch (thrown) {
      if (!isStreamGone(thrown)) throw thrown;
    }
  }
}

/** Deletes what a coordinator that was killed while it deleted a run has left. @returns whether there was something. */
export async function removeRest(nats: Nats, run: string, nowMs: () => number): Promise<boolean> {
  const directory = await openBucket(nats, DIRECTORY);
  if ((await directory.get(run))?.operation !== 'DEL') return false;
  const { bucket } = namesOf(run);
  try {
    await nats.jsm.streams.info(`KV_${bucket}`);
  } catch (thrown) {
    if (isStreamGone(thrown)) return false;
    throw thrown;
  }
  const kv = await openBucket(nats, bucket);
  const holder = await holderOf(kv, keys.coordinator);
  // Another process begins a run of this name.
  if (holder === undefined || !(await hasLapsed(kv, keys.coordinator, holder, LAPSE_MS, nowMs))) return false;
  await removeRun(nats, run);
  return true;
}
