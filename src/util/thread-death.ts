import type { Worker } from 'node:worker_threads';
import { messageOf } from './errors.js';

/** A thread that ended too early: `message` names it and the reason, `cause` is what it threw. */
export class ThreadDeath extends Error {}

/**
 * Rejects with a ThreadDeath if the thread throws, runs out of memory or exits; never resolves.
 * @param name at the start of a sentence, e.g. `Load thread 1`. @param isExpected it is being stopped on purpose.
 */
export function deathOf(worker: Worker, name: string, isExpected: () => boolean): Promise<never> {
  const died = new Promise<never>((_, reject) => {
    worker.once('error', (thrown: unknown) =>
      reject(new ThreadDeath(`${name} ${causeOf(thrown)}`, { cause: thrown })),
    );
    worker.once('exit', (code) => {
      if (!isExpected()) reject(new ThreadDeath(`${name} ended early with exit code ${code}`));
    });
  });
  died.catch(() => {});
  return died;
}

function causeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `ran out of memory (${code}). NODE_OPTIONS=--max-old-space-size=<MB> raises its limit`;
  }
  return `failed: ${messageOf(thrown)}`;
}
