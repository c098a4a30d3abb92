import { isObject, type Json, type JsonObject } from '../util/json.js';

/** What a message, a delta or a part of one holds. */
export interface Content {
  text: string;
  reasoning: string;
  /** Names and arguments of tool calls. */
  toolText: string;
  /** Tool calls as they came, whole or in pieces. */
  toolCalls: JsonObject[] | undefined;
  /** Paths of the first `MOST_UNREAD` fields that look like content and are not read. */
  unread: string[] | undefined;
}

/**
 * How a field is read: as text, as reasoning, as its parent is (`same`), as tool calls, as one part of a tool call, or
 * never.
 */
type Reading = 'text' | 'reasoning' | 'same' | 'tool calls' | 'tool text' | 'ignored';

/**
 * Every field of a message, a delta or a content part that we know, of any provider. Fields of one reading repeat
 * each other (LiteLLM sends the same thinking as `reasoning_content` and `thinking_blocks`, OpenRouter as
 * `reasoning` and `reasoning_details`), so the first one that holds something counts.
 */
const fields = new Map<string, Reading>([
  // A string; or a list of parts: OpenAI, Mistral, Anthropic and Databricks behind gateways.
  ['content', 'same'],
  ['text', 'same'],
  ['output_text', 'text'],
  ['refusal', 'text'],
  // OpenAI's audio answers: {"id":…,"data":…,"transcript":…}.
  ['audio', 'same'],
  ['transcript', 'text'],
  // DeepSeek, Qwen, Moonshot, GLM, MiniMax, xAI, SGLang, llama.cpp, LM Studio, vLLM until 2025.
  ['reasoning_content', 'reasoning'],
  // OpenRouter, Ollama, Groq, Cerebras, Together, vLLM since 2025.
  ['reasoning', 'reasoning'],
  // OpenRouter, MiniMax: a list of {"type":"reasoning.text","text":…} or {"type":"reasoning.summary","summary":…}.
  ['reasoning_details', 'reasoning'],
  // LiteLLM: a list of {"type":"thinking","thinking":…,"signature":…}.
  ['thinking_blocks', 'reasoning'],
  // Ollama; parts of Anthropic (a string) and of Mistral (a list).
  ['thinking', 'reasoning'],
  ['thinking_content', 'reasoning'],
  ['thought', 'reasoning'],
  ['reasoning_text', 'reasoning'],
  ['cot_summary', 'reasoning'],
  // Parts of Databricks and of Bedrock.
  ['summary', 'reasoning'],
  ['summary_text', 'reasoning'],
  ['reasoningContent', 'reasoning'],
  ['reasoningText', 'reasoning'],
  ['tool_calls', 'tool calls'],
  ['function_call', 'tool calls'],
  // Anthropic's deltas of tool calls.
  ['partial_json', 'tool text'],
  ['annotations', 'ignored'],
  ['base_resp', 'ignored'],
  ['arguments', 'ignored'],
  ['cache_control', 'ignored'],
  ['citations', 'ignored'],
  ['context', 'ignored'],
  ['encrypted_content', 'ignored'],
  // Read as the failure of the request.
  ['error', 'ignored'],
  ['executed_tools', 'ignored'],
  ['extra_content', 'ignored'],
  ['hidden_states', 'ignored'],
  ['matched_stop', 'ignored'],
  ['obfuscation', 'ignored'],
  ['padding', 'ignored'],
  ['prefix', 'ignored'],
  ['prompt_logprobs', 'ignored'],
  ['reasoning_opaque', 'ignored'],
  ['redacted_thinking', 'ignored'],
  ['references', 'ignored'],
  ['seed', 'ignored'],
  ['sources', 'ignored'],
  ['stop_sequence', 'ignored'],
  ['x_groq', 'ignored'],
]);

/** Names of fields that hold facts about the answer, not generated content. */
const factName =
  /(?:^|_)(?:ids?|index|type|role|name|object|model|status|reason|format|language|signature|logprobs|usage|results?|offsets?|fields|params|metadata|filter|info|time|at|created|channel|recipient|fingerprint|tier|provider|timings)$/;

/** Encrypted parts: `reasoning.encrypted`, `redacted_thinking`. */
const sealed = /encrypted|redacted/;

/** A server may use new field names in every unit, or hundreds of thousands in one. */
export const MOST_UNREAD = 20;

/** Nesting of lists and parts; no known provider goes deeper than three. */
const DEEPEST = 8;

/** Reads a message, a delta, or a choice that is its own message. */
export function readContent(message: JsonObject): Content {
  const content = emptyContent();
  readFields(message, 'text', '', 0, content);
  return content;
}

/** Fields of a unit without choices that look like content, such as those of an API that is not the endpoint's. */
export function unreadFields(unit: JsonObject): string[] | undefined {
  const names = Object.keys(unit).filter(
    (name) => fields.get(name) !== 'ignored' && looksLikeContent(name, unit[name] ?? null),
  );
  return names.length === 0 ? undefined : names.slice(0, MOST_UNREAD);
}

function emptyContent(): Content {
  return { text: '', reasoning: '', toolText: '', toolCalls: undefined, unread: undefined };
}

function readFields(
  part: JsonObject,
  kind: 'text' | 'reasoning',
  path: string,
  depth: number,
  into: Content,
): void {
  let hasText = false;
  let hasReasoning = false;
  let hasCalls = false;
  for (const name in part) {
    const value = part[name];
    if (value === null || value === '' || value === undefined) continue;
    const known = fields.get(name);
    if (known === 'ignored') continue;
    if (known === undefined) {
      if (looksLikeContent(name, value)) noteUnread(path + name, into);
    } else if (known === 'tool calls') {
      if (!hasCalls) readToolCalls(value, into);
      hasCalls = into.toolCalls !== undefined;
    } else if (known === 'tool text') {
      if (typeof value === 'string') into.toolText += value;
    } else {
      const as = known === 'same' ? kind : known;
      if (typeof value === 'string') {
        if (as === 'text' && !hasText) into.text += value;
        else if (as === 'reasoning' && !hasReasoning) into.reasoning += value;
        if (as === 'text') hasText = true;
        else hasReasoning = true;
      } else if (typeof value === 'object') {
        const nested = emptyContent();
        readNested(value, as, `${path}${name}`, depth + 1, nested);
        if (!hasText) into.text += nested.text;
        if (!hasReasoning) into.reasoning += nested.reasoning;
        hasText ||= nested.text !== '';
        hasReasoning ||= nested.reasoning !== '';
        into.toolText += nested.toolText;
        if (nested.toolCalls !== undefined) addToolCalls(nested.toolCalls, into);
        for (const unread of nested.unread ?? []) noteUnread(unread, into);
      }
    }
  }
}

function readNested(
  value: Json[] | JsonObject,
  kind: 'text' | 'reasoning',
  path: string,
  depth: number,
  into: Content,
): void {
  if (depth > DEEPEST) {
    noteUnread(path, into);
  } else if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'string') into[kind] += item;
      else if (typeof item === 'object' && item !== null)
        readNested(item, kind, `${path}[]`, depth + 1, into);
    }
  } else if (typeof value.type === 'string' && sealed.test(value.type)) {
    return;
  } else if (value.type === 'tool_use' && typeof value.name === 'string') {
    const { id, name, input = {} } = value;
    readToolCalls(
      { ...(id === undefined ? {} : { id }), type: 'function', function: { name, arguments: input } },
      into,
    );
  } else {
    readFields(value, kind, `${path}.`, depth, into);
  }
}

/** A list of calls; TGI streams one without a list, `function_call` is the call's function itself. */
function readToolCalls(value: Json, into: Content): void {
  const calls = Array.isArray(value) ? value.filter(isObject) : isObject(value) ? [asCall(value)] : [];
  if (calls.length === 0) return;
  addToolCalls(calls, into);
  for (const { function: called, custom } of calls) {
    const { name, arguments: parameters, input } = isObject(called) ? called : isObject(custom) ? custom : {};
    into.toolText += textOf(name) + textOf(parameters ?? input);
  }
}

function addToolCalls(calls: JsonObject[], into: Content): void {
  if (into.toolCalls === undefined) into.toolCalls = calls;
  else into.toolCalls.push(...calls);
}

function asCall(value: JsonObject): JsonObject {
  if (isObject(value.function) || isObject(value.custom)) return value;
  // Later turns send the call back as one of `tool_calls`, which needs an id.
  return { index: 0, id: 'call_0', type: 'function', function: value };
}

function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function looksLikeContent(name: string, value: Json): boolean {
  // Cheap tests first: this runs for every parsed unit.
  if (typeof value === 'string') return value !== '' && !factName.test(name);
  if (typeof value !== 'object' || value === null || factName.test(name)) return false;
  for (const _ in value) return true;
  return false;
}

function noteUnread(path: string, into: Content): void {
  into.unread ??= [];
  if (into.unread.length < MOST_UNREAD && !into.unread.includes(path)) into.unread.push(path);
}
