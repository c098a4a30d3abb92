import { hostname } from 'node:os';
import { counted } from '../../util/counted.js';
import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { version } from '../../util/version.js';
import type { Refusal, RunEntry } from '../messages.js';
import { namesOf } from '../names.js';
import type { Nats } from '../nats/connection.js';

/** @param shard that the agent is to take; undefined: any. @throws UserError if the agent is of no use for the run. */
export function requireFitting(run: string, entry: RunEntry, shard: number | undefined): void {
  if (entry.version !== version)
    throw new UserError(
      `Run ${run} was started by aiperf ${entry.version}, and this agent is aiperf ${version}.`,
      'Use the same version on all machines.',
    );
  if (shard !== undefined && shard >= entry.shards)
    throw new UserError(
      `Run ${run} has ${counted(entry.shards, 'shard')}, counted from 0: there is no shard ${shard}.`,
      'Give --shard (or JOB_COMPLETION_INDEX) a smaller number, or start the run with more --shards.',
    );
}

/** Has the coordinator say why an agent takes no shard; not if NATS cannot be asked now. */
export async function publishRefusal({ js }: Nats, run: string, uid: string, message: string): Promise<void> {
  const refusal: Refusal = { host: hostname(), message };
  await js.publish(namesOf(run).refusalOf(uid), JSON.stringify(refusal), { msgID: uid }).catch(() => {});
}

const LASTING_MS = 5000;

/** Logs what keeps an agent from a run once it has lasted: what passes in a moment is no news. */
export class Troubles {
  readonly #nowMs: () => number;
  readonly #log: Log;
  readonly #sinceMs = new Map<string, number>();

  constructor(nowMs: () => number, log: Log) {
    this.#nowMs = nowMs;
    this.#log = log;
  }

  note(run: string, why: string): void {
    this.#log('DEBUG', 'agent', why);
    const sinceMs = this.#sinceMs.get(run) ?? this.#nowMs();
    this.#sinceMs.set(run, sinceMs);
    if (this.#nowMs() - sinceMs < LASTING_MS) return;
    this.#log('WARNING', 'agent', `cannot take part in run ${run}: ${why}; trying again`);
    this.#sinceMs.set(run, Number.POSITIVE_INFINITY);
  }
}
