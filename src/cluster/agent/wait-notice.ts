import { counted } from '../../util/counted.js';
import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';

const EVERY_MS = 60_000;

/** Logs each minute what an agent waits for: silence would look like a process that hangs. */
export class WaitNotice {
  readonly #nowMs: () => number;
  readonly #log: Log;
  #sinceMs: number;
  #told = 0;

  /** Begins to wait. @param nowMs a monotonic clock. */
  constructor(nowMs: () => number, log: Log) {
    this.#nowMs = nowMs;
    this.#log = log;
    this.#sinceMs = nowMs();
  }

  /** How long it has waited. */
  get waitedMs(): number {
    return this.#nowMs() - this.#sinceMs;
  }

  /** Begins to wait again. */
  restart(): void {
    this.#sinceMs = this.#nowMs();
    this.#told = 0;
  }

  /** To be called often. @param what completes "still waiting for …". */
  note(what: string): void {
    const minutes = Math.floor(this.waitedMs / EVERY_MS);
    if (minutes <= this.#told) return;
    this.#told = minutes;
    this.#log('NOTICE', 'agent', `still waiting for ${what}, for ${counted(minutes, 'minute')} now`);
  }
}

/** What an agent waits for, and how long. */
interface WaitLimits {
  /** Undefined: any run. */
  readonly run: string | undefined;
  /** Undefined: without a limit. */
  readonly waitSeconds: number | undefined;
}

/** @param run that an agent takes part in; undefined: any. */
export function wantedText(run: string | undefined): string {
  return `${run === undefined ? 'a run' : `run ${run}`} with a free shard (aiperf profile --nats … --shards N)`;
}

/** Ends the wait of an agent; undefined without a limit. */
export function waitLimit(
  wait: WaitNotice,
  { waitSeconds }: Pick<WaitLimits, 'waitSeconds'>,
): AbortSignal | undefined {
  if (waitSeconds === undefined) return undefined;
  return AbortSignal.timeout(Math.max(0, waitSeconds * 1000 - wait.waitedMs));
}

/** @throws UserError when an agent has waited for as long as it may. */
export function requireInTime({ waitedMs }: WaitNotice, { run, waitSeconds }: WaitLimits): void {
  if (waitSeconds === undefined || waitedMs < waitSeconds * 1000) return;
  throw new UserError(
    `There was no ${run === undefined ? 'run' : `run ${run}`} with a free shard within ${waitSeconds} s.`,
    'Start the coordinator (aiperf profile --nats … --shards N) and see its log, or raise --wait-timeout.',
  );
}
