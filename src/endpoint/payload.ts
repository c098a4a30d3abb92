import type { Conversation, Turn } from '../dataset/conversation.js';
import { byteLengthOf, sha256 } from '../util/byte-pieces.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { secretsIn } from '../util/secret-names.js';
import type { BodyOptions, BodyRequest, EncodedBody, Endpoint } from './endpoint.js';
import { jsonPieces, type MarkedRequest, markMedia } from './media-pieces.js';

/** A request's body as it goes over the wire, and what its record needs to know of it. */
export interface Payload extends EncodedBody {
  readonly byteLength: number;
  /** SHA-256, hexadecimal; undefined unless asked for. */
  readonly sha256?: string | undefined;
  /** The model that it names; undefined where it names none. */
  readonly model: string | undefined;
  /** The output cap that it holds, also where the user set it by hand; undefined where nobody asked for one. */
  readonly outputCap: number | undefined;
  /** Items of a batch that it holds; undefined for APIs without batches. */
  readonly batchSize: number | undefined;
  /** The body as JSON. */
  body(): JsonObject;
  /** All text that the server reads, or the chat: what the input length is counted from. */
  inputText(): string;
  /** Token IDs that the body holds in place of text. */
  inputIds(): number;
  /** Values under secret keys, which the server may echo. */
  secrets(): readonly string[];
}

/** Makes the payload of one turn. @throws UserError if the endpoint cannot send this turn. */
export function makePayload(endpoint: Endpoint, request: BodyRequest, options: BodyOptions): Payload {
  const marked = endpoint.placesMedia === true ? markMedia(request) : undefined;
  const body = bodyOf(endpoint, marked?.request ?? request, options);
  const { data, contentType } = encoded(endpoint, body, marked);
  return {
    ...{ data, contentType },
    byteLength: byteLengthOf(data),
    sha256: options.hashesBodies ? sha256(data) : undefined,
    model: modelOf(body),
    outputCap: isCapOwn(endpoint, request, options) ? outputCapOf(endpoint, body) : undefined,
    body: () => (marked === undefined ? body : bodyOf(endpoint, request, options)),
    inputText: () =>
      options.rendersChats
        ? chatInputOf(endpoint, body)
        : (ownInputText(endpoint, request.turn) ?? inputTextOf(endpoint, body)),
    batchSize: batchSizeOf(endpoint, body),
    inputIds: () => endpoint.inputKeys.reduce((sum, key) => sum + idsIn(body[key]), 0),
    secrets: () => secretsIn(body),
  };
}

/** A recorded body has no turn to take it from. */
function ownInputText({ inputText }: Endpoint, turn: Turn): string | undefined {
  return turn.payload === undefined ? inputText?.(turn) : undefined;
}

/** The body of one turn as JSON; a recorded one as it is. @throws UserError if the endpoint cannot send this turn. */
export function bodyOf(endpoint: Endpoint, request: BodyRequest, options: BodyOptions): JsonObject {
  const { payload } = request.turn;
  if (payload !== undefined) return payload;
  endpoint.checkTurn?.(request);
  return endpoint.body(request, options);
}

/** The endpoint's own keys, then `--extra-inputs`, then the entry's extras, merged on the top level. */
export function withExtras(own: JsonObject, { turn }: BodyRequest, options: BodyOptions): JsonObject {
  return { ...own, ...options.extraInputs, ...turn.extra };
}

/** All texts of a turn that hold anything. */
export function textsOf({ texts }: Turn): string[] {
  return texts.flatMap(({ contents }) => contents).filter((text) => text !== '');
}

/** The user message before the first turn, as APIs of messages have it; none in most conversations. */
export function contextMessages({ contextMessage: content }: Conversation): JsonObject[] {
  return content === undefined ? [] : [{ role: 'user', content }];
}

/** The one prompt of a body, or all prompts of a batch. */
export function onlyOrAll(prompts: readonly Json[]): Json {
  const [only = ''] = prompts;
  return prompts.length === 1 ? only : [...prompts];
}

/** A string, or '' for anything else. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** An object that holds anything. */
export function hasMembers(value: Json | undefined): value is JsonObject {
  if (!isObject(value)) return false;
  for (const _ in value) return true;
  return false;
}

/** The model that a body names; undefined where it names none. */
function modelOf({ model }: JsonObject): string | undefined {
  return typeof model === 'string' ? model : undefined;
}

/** Whether the cap of a body, if it has one, was asked for. */
function isCapOwn({ demandsCap, capKeys }: Endpoint, { turn }: BodyRequest, options: BodyOptions): boolean {
  if (demandsCap === undefined || turn.payload !== undefined || turn.maxTokens !== undefined) return true;
  return capKeys.some((key) => key in options.extraInputs || key in (turn.extra ?? {}));
}

/** The output cap that a body holds, also where the user set it by hand. */
export function outputCapOf({ capKeys }: Endpoint, body: JsonObject): number | undefined {
  for (const key of capKeys) {
    const dot = key.indexOf('.');
    const outer = dot < 0 ? undefined : body[key.slice(0, dot)];
    const value = dot < 0 ? body[key] : isObject(outer) ? outer[key.slice(dot + 1)] : undefined;
    if (typeof value === 'number') return value;
  }
  return undefined;
}

/** The length that the turn's prompt was made to, where that is all the text of the body; else it must be counted. */
export function knownInputTokens(
  { inputKeys }: Endpoint,
  { conversation, turn, past }: BodyRequest,
  { extraInputs, rendersChats }: BodyOptions,
): number | undefined {
  const { systemMessage, contextMessage } = conversation;
  if (turn.inputTokens === undefined || past.length > 0 || rendersChats) return undefined;
  if (systemMessage !== undefined || contextMessage !== undefined) return undefined;
  const { extra } = turn;
  for (const key of inputKeys) {
    if (key in extraInputs || (extra !== undefined && key in extra)) return undefined;
  }
  return turn.inputTokens;
}

/** All text of a body as the server reads it, joined by single spaces: what its input length is counted from. */
export function inputTextOf({ inputKeys }: Endpoint, body: JsonObject): string {
  const texts: string[] = [];
  for (const key of inputKeys) {
    const value = body[key];
    if (value === undefined) continue;
    if (key === 'tools') texts.push(JSON.stringify(value));
    else collectText(value, texts);
  }
  return texts.join(' ');
}

/**
 * JSON of what a chat template renders: messages with media as bare parts, tools, and the template's variables. A body
 * without messages has its `text` in their place.
 */
function chatInputOf(endpoint: Endpoint, body: JsonObject): string {
  const { messages, tools, chat_template_kwargs: variables } = body;
  if (!Array.isArray(messages)) return JSON.stringify({ text: inputTextOf(endpoint, body) });
  return JSON.stringify({ messages: messages.map(withoutMedia), tools, chat_template_kwargs: variables });
}

/** Parts of text become one text, as servers pass them to a template that takes no parts. */
function withoutMedia(message: Json): Json {
  if (!isObject(message) || !Array.isArray(message.content)) return message;
  const parts = message.content.filter(isObject);
  const content = parts.every(({ type }) => type === 'text')
    ? parts.map(({ text }) => textOf(text)).join('\n')
    : parts.map((part) =>
        part.type === 'text' ? part : { type: textOf(part.type).replace(/^input_|_url$/g, '') },
      );
  return { ...message, content };
}

/** Message contents, text parts, replayed tool calls; roles, types and images are not text. */
function collectText(value: unknown, texts: string[]): void {
  if (typeof value === 'string') {
    if (value !== '') texts.push(value);
  } else if (Array.isArray(value)) {
    for (const item of value) collectText(item, texts);
  } else if (isObject(value)) {
    if (value.content !== undefined) collectText(value.content, texts);
    if (typeof value.text === 'string') collectText(value.text, texts);
    if (Array.isArray(value.tool_calls)) {
      for (const call of value.tool_calls) {
        if (isObject(call) && isObject(call.function)) {
          collectText(call.function.name, texts);
          collectText(call.function.arguments, texts);
        }
      }
    }
  }
}

/** A text, and a list of token IDs, is one item. */
function batchSizeOf({ batchKey }: Endpoint, body: JsonObject): number | undefined {
  const batch = batchKey === undefined ? undefined : body[batchKey];
  if (batch === undefined) return undefined;
  return Array.isArray(batch) && typeof batch[0] !== 'number' ? batch.length : 1;
}

/** Numbers in a list, or in a list of lists. */
function idsIn(value: Json | undefined): number {
  if (!Array.isArray(value)) return 0;
  return typeof value[0] === 'number'
    ? value.length
    : value.reduce<number>((sum, item) => sum + idsIn(item), 0);
}

function encoded({ encode }: Endpoint, body: JsonObject, marked: MarkedRequest | undefined): EncodedBody {
  if (encode !== undefined) return encode(body);
  const data = marked === undefined ? JSON.stringify(body) : jsonPieces(body, marked.media);
  return { data, contentType: 'application/json' };
}
