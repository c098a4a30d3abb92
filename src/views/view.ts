import type { Io } from '../util/io.js';
import type { ViewAddress, ViewMessage, ViewReply } from './messages.js';

/** What people or programs watch of a run, in the view process. */
export interface View {
  /** Where it can be reached; absent: nowhere. */
  readonly addresses?: readonly ViewAddress[];
  /** Must not block. One that throws closes this view only, with a warning. */
  onMessage(message: ViewMessage): void;
  /**
   * Finishes its work after the last message: sends the last figures, lingers, restores the terminal.
   * @param hurry aborted when no time is left: close at once.
   * @param lingers whether it may stay open for viewers that come late.
   */
  close(hurry: AbortSignal, lingers: boolean): Promise<void>;
}

/** What a view is opened with. */
export interface ViewContext {
  readonly io: Io;
  readonly reply: (reply: ViewReply) => void;
}
