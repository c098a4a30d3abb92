import type { Conversation, Turn } from '../dataset/conversation.js';
import type { AssistantMessage, PastTurn } from '../endpoint/endpoint.js';
import type { RequestTarget } from '../endpoint/url.js';

/** One playing of a conversation, always at the same server. */
export class Session {
  readonly conversation: Conversation;
  readonly correlationId: string;
  readonly target: RequestTarget;
  #turnIndex = 0;
  #past: PastTurn[] = [];

  constructor(conversation: Conversation, correlationId: string, target: RequestTarget) {
    this.conversation = conversation;
    this.correlationId = correlationId;
    this.target = target;
  }

  get turnIndex(): number {
    return this.#turnIndex;
  }

  /** The turn to be sent; undefined after the last. */
  get turn(): Turn | undefined {
    return this.conversation.turns[this.#turnIndex];
  }

  get isLastTurn(): boolean {
    return this.#turnIndex === this.conversation.turns.length - 1;
  }

  /** Earlier turns that go out again in front of this one. */
  get past(): readonly PastTurn[] {
    return this.#past;
  }

  /** Goes on to the next turn. @param answer absent after a failed, cancelled or empty turn. */
  turnReturned(answer: AssistantMessage | undefined): void {
    const turn = this.turn;
    if (turn && this.conversation.history === 'live-answers')
      this.#past.push(answer ? { turn, answer } : { turn });
    this.#turnIndex++;
  }
}
