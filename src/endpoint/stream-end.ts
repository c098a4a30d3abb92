import { excerpt } from '../util/excerpt.js';
import type { OtherChoice } from './endpoint.js';
import type { AnswerError } from './failure.js';

// Far above any honest response.
const MOST_CHOICES = 10_000;

/** How one stream ends: by a mark, by the finish reason of each choice, or by being cut short. */
export class StreamEnd {
  /** `[DONE]` came. */
  isMarked = false;
  /** Why the server ended the counted choice, in its own word. */
  finishReason: string | undefined = undefined;
  /** Whether each choice but the counted one has finished. */
  #otherChoices: Map<number, boolean> | undefined = undefined;

  noteFinish(reason: string): void {
    this.finishReason = excerpt(reason);
  }

  /** @throws Error for too many choices */
  noteChoices(others: readonly OtherChoice[]): void {
    this.#otherChoices ??= new Map();
    for (const { index, finished } of others) {
      this.#otherChoices.set(index, finished || this.#otherChoices.get(index) === true);
    }
    if (this.#otherChoices.size > MOST_CHOICES) throw new Error(`it has more than ${MOST_CHOICES} choices`);
  }

  /** Why a stream that has ended may be cut short; undefined for a complete one. */
  get error(): AnswerError | undefined {
    if (!this.isMarked && this.finishReason === undefined) {
      return incompleteStream(
        'The stream ended without [DONE] and without a finish_reason, so it may be cut short; for servers that mark no end, --stream-end any counts such streams as complete',
      );
    }
    const open = this.#openChoices();
    return open.length === 0
      ? undefined
      : incompleteStream(
          `The stream ended before every choice had finished: no finish_reason for choice ${open.join(', ')}`,
        );
  }

  /**
   * Choices without a finish reason where others have one. Where none has, `[DONE]` ends them all: some servers know
   * no finish reason.
   */
  #openChoices(): number[] {
    if (this.#otherChoices === undefined) return [];
    const choices: readonly (readonly [number, boolean])[] = [
      [0, this.finishReason !== undefined],
      ...this.#otherChoices,
    ];
    const open = choices.flatMap(([index, finished]) => (finished ? [] : [index]));
    return open.length === choices.length ? [] : open.sort((a, b) => a - b);
  }
}

/** `[DONE]` as it is sent by servers that do not write it exactly so. */
export function isEndMark(text: string): boolean {
  return endMark.test(text);
}

const endMark = /^\s*\[DONE\]\s*$/i;

function incompleteStream(message: string): AnswerError {
  return { code: 502, type: 'IncompleteStreamError', message };
}
