import { isObject, type Json, type JsonObject } from '../util/json.js';
import { readContent, unreadFields } from './content.js';
import type { Chunk, OtherChoice } from './endpoint.js';
import { choiceFailure, failedFinish } from './failure.js';
import { hasMembers } from './payload.js';

type MutableChunk = { -readonly [Key in keyof Chunk]: Chunk[Key] };

/**
 * A unit of chat or text completions, streamed or whole: the content of choice 0, the usage, and how the choices
 * end. With `n` above 1 the server sends several choices, in one unit or in turns; all but choice 0 are left out, so
 * that lengths and times are those of one answer, however it is framed.
 *
 * `object` identifies such a unit where it is given; else the shape does, since forks and gateways leave it out.
 * Servers differ in its exact value: TGI had `text_completion` for chats, Azure has `extensions.chat.completion.chunk`.
 */
export function readCompletion(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  const { object } = unit;
  if (typeof object === 'string' && object !== '' && !object.includes('completion')) return undefined;
  const chunk: MutableChunk = {};
  const { choices } = unit;
  let counted: JsonObject | undefined;
  let others: OtherChoice[] | undefined;
  if (Array.isArray(choices)) {
    for (let position = 0; position < choices.length; position++) {
      const choice = choices[position];
      if (!isObject(choice)) continue;
      const named = typeof choice.index === 'number' ? choice.index : position;
      // Some servers give every choice the index 0; their position counts then.
      const index = named === 0 && counted !== undefined ? position : named;
      if (index === 0) {
        counted = choice;
        readFirst(choice, chunk);
      } else {
        const reason = finishReasonOf(choice);
        others ??= [];
        others.push({ index, finished: reason !== undefined });
        noteFailure(choice, reason, chunk);
      }
    }
    if (others !== undefined) chunk.otherChoices = others;
  } else {
    const unread = unreadFields(unit);
    if (unread !== undefined) chunk.unread = unread;
  }
  const usage = usageOf(unit, counted);
  if (usage !== undefined) chunk.usage = usage;
  return chunk;
}

function readFirst(choice: JsonObject, chunk: MutableChunk): void {
  const { delta, message } = choice;
  const isDelta = isObject(delta);
  // Text completions have the text in the choice itself.
  const { text, reasoning, toolText, toolCalls, unread } = readContent(
    isDelta ? delta : isObject(message) ? message : choice,
  );
  if (text !== '') chunk.text = text;
  if (reasoning !== '') chunk.reasoning = reasoning;
  if (toolText !== '') chunk.toolText = toolText;
  if (toolCalls !== undefined) chunk.toolCalls = toolCalls;
  if (unread !== undefined) chunk.unread = unread;
  if (!isDelta && isObject(message)) chunk.isWholeMessage = true;
  // TensorRT-LLM; above 1 with speculative decoding.
  const { avg_decoded_tokens_per_iter: perStep } = choice;
  if (typeof perStep === 'number') chunk.tokensPerStep = perStep;
  const reason = finishReasonOf(choice);
  if (reason !== undefined) chunk.finishReason = reason;
  noteFailure(choice, reason, chunk);
}

function noteFailure(choice: JsonObject, reason: string | undefined, chunk: MutableChunk): void {
  const failure = choiceFailure(choice) ?? (reason === undefined ? undefined : failedFinish(reason));
  if (failure !== undefined) chunk.failure ??= failure;
}

/** A string; SGLang's native form is an object with a `type`. */
function finishReasonOf({ finish_reason: reason }: JsonObject): string | undefined {
  const word = isObject(reason) ? reason.type : reason;
  return typeof word === 'string' && word !== '' ? word : undefined;
}

/**
 * The usage of a unit: at the top; in the choice (Moonshot); in Groq's wrapper; or under the name that Gemini,
 * Bedrock and others give it. Undefined where none of them holds anything.
 */
function usageOf(unit: JsonObject, choice: JsonObject | undefined): JsonObject | undefined {
  if (hasMembers(unit.usage)) return unit.usage;
  if (choice !== undefined && hasMembers(choice.usage)) return choice.usage;
  if (isObject(unit.x_groq) && hasMembers(unit.x_groq.usage)) return unit.x_groq.usage;
  for (const key of usageKeys) {
    const usage = unit[key];
    if (hasMembers(usage)) return usage;
  }
  return undefined;
}

const usageKeys = ['usageMetadata', 'usage_metadata', 'token_usage', 'amazon-bedrock-invocationMetrics'];
