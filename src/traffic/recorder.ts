import { Worker } from 'node:worker_threads';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { UserError } from '../util/errors.js';
import { packageFile } from '../util/package-file.js';
import { deathOf } from '../util/thread-death.js';
import { Budget } from './proxy/budget.js';
import type { ExchangeEnd, RecordedExchange } from './proxy/exchange.js';
import type { TraceForm, TraceSize } from './trace-rows.js';

/** What the recording thread starts with. */
export interface RecorderStart {
  readonly source: TokenizerSource;
  readonly blockSize: number;
  /** Bytes of bodies that it is done with; see `Budget`. */
  readonly returned: Int32Array;
}

/** What it is sent. */
export type RecorderMessage =
  | { readonly kind: 'exchange'; readonly exchange: RecordedExchange }
  | { readonly kind: 'finish'; readonly output: string; readonly form: TraceForm };

/** Exchanges that the thread has read, by what became of them. */
export interface ReadCounts {
  recorded: number;
  /** Of the recorded ones: those that their client left. */
  aborted: number;
  failed: number;
  other: number;
}

/** What it answers at the end. */
export interface RecordedTrace {
  readonly counts: ReadCounts;
  readonly size: TraceSize;
  readonly notes: {
    readonly refusedChats: number;
    readonly hasTemplate: boolean;
    readonly unanswered: { readonly withLimit: number; readonly withoutLimit: number };
  };
}

export type RecorderReply = RecordedTrace | { readonly error: string; readonly hint: string | undefined };

/** All that a recording counted. */
export interface RecordingCounts extends ReadCounts {
  /** Requests that were not kept: too many bodies were in memory. */
  readonly dropped: number;
  readonly unreachable: number;
}

/** Hands exchanges to a thread that makes facts of them, so that the thread of the proxy never counts a token. */
export class Recorder {
  readonly budget: Budget;
  /** Rejects if the thread dies, or can keep nothing more: with a ThreadDeath or a UserError. Never resolves. */
  readonly failure: Promise<never>;
  readonly #trace: Promise<RecordedTrace>;
  #dropped = 0;
  #other = 0;
  #unreachable = 0;
  #isOver = false;
  readonly #worker: Worker;

  /** @param maxBytes bodies in memory at a time. */
  constructor(source: TokenizerSource, blockSize: number, maxBytes: number) {
    const returned = new Int32Array(new SharedArrayBuffer(4));
    this.budget = new Budget(maxBytes, returned);
    const workerData: RecorderStart = { source, blockSize, returned };
    this.#worker = new Worker(packageFile('dist/traffic/recorder-thread.js'), { workerData });
    const reply = new Promise<RecorderReply>((resolve) => this.#worker.once('message', resolve));
    this.#trace = reply.then((result) => {
      if ('error' in result) throw new UserError(result.error, result.hint);
      return result;
    });
    const death = deathOf(this.#worker, 'The recording thread', () => this.#isOver);
    this.failure = Promise.race([death, this.#trace.then(() => death)]);
    this.failure.catch(() => {});
  }

  take(end: ExchangeEnd, isDropped: boolean, exchange: RecordedExchange | undefined): void {
    if (end === 'unreachable') {
      this.#unreachable++;
      if (exchange !== undefined) this.budget.giveBack(bytesOf(exchange));
    } else if (isDropped) {
      this.#dropped++;
    } else if (exchange === undefined) {
      this.#other++;
    } else {
      const message: RecorderMessage = { kind: 'exchange', exchange };
      const pieces = [...exchange.request, ...exchange.response].map(({ buffer }) => buffer);
      this.#worker.postMessage(message, pieces);
    }
  }

  /** Waits until all is read, and writes the trace. @throws UserError, or the ThreadDeath of the thread. */
  async finish(
    output: string,
    form: TraceForm,
  ): Promise<RecordedTrace & { readonly counts: RecordingCounts }> {
    const message: RecorderMessage = { kind: 'finish', output, form };
    this.#worker.postMessage(message);
    const result = await Promise.race([this.#trace, this.failure]).finally(() => {
      this.#isOver = true;
      return this.#worker.terminate();
    });
    const { counts } = result;
    const [dropped, unreachable] = [this.#dropped, this.#unreachable];
    return { ...result, counts: { ...counts, other: counts.other + this.#other, dropped, unreachable } };
  }
}

/** Bytes of both bodies. */
export function bytesOf({ request, response }: RecordedExchange): number {
  return [...request, ...response].reduce((sum, { length }) => sum + length, 0);
}
