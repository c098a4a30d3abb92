import type { LiveEvent } from '../../views/web/live-state.js';

/** State of the connection to the run. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Lost; it is tried again. */
  | { readonly kind: 'lost'; readonly sinceMs: number };

interface Listener {
  onEvent(event: LiveEvent): void;
  onConnection(connection: Connection): void;
}

const eventNames = [
  ...(['state', 'run', 'snapshot', 'log', 'series', 'stopping', 'result', 'report', 'end'] as const),
] satisfies readonly LiveEvent['name'][];

const RETRY_MS = 2000;
/** The server sends a beat every 10 s. */
const MAX_SILENCE_MS = 25_000;

/** Listens to the events of the run; a connection that is lost is made again until `close`. */
export function listen({ onEvent, onConnection }: Listener): { close(): void } {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let silence: number | undefined;
  let lostMs: number | undefined;
  const lose = () => {
    lostMs ??= Date.now();
    onConnection({ kind: 'lost', sinceMs: lostMs });
  };
  // A network that is gone does not end a connection.
  const hear = () => {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => {
      lose();
      source?.close();
      open();
    }, MAX_SILENCE_MS);
  };
  const open = () => {
    source = new EventSource('events');
    hear();
    source.addEventListener('beat', hear);
    source.onopen = () => {
      lostMs = undefined;
      onConnection({ kind: 'open' });
    };
    source.onerror = () => {
      lose();
      // A browser itself tries again after a broken connection, but not after an answer that is no stream.
      if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, RETRY_MS);
    };
    for (const name of eventNames) {
      source.addEventListener(name, ({ data }) => {
        hear();
        onEvent({ name, data: JSON.parse(data) });
      });
    }
  };
  open();
  return {
    close() {
      window.clearTimeout(timer);
      window.clearTimeout(silence);
      source?.close();
    },
  };
}
