import { MAX_ROW_BYTES } from '../../util/limits.js';

/** A conversation of a streamed file. */
export interface StreamedConversation {
  /** Its number in the file, by its first row; from 0. */
  readonly index: number;
  /** Number of turns of the conversations before it. */
  readonly firstTurn: number;
  /** Its rows as JSON texts, in file order. */
  readonly rows: readonly string[];
  readonly schedule?: ScheduledTurns | undefined;
}

/** Which turns of a conversation a fixed schedule sends. */
export interface ScheduledTurns {
  /** Recorded time of the first turn that is sent, ms. */
  readonly firstMs: number;
  /** Its index within the conversation. */
  readonly firstTurn: number;
  /** Turns that are sent, from that one on. */
  readonly turns: number;
  /** Turns that are sent of all conversations before it. */
  readonly turnsBefore: number;
}

/** Shared memory through which the indexing thread passes conversations to the threads that send them. */
export interface RingMemory {
  readonly cells: Int32Array;
  /** By slot: the conversation's position + 1 while the slot can be read. */
  readonly marks: Int32Array;
  /** `FIELDS` numbers per slot. */
  readonly slots: Float64Array;
  /** UTF-8 rows, each followed by a zero byte, which no JSON contains. */
  readonly bytes: Uint8Array;
}

/** Bytes of all rows of one conversation. */
export const MAX_CONVERSATION_BYTES = MAX_ROW_BYTES;
// A conversation that is as large as allowed fits, with a byte per row, also where it must skip the end of the ring.
const RING_BYTES = 2 * (MAX_CONVERSATION_BYTES + 2 ** 17);
const RING_SLOTS = 2 ** 17;
const MAX_THREADS = 1024;

// Cells.
const PUBLISHED = 0;
/** Positions below were handed out to sessions. */
const TAKEN = 1;
/** Conversations in the file; -1 until its end was read. */
const SIZE = 2;
/** Milliseconds that load threads waited for conversations. */
const WAITED = 3;
/** By load thread: no lower position will be read by it; -1: any that was handed out was read. */
const HELD = 4;

// Fields of a slot.
const START = 0;
const LENGTH = 1;
const INDEX = 2;
const FIRST_TURN = 3;
const SCHEDULED_MS = 4;
const SCHEDULED_FIRST = 5;
const SCHEDULED_TURNS = 6;
const SCHEDULED_BEFORE = 7;
const FIELDS = 8;

/** Takes 136 MB when it is full. */
export function allocateRing(bytes = RING_BYTES, slots = RING_SLOTS): RingMemory {
  const memory: RingMemory = {
    cells: new Int32Array(new SharedArrayBuffer(4 * (HELD + MAX_THREADS))),
    marks: new Int32Array(new SharedArrayBuffer(4 * slots)),
    slots: new Float64Array(new SharedArrayBuffer(8 * FIELDS * slots)),
    bytes: new Uint8Array(new SharedArrayBuffer(bytes)),
  };
  memory.cells[SIZE] = -1;
  return memory;
}

/**
 * Positions count the conversations of a run in the order in which sessions take them. A slot is written again when
 * its position was handed out and read: a thread holds positions from before it takes one until it has read it.
 */
export class RingWriter {
  readonly #memory: RingMemory;
  readonly #text: Buffer;
  readonly #threads: number;
  readonly #slots: number;
  #position: number;
  /** Bytes written since the start, with those that were skipped. */
  #at = 0;

  /** @param threads that read. @param first position of the first conversation; nobody has read yet. */
  constructor(memory: RingMemory, threads: number, first: number) {
    this.#memory = memory;
    this.#text = Buffer.from(memory.bytes.buffer);
    this.#threads = threads;
    this.#slots = memory.marks.length;
    this.#position = first;
    memory.cells.fill(first, HELD, HELD + threads);
    Atomics.store(memory.cells, TAKEN, first);
    Atomics.store(memory.cells, PUBLISHED, first);
  }

  /** Publishes a conversation. @returns false if there is no room for it now. */
  add({ index, firstTurn, rows, schedule }: StreamedConversation, byteLength: number): boolean {
    const { marks, slots, bytes, cells } = this.#memory;
    const length = byteLength + rows.length;
    const left = bytes.length - (this.#at % bytes.length);
    const start = length > left ? this.#at + left : this.#at;
    const lowest = this.#lowest();
    const kept = lowest === this.#position ? this.#at : (slots[(lowest % this.#slots) * FIELDS + START] ?? 0);
    if (this.#position - lowest >= this.#slots || start + length - kept > bytes.length) return false;

    const slot = this.#position % this.#slots;
    Atomics.store(marks, slot, 0);
    let at = start % bytes.length;
    for (const row of rows) {
      at += this.#text.write(row, at);
      bytes[at++] = 0;
    }
    const { firstMs = 0, firstTurn: first = 0, turns = 0, turnsBefore = 0 } = schedule ?? {};
    slots.set([start, length, index, firstTurn, firstMs, first, turns, turnsBefore], slot * FIELDS);
    this.#at = start + length;
    this.#position++;
    Atomics.store(marks, slot, this.#position);
    Atomics.store(cells, PUBLISHED, this.#position);
    return true;
  }

  /** Publishes the number of conversations of the file, before the first one of a second pass through it. */
  setSize(size: number): void {
    Atomics.store(this.#memory.cells, SIZE, size);
  }

  /** The lowest position that may still be read. */
  #lowest(): number {
    const { cells } = this.#memory;
    // Before the held ones: a thread holds a position before it is handed out.
    let lowest = Math.min(this.#position, Atomics.load(cells, TAKEN));
    for (let thread = 0; thread < this.#threads; thread++) {
      const held = Atomics.load(cells, HELD + thread);
      if (held !== -1) lowest = Math.min(lowest, held);
    }
    return lowest;
  }
}

/** Reads the ring in any thread. */
export class RingReader {
  readonly #memory: RingMemory;
  readonly #text: Buffer;
  readonly #slots: number;

  constructor(memory: RingMemory) {
    this.#memory = memory;
    this.#text = Buffer.from(memory.bytes.buffer);
    this.#slots = memory.marks.length;
  }

  /** Positions below are in the ring, or were. */
  get published(): number {
    return Atomics.load(this.#memory.cells, PUBLISHED);
  }

  /** Conversations in the file; Infinity until its end was read. */
  get size(): number {
    const size = Atomics.load(this.#memory.cells, SIZE);
    return size === -1 ? Number.POSITIVE_INFINITY : size;
  }

  /** Positions below were handed out to sessions. */
  get taken(): number {
    return Atomics.load(this.#memory.cells, TAKEN);
  }

  /** @throws Error unless the position was published and is held or not handed out yet. */
  read(position: number): StreamedConversation {
    const { slots, bytes } = this.#memory;
    const slot = this.#requireReadable(position);
    const at = slot * FIELDS;
    const start = (slots[at + START] ?? 0) % bytes.length;
    const end = start + (slots[at + LENGTH] ?? 0);
    const rows: string[] = [];
    for (let from = start; from < end; ) {
      const to = this.#text.indexOf(0, from);
      rows.push(this.#text.toString('utf8', from, to));
      from = to + 1;
    }
    const index = slots[at + INDEX] ?? 0;
    const firstTurn = slots[at + FIRST_TURN] ?? 0;
    this.#requireReadable(position);
    return { index, firstTurn, rows };
  }

  /** @throws Error as `read`. */
  scheduleOf(position: number): ScheduledTurns {
    const { slots } = this.#memory;
    const at = this.#requireReadable(position) * FIELDS;
    return {
      firstMs: slots[at + SCHEDULED_MS] ?? 0,
      firstTurn: slots[at + SCHEDULED_FIRST] ?? 0,
      turns: slots[at + SCHEDULED_TURNS] ?? 0,
      turnsBefore: slots[at + SCHEDULED_BEFORE] ?? 0,
    };
  }

  /** Keeps a position and those above readable. @param position absent: the next ones to be handed out. */
  hold(thread: number, position = this.taken): void {
    Atomics.store(this.#memory.cells, HELD + thread, position);
  }

  /** What the thread took was read. */
  release(thread: number): void {
    Atomics.store(this.#memory.cells, HELD + thread, -1);
  }

  /** Notes that a position was handed out to a session. */
  noteTaken(position: number): void {
    const { cells } = this.#memory;
    for (;;) {
      const taken = Atomics.load(cells, TAKEN);
      if (taken > position || Atomics.compareExchange(cells, TAKEN, taken, position + 1) === taken) return;
    }
  }

  /** Notes a millisecond in which a load thread had nothing to send. */
  noteWait(): void {
    Atomics.add(this.#memory.cells, WAITED, 1);
  }

  /** Time that load threads waited, ms. */
  get waitedMs(): number {
    return Atomics.load(this.#memory.cells, WAITED);
  }

  #requireReadable(position: number): number {
    const slot = position % this.#slots;
    if (Atomics.load(this.#memory.marks, slot) === position + 1) return slot;
    throw new Error(`conversation ${position} is not in memory`);
  }
}
