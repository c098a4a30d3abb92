import { isObject, type JsonObject } from '../util/json.js';
import { grownSize } from './content-times.js';
import type { AssistantMessage, Chunk } from './endpoint.js';
import type { TextKind } from './template.js';

const MOST_TOOL_CALLS = 10_000;

/** All text of one answer as it arrives, and its tool calls. Nothing is made per unit that the template matches. */
export class AnswerText {
  // Text of the template's gaps, still escaped, to be decoded in one go.
  #gaps: Buffer | undefined = undefined;
  #gapsLength = 0;
  #gapsKind: TextKind = 'text';
  #output: string | undefined = undefined;
  // The output without tool calls, for the history; undefined while they are the same.
  #content: string | undefined = undefined;
  #reasoning: string | undefined = undefined;
  /** Structured tool calls by the index that the server gave them, in order of arrival. */
  #toolCalls: Map<number, JsonObject> | undefined = undefined;

  /** All content and tool text in order of arrival; undefined when none came. */
  get output(): string | undefined {
    this.#decodeGaps();
    return this.#output;
  }

  get reasoning(): string | undefined {
    this.#decodeGaps();
    return this.#reasoning;
  }

  /** The answer as it enters the history; undefined when it holds nothing for it. */
  get message(): AssistantMessage | undefined {
    this.#decodeGaps();
    const content = this.#content ?? this.#output ?? '';
    if (this.#toolCalls !== undefined) return { content, toolCalls: [...this.#toolCalls.values()] };
    const text = content !== '' ? content : (this.#reasoning ?? '');
    return text === '' ? undefined : { content: text };
  }

  add({ text, reasoning, toolText }: Chunk): void {
    this.#decodeGaps();
    if (reasoning !== undefined) this.#reasoning = (this.#reasoning ?? '') + reasoning;
    if (text !== undefined) this.#addText(text);
    if (toolText !== undefined) {
      this.#content ??= this.#output ?? '';
      this.#output = (this.#output ?? '') + toolText;
    }
  }

  /** Adds `bytes[start, end)`, the inside of a whole JSON string. */
  addGap(bytes: Buffer, start: number, end: number, kind: TextKind): void {
    if (kind !== this.#gapsKind) {
      this.#decodeGaps();
      this.#gapsKind = kind;
    }
    const length = this.#gapsLength + (end - start);
    let gaps = this.#gaps;
    if (gaps === undefined || gaps.length < length) {
      const grown = Buffer.allocUnsafeSlow(grownSize(length, 512));
      if (gaps !== undefined) gaps.copy(grown, 0, 0, this.#gapsLength);
      gaps = grown;
      this.#gaps = grown;
    }
    // A loop beats Buffer.copy below some thirty bytes, which is what a token is.
    for (let from = start, to = this.#gapsLength; from < end; from++, to++) gaps[to] = bytes[from] ?? 0;
    this.#gapsLength = length;
  }

  /** Pieces of one call share their index; name and arguments arrive in parts. @throws Error for too many calls */
  addToolCalls(pieces: readonly JsonObject[]): void {
    if (pieces.length === 0) return;
    this.#toolCalls ??= new Map();
    for (const piece of pieces) {
      const index = typeof piece.index === 'number' ? piece.index : this.#toolCalls.size;
      const known = this.#toolCalls.get(index);
      const { index: _, ...call } = piece;
      if (known === undefined) {
        this.#toolCalls.set(index, call);
      } else if (isObject(piece.function)) {
        const target: JsonObject = isObject(known.function) ? { ...known.function } : {};
        for (const key of ['name', 'arguments']) {
          const part = piece.function[key];
          if (typeof part === 'string')
            target[key] = (typeof target[key] === 'string' ? target[key] : '') + part;
        }
        known.function = target;
      }
    }
    if (this.#toolCalls.size > MOST_TOOL_CALLS)
      throw new Error(`it has more than ${MOST_TOOL_CALLS} tool calls`);
  }

  #addText(text: string): void {
    this.#output = (this.#output ?? '') + text;
    if (this.#content !== undefined) this.#content += text;
  }

  #decodeGaps(): void {
    if (this.#gaps === undefined || this.#gapsLength === 0) return;
    const escaped = this.#gaps.toString('utf8', 0, this.#gapsLength);
    this.#gapsLength = 0;
    // The template let only whole JSON string bodies through, so the parse cannot fail.
    const text: string = escaped.includes('\\') ? JSON.parse(`"${escaped}"`) : escaped;
    if (this.#gapsKind === 'reasoning') this.#reasoning = (this.#reasoning ?? '') + text;
    else this.#addText(text);
  }
}
