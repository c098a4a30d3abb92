import { randomBytes } from 'node:crypto';

/** A viewer's connection: a response that server-sent events are written to. */
export interface ViewerStream {
  /** Bytes that the viewer has not taken yet. */
  readonly writableLength: number;
  write(bytes: Buffer): unknown;
  end(): void;
  destroy(): void;
}

/** Bytes that a viewer may leave unread; one that reads nothing for longer is dropped and reconnects on its own. */
const MAX_UNREAD_BYTES = 4e6;
/** Bytes of recent events kept for viewers that lost their connection. */
const MAX_RECENT_BYTES = 1e6;
const RETRY_MS = 1000;

/**
 * Sends server-sent events to viewers. Each event is serialized once, whatever the number of viewers, and each viewer's
 * memory is bounded. A viewer that reconnects with the id of its last event gets those that it missed, any other one an
 * event `state` with everything so far.
 */
export class Broadcast {
  readonly #state: () => unknown;
  readonly #viewers = new Set<ViewerStream>();
  /** Differs between runs, so that ids of an earlier run on the same port are not taken for ours. */
  readonly #prefix = randomBytes(4).toString('hex');
  #recent: { readonly id: string; readonly bytes: Buffer }[] = [];
  #recentBytes = 0;
  #lastNumber = 0;
  /** The state as an event, until something is published after it. */
  #stateEvent: Buffer | undefined;

  /** @param state everything so far, as data of the event `state`. */
  constructor(state: () => unknown) {
    this.#state = state;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Sends an event to all viewers. @param name of the event. @param data as JSON. */
  publish(name: string, data: unknown): void {
    this.#lastNumber++;
    this.#stateEvent = undefined;
    const bytes = this.#event(name, data);
    this.#recent.push({ id: this.#lastId, bytes });
    this.#recentBytes += bytes.length;
    while (this.#recentBytes > MAX_RECENT_BYTES) this.#recentBytes -= this.#recent.shift()?.bytes.length ?? 0;
    this.#writeAll(bytes);
  }

  /** Keeps connections alive through proxies; a viewer that hears nothing any more knows that its own is gone. */
  beat(): void {
    this.#writeAll(Buffer.from('event: beat\ndata: null\n\n'));
  }

  /** Adds a viewer. @param lastId of the last event that it received; undefined for a new viewer. */
  connect(viewer: ViewerStream, lastId: string | undefined): void {
    viewer.write(Buffer.from(`retry: ${RETRY_MS}\n\n`));
    for (const bytes of this.#missed(lastId) ?? [this.#stateNow]) viewer.write(bytes);
    this.#viewers.add(viewer);
  }

  disconnect(viewer: ViewerStream): void {
    this.#viewers.delete(viewer);
  }

  /** Ends all connections. */
  close(): void {
    for (const viewer of this.#viewers) viewer.end();
    this.#viewers.clear();
  }

  get #lastId(): string {
    return `${this.#prefix}-${this.#lastNumber}`;
  }

  get #stateNow(): Buffer {
    this.#stateEvent ??= this.#event('state', this.#state());
    return this.#stateEvent;
  }

  /** Events after that of an id; undefined if they are not kept any more. */
  #missed(lastId: string | undefined): Buffer[] | undefined {
    if (lastId === this.#lastId) return [];
    const index = this.#recent.findIndex(({ id }) => id === lastId);
    return index === -1 ? undefined : this.#recent.slice(index + 1).map(({ bytes }) => bytes);
  }

  #event(name: string, data: unknown): Buffer {
    return Buffer.from(`id: ${this.#lastId}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #writeAll(bytes: Buffer): void {
    for (const viewer of this.#viewers) {
      if (viewer.writableLength + bytes.length <= MAX_UNREAD_BYTES) viewer.write(bytes);
      else {
        this.disconnect(viewer);
        viewer.destroy();
      }
    }
  }
}
