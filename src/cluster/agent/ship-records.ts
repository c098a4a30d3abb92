import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import { BatchSource } from '../../collect/batch-source.js';
import type { BatchFeed } from '../../load/source.js';
import { messageOf } from '../../util/errors.js';
import { sleep } from '../../util/timeout.js';
import { bytesOfItems, FIRST_DIGEST, messageOfBatch, nextDigest, type ThreadItem } from '../batch-message.js';
import type { BatchHead, Seal } from '../messages.js';
import { insist } from '../nats/retry.js';

/** What a seal says of the records. */
type SentRecords = Pick<Seal, 'records' | 'peakUnsentBytes'>;

const compress = promisify(deflateRaw);

/** A batch is sent when it has this many bytes before compression, which makes 64 to 256 KiB of them, … */
const BATCH_BYTES = 512 << 10;
/** … or when its first record is this old. */
const MAX_WAIT_MS = 500;
/** Room for the head of a message, and for what NATS adds. */
const HEAD_ROOM = 4096;
const MAX_BODY_BYTES = 256 << 10;
const POLL_EVERY_MS = 50;

export interface ShipOptions {
  readonly round: number;
  readonly feeds: readonly BatchFeed[];
  /** Folder that the load threads spool to; undefined: they post. */
  readonly spool: string | undefined;
  /** Bytes of the largest message that NATS takes. */
  readonly maxBytes: number;
  /** Stores a message; resolves when it is on the server's disk. @param id equal ids are stored once. */
  readonly publish: (message: Uint8Array, id: string) => Promise<void>;
  /** Called with everything that a load thread hands over. */
  readonly onItem: (item: ThreadItem) => void;
  /** What the load threads have started and sent, by phase. */
  readonly sent: () => BatchHead['sent'];
  /** A message could not be stored; it is sent again. */
  readonly onRetry: (why: string) => void;
  /** Gives up: nothing more is sent. */
  readonly signal: AbortSignal;
}

/** Sends the records of a shard in the order in which its threads finished them, one message after another. */
export class RecordShipper {
  readonly #options: ShipOptions;
  readonly #sources: readonly BatchSource[];
  #wake = () => {};
  #seq = 0;
  #digest = FIRST_DIGEST;
  #records = 0;
  #peakBytes = 0;
  readonly #observations: ThreadItem[] = [];

  constructor(options: ShipOptions) {
    const { feeds, spool } = options;
    this.#options = options;
    this.#sources = feeds.map(
      ({ origin: _, ...feed }, thread) =>
        new BatchSource({ ...feed, shiftNs: 0 }, spool, {
          prewarmed: () => {},
          news: () => this.#wake(),
          observation: (item) => {
            options.onItem({ thread, item });
            this.#observations.push({ thread, item });
          },
        }),
    );
  }

  /** Bytes that were not sent, on the disk and on the way to it. */
  get unsentBytes(): number {
    return this.#sources.reduce((bytes, { backlogBytes }) => bytes + backlogBytes, 0);
  }

  /** Sends until every feed is closed and empty. @returns what the seal says of the records. */
  async run(): Promise<SentRecords> {
    const { signal } = this.#options;
    let items: ThreadItem[] = [];
    let bytes = 0;
    let waitedMs = 0;
    const send = async () => {
      items.push(...this.#observations.splice(0));
      if (items.length > 0) await this.#send(items);
      items = [];
      bytes = 0;
      waitedMs = 0;
    };
    while (!signal.aborted) {
      const wereClosed = this.#sources.every(({ isClosed }) => isClosed);
      const before = items.length;
      for (const [thread, source] of this.#sources.entries()) {
        const item = source.next();
        if (item === undefined || item.isPrewarm) continue;
        items.push({ thread, item });
        this.#options.onItem({ thread, item });
        bytes += item.numbers.byteLength + item.strings.byteLength;
      }
      this.#peakBytes = Math.max(this.#peakBytes, this.unsentBytes);
      if (bytes >= BATCH_BYTES) await send();
      else if (items.length === before) {
        if (wereClosed) break;
        if (waitedMs >= MAX_WAIT_MS) await send();
        await this.#pause();
        waitedMs += items.length > 0 || this.#observations.length > 0 ? POLL_EVERY_MS : 0;
      }
    }
    await send();
    return { records: this.#records, peakUnsentBytes: this.#peakBytes };
  }

  /** The last message: nothing follows. */
  async seal(seal: Seal): Promise<void> {
    await this.#store('seal', 0, Buffer.from(JSON.stringify(seal)));
  }

  close(): void {
    for (const source of this.#sources) source.close();
  }

  async #send(items: readonly ThreadItem[]): Promise<void> {
    const records = items.reduce((sum, { item }) => sum + ('records' in item ? item.records : 0), 0);
    const body = await compress(bytesOfItems(items), { level: constants.Z_BEST_SPEED });
    const room = Math.min(MAX_BODY_BYTES, this.#options.maxBytes - HEAD_ROOM);
    for (let at = 0; at < body.length; at += room) {
      const isLast = at + room >= body.length;
      await this.#store(isLast ? 'batch' : 'part', isLast ? records : 0, body.subarray(at, at + room));
    }
    this.#records += records;
  }

  async #store(kind: BatchHead['kind'], records: number, body: Uint8Array): Promise<void> {
    const { round, publish, sent, onRetry, signal } = this.#options;
    this.#seq++;
    this.#digest = nextDigest(this.#digest, body);
    const head = { round, seq: this.#seq, kind, records, sent: sent(), digest: this.#digest };
    const message = messageOfBatch(head, body);
    await insist(
      () => publish(message, `${round}/${this.#seq}`),
      signal,
      (thrown) => onRetry(messageOf(thrown)),
    );
  }

  /** Waits for a moment, or for news of a load thread. */
  async #pause(): Promise<void> {
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    await sleep(POLL_EVERY_MS, stop.signal);
  }
}
