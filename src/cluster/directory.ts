import { DIRECTORY } from './names.js';
import { type Nats, openBucket } from './nats/connection.js';

/** Whether a coordinator has finished a run and deleted it; false while NATS cannot be asked, and if NATS has lost it. */
export async function isDeleted(nats: Nats, run: string): Promise<boolean> {
  try {
    const directory = await openBucket(nats, DIRECTORY);
    return (await directory.get(run))?.operation === 'DEL';
  } catch {
    return false;
  }
}
