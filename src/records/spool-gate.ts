/**
 * Writes to spools that may be under way at a time in a process. Each holds one of the four threads of libuv's pool, which
 * also look up host names: a disk that hangs must not stop connections.
 */
const MAX_WRITES = 2;
const HEADER_BYTES = 8;

/** What the load threads of a process know of each other's spools, in shared memory. */
export class SpoolGate {
  readonly buffer: SharedArrayBuffer;
  readonly #writes: Int32Array;
  readonly #queuedBytes: Float64Array;

  /** @param shared number of load threads, or the buffer of another thread's gate. */
  constructor(shared: number | SharedArrayBuffer) {
    this.buffer = typeof shared === 'number' ? new SharedArrayBuffer(HEADER_BYTES + 8 * shared) : shared;
    this.#writes = new Int32Array(this.buffer, 0, 1);
    this.#queuedBytes = new Float64Array(this.buffer, HEADER_BYTES);
  }

  /** @returns whether a write may begin; it is then followed by `leave`. */
  tryEnter(): boolean {
    if (Atomics.add(this.#writes, 0, 1) < MAX_WRITES) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.sub(this.#writes, 0, 1);
  }

  /** Bytes of finished records of a thread that wait in memory for the disk. */
  queuedBytes(thread: number): number {
    return this.#queuedBytes[thread] ?? 0;
  }

  setQueuedBytes(thread: number, bytes: number): void {
    this.#queuedBytes[thread] = bytes;
  }
}
