import { type RingMemory, RingReader } from '../dataset/stream/conversation-ring.js';

/** The sessions of a streamed dataset for one load thread: their conversations are in memory from when they are known until the thread has opened them. */
export class StreamedSessions {
  readonly ring: RingReader;
  readonly #thread: number;

  constructor(memory: RingMemory, thread: number) {
    this.ring = new RingReader(memory);
    this.#thread = thread;
  }

  /**
   * Takes the next session for `open`, which reads its conversation at once.
   * @param take hands out a number below a limit. @param first number of the phase's first session.
   */
  take(take: (limit: number) => number | undefined, first: number): number | undefined {
    this.ring.hold(this.#thread);
    const number = take(this.ring.published - first);
    if (number === undefined) this.ring.release(this.#thread);
    else this.ring.noteTaken(first + number);
    return number;
  }

  /** No thread takes a session below `next`: another process has sent them. */
  skipTo(next: number): void {
    if (next > 0) this.ring.noteTaken(next - 1);
  }

  /** The session that was taken is open. */
  noteOpened(): void {
    this.ring.release(this.#thread);
  }

  /** The thread opens no session below `next` any more. */
  openFrom(next: number): void {
    this.ring.hold(this.#thread, next);
    if (next > 0) this.ring.noteTaken(next - 1);
  }
}
