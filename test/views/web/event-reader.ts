import { createParser } from 'eventsource-parser';
import { applyEvent, emptyState, type LiveEvent, type LiveState } from '../../../src/views/web/live-state.js';

/** Reads an event stream, as a browser does. */
export class EventReader {
  readonly #events: LiveEvent[] = [];
  readonly #state = emptyState();
  readonly #abort: AbortController;
  readonly #body: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: ({ event = '', data }) =>
      this.#events.push({ name: event as 'log', data: JSON.parse(data) } satisfies LiveEvent),
  });

  private constructor(body: ReadableStreamDefaultReader<Uint8Array>, abort: AbortController) {
    this.#body = body;
    this.#abort = abort;
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const { body, status } = await fetch(url, { headers, signal: abort.signal });
    if (body === null || status !== 200) throw new Error(`${url} answered ${status}`);
    return new EventReader(body.getReader(), abort);
  }

  async next(): Promise<LiveEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        applyEvent(this.#state, event);
        return event;
      }
      const { done, value } = await this.#body.read();
      if (done) throw new Error('the stream has ended');
      this.#parser.feed(this.#decoder.decode(value, { stream: true }));
    }
  }

  /** Names of the next events. */
  async names(count: number): Promise<string[]> {
    const names: string[] = [];
    while (names.length < count) names.push((await this.next()).name);
    return names;
  }

  /** Reads until an event of this name. */
  async until(name: LiveEvent['name']): Promise<LiveEvent> {
    for (;;) {
      const event = await this.next();
      if (event.name === name) return event;
    }
  }

  /** The state of a viewer after the events so far. */
  stateSoFar(): LiveState {
    return this.#state;
  }

  close(): void {
    this.#abort.abort();
  }
}
