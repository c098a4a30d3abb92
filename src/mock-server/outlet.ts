/** A response sent in one piece. */
export interface FullResponse {
  readonly status: number;
  readonly body: string;
  /** Default: JSON. */
  readonly type?: string;
}

/** The destination of a response. */
export interface Outlet {
  /** @param type the content type; default: an event stream. */
  beginStream(type?: string): void;
  /** A piece of a stream; a character is a byte. */
  write(text: string): void;
  sendFull(answer: FullResponse): void;
  /** The response is complete. */
  done(): void;
  /** Breaks the connection. */
  cut(): void;
}
