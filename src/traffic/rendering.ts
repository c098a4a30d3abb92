import { createHash } from 'node:crypto';
import { type ChatTemplate, openChatTemplate } from '../dataset/tokenizer/chat-template.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import type { Tokenizer, TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { textOf } from '../endpoint/payload.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chat, Prompt } from './asked.js';

/** Content that is no text, such as an image, and the number of tokens before it. */
export interface MediaMark {
  readonly at: number;
  readonly digest: Uint8Array;
}

/** The tokens of a prompt. Media count no tokens. */
export interface PromptTokens {
  readonly ids: Uint32Array;
  readonly media: readonly MediaMark[];
}

/**
 * Renders prompts to tokens: chats by the tokenizer's chat template. A chat that the template refuses, or any chat of a
 * tokenizer without one, is rendered plainly: tools as JSON, then each message as role, content and tool calls, each in
 * lines of its own.
 */
export class PromptRenderer {
  /** Chats that were rendered plainly. */
  plainChats = 0;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate | undefined;

  constructor(source: TokenizerSource) {
    this.#tokenizer = openTokenizer(source);
    this.#template = openChatTemplate(source);
  }

  /** Whether the tokenizer has a chat template. */
  get hasTemplate(): boolean {
    return this.#template !== undefined;
  }

  /** Tokens of an answer. */
  count(text: string): number {
    return this.#tokenizer.count(text);
  }

  tokensOf(prompt: Prompt): PromptTokens {
    if ('tokenIds' in prompt) return { ids: Uint32Array.from(prompt.tokenIds), media: [] };
    if ('text' in prompt) return { ids: this.#tokenizer.encode(prompt.text), media: [] };
    const media: Uint8Array[] = [];
    return this.#encode(this.#render(prompt.chat, media), media);
  }

  #render({ messages, variables }: Chat, media: Uint8Array[]): string {
    const flat = messages.map((message) => withTextContent(message, media));
    try {
      if (this.#template !== undefined) return this.#template.render(flat, variables);
    } catch {
      // The reason may quote the chat.
    }
    this.plainChats++;
    return plainText(flat, variables);
  }

  #encode(text: string, media: readonly Uint8Array[]): PromptTokens {
    if (media.length === 0) return { ids: this.#tokenizer.encode(text), media: [] };
    const pieces: Uint32Array[] = [];
    const marks: MediaMark[] = [];
    let length = 0;
    for (const [place, piece] of text.split(mediaMark).entries()) {
      if (place % 2 === 1) {
        const digest = media[Number(piece)];
        if (digest !== undefined) marks.push({ at: length, digest });
      } else if (piece !== '') {
        const ids = this.#tokenizer.encode(piece);
        pieces.push(ids);
        length += ids.length;
      }
    }
    const ids = new Uint32Array(length);
    let to = 0;
    for (const piece of pieces) {
      ids.set(piece, to);
      to += piece.length;
    }
    return { ids, media: marks };
  }
}

// Private-use characters: a text that holds them by chance is only split there.
const mediaMark = /\uE0F0(\d+)\uE0F1/;

/** A message with one text as its content: texts joined by line ends, media as marks. */
function withTextContent(message: JsonObject, media: Uint8Array[]): JsonObject {
  const { content } = message;
  return Array.isArray(content) ? { ...message, content: joined(content, media) } : message;
}

function joined(parts: readonly Json[], media: Uint8Array[]): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      if (!isObject(part)) return '';
      if (typeof part.text === 'string') return part.text;
      if (part.type === 'text') return textOf(part.content);
      media.push(createHash('sha256').update(JSON.stringify(part)).digest());
      return `\uE0F0${media.length - 1}\uE0F1`;
    })
    .join('\n');
}

function plainText(messages: readonly JsonObject[], { tools }: JsonObject): string {
  const lines = tools === undefined ? [] : [JSON.stringify(tools)];
  for (const { role, content, tool_calls: calls } of messages) {
    lines.push(textOf(role), typeof content === 'string' ? content : JSON.stringify(content ?? ''));
    if (calls !== undefined) lines.push(JSON.stringify(calls));
  }
  return `${lines.join('\n')}\nassistant\n`;
}
