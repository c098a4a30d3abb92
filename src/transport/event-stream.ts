/** One field of a message, as the raw export shows it. A line that starts with a colon has the name `comment`. */
export interface Packet {
  readonly name: string;
  readonly value: string | null;
}

/** A message of an event stream that is not just one data line. */
export interface StreamMessage {
  /** Value of the last `event` field; '' when there is none. */
  readonly event: string;
  /** The `data` lines joined by a line feed; undefined when there is none. */
  readonly data: string | undefined;
  /** The first comment line, without its colon and one leading space. */
  readonly comment: string | undefined;
  readonly packets: readonly Packet[];
}

/** Told of each message, with the time of the read that brought its first byte. */
export interface StreamHandler {
  /** A message of exactly one data line: its value is `bytes[start, end)`, valid only during the call. */
  onData(bytes: Buffer, start: number, end: number, atNs: number): void;
  /** Any other message that holds at least one field or comment. */
  onMessage(message: StreamMessage, atNs: number): void;
}
