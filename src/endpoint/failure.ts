import type { StreamMessage } from '../transport/event-stream.js';
import { quoting } from '../util/excerpt.js';
import { isObject, type Json, type JsonObject, refuseHugeJson } from '../util/json.js';

/** A generation that failed although the server answered with status 200. */
export interface Failure {
  /** An HTTP status: the one that the server names, else 502. */
  readonly code: number;
  /** Name of the failure, if the way it is reported gives one. */
  readonly type?: string;
  readonly message: string;
}

/** Why an answer that arrived whole is not a success, in the words of the record file. */
export interface AnswerError {
  readonly code?: number;
  readonly type: string;
  readonly message: string;
}

const BAD_GATEWAY = 502;
const noMessage = 'The server reports an error without a message';

/** Keys that hold an error, also next to other keys. `Response.Error` is Tencent's, `x_groq.error` Groq's. */
const errorPaths = [['error'], ['Error'], ['fault'], ['x_groq', 'error'], ['Response', 'Error']] as const;

/** Keys whose value, unless it is a success, says that something failed. FastChat sends `error_code: 0` with text. */
const errorCodeKeys = ['error_code', 'errorCode', 'errcode', 'err_code', 'error_no'] as const;

const messageKeys = [
  'message',
  'msg',
  'error_message',
  'error_msg',
  'errorMessage',
  'errmsg',
  'err_msg',
  'status_msg',
  'Message',
  'detail',
  'details',
  'errors',
  'error_description',
  'faultstring',
  'description',
  'reason',
  'title',
  'text',
] as const;

const codeKeys = [
  'code',
  'status',
  'status_code',
  'statusCode',
  'http_code',
  ...errorCodeKeys,
  'Code',
] as const;

/** Keys of an error body without any of `errorPaths`. With a value under any other key it may be an answer. */
const errorBodyKeys: ReadonlySet<string> = new Set([
  ...messageKeys.filter((key) => key !== 'text'),
  ...codeKeys,
  'success',
  'ok',
  'type',
  'object',
  'param',
  'error_type',
  'error',
  'data',
  'result',
  'id',
  'request_id',
  'requestId',
  'trace_id',
  'traceId',
  'log_id',
  'sid',
  'timestamp',
  'time',
  'path',
  'instance',
  'documentation_url',
  'retryable',
]);

const errorWord = /^(error|fail(ed|ure)?)$/i;
const successWord = /^(0|2\d\d|ok|success|succeeded)$/i;

/**
 * The failure that a frame or body reports; undefined if it reports none.
 * @param text the JSON text of the unit, quoted if the unit names no reason.
 */
export function failureIn(unit: JsonObject, text: string): Failure | undefined {
  if (Array.isArray(unit.choices) && !mayReportFailure(unit)) return undefined;
  for (const path of errorPaths) {
    const error = at(unit, path);
    if (error !== undefined && !isEmpty(error)) return failureOf(error, unit, text);
  }
  const { object, type, status, base_resp: minimax } = unit;
  if ([object, type, status].some(isErrorWord)) return unitFailure(unit, text);
  if (errorCodeKeys.some((key) => isFailureCode(unit[key]))) return unitFailure(unit, text);
  if (isObject(minimax) && isFailureCode(minimax.status_code)) return unitFailure(minimax, text);
  return isErrorBody(unit) ? unitFailure(unit, text) : undefined;
}

/** Whether a unit with choices says that it failed; key by key, since most units that are parsed come here. */
function mayReportFailure({ error, error_code, base_resp, x_groq }: JsonObject): boolean {
  return (
    (error !== undefined && error !== null) ||
    error_code !== undefined ||
    base_resp !== undefined ||
    x_groq !== undefined
  );
}

/**
 * What `{"error": …}` holds.
 * @param text quoted if the error names no reason.
 */
function failureOf(error: Json, unit: JsonObject, text: string): Failure {
  const code = (isObject(error) ? httpStatus(error) : undefined) ?? httpStatus(unit) ?? BAD_GATEWAY;
  if (typeof error !== 'string') {
    // {"error":true,"message":"…"}: the reason is in the unit itself.
    return { code, message: messageIn(error) ?? messageIn(unit) ?? quoting(noMessage, text) };
  }
  // Spring: {"status":500,"error":"Internal Server Error","message":"…"}; OAuth: error_description.
  const { message, error_description: description } = unit;
  const more = [message, description].find((value) => typeof value === 'string' && value !== '');
  return { code, message: more === undefined || more === error ? error : `${error}: ${more}` };
}

/** The error of a choice, in itself, its delta or its message; undefined if there is none. */
export function choiceFailure(choice: JsonObject): Failure | undefined {
  const { delta, message } = choice;
  for (let i = 0; i < 3; i++) {
    const holder = i === 0 ? choice : i === 1 ? delta : message;
    if (!isObject(holder)) continue;
    const { error } = holder;
    if (error !== undefined && !isEmpty(error))
      return failureOf(error, choice, `an error in choice ${choice.index ?? 0}`);
  }
  return undefined;
}

/** An event that is an error: the field `error:` of llama.cpp, or `event: error`. Undefined for all others. */
export function failureEvent({ event, data, comment, packets }: StreamMessage): Failure | undefined {
  const field = packets.find(({ name }) => name.toLowerCase() === 'error');
  if (field !== undefined) return textFailure(field.value ?? '');
  if (event.toLowerCase() !== 'error') return undefined;
  const failure = textFailure(data ?? '');
  return comment === undefined ? failure : { ...failure, message: comment };
}

/** A failure that the framing of a stream reports. @param type its name. @param text what it holds, often JSON. */
export function exceptionFailure(type: string, text: string): Failure {
  return { ...textFailure(text), ...(type === '' ? {} : { type }) };
}

/** The failure that a finish reason means; undefined for any other finish reason. */
export function failedFinish(finishReason: string): Failure | undefined {
  if (!failedFinishReason.test(finishReason)) return undefined;
  return {
    code: BAD_GATEWAY,
    type: 'ServerAbortedError',
    message: `The server ended the generation (finish_reason: ${finishReason})`,
  };
}

// DeepSeek: insufficient_system_resource; GLM: network_error; Mistral and OpenRouter: error; SGLang, vLLM: abort;
// TensorRT-LLM: timed_out, cancelled; watsonx: time_limit; Cohere: USER_CANCEL.
const failedFinishReason =
  /(^|[ _-])(abort|cancel|crash|error|exception|fail|insufficient|overload|preempt|time[ _-]?limit|timed?[ _-]?out|out[ _-]of[ _-]memory)/i;

function textFailure(text: string): Failure {
  if (text.trim() === '') return { code: BAD_GATEWAY, message: noMessage };
  refuseHugeJson(text);
  let parsed: Json;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { code: BAD_GATEWAY, message: text };
  }
  if (!isObject(parsed)) return { code: BAD_GATEWAY, message: text };
  const { error } = parsed;
  return error === undefined || isEmpty(error)
    ? { code: httpStatus(parsed) ?? BAD_GATEWAY, message: messageIn(parsed) ?? text }
    : failureOf(error, parsed, text);
}

/** A unit that is the error itself. A code that is no HTTP status is part of the message. */
export function unitFailure(unit: JsonObject, text: string): Failure {
  const status = httpStatus(unit);
  const message = messageIn(unit) ?? quoting(noMessage, text);
  const code = codeKeys.map((key) => unit[key]).find((value) => isFailureCode(value) && !isErrorWord(value));
  const named = status === undefined && code !== undefined ? `${message} (code ${code})` : message;
  return { code: status ?? BAD_GATEWAY, message: named };
}

/** `{"detail":…}`, `{"message":…}`, `{"code":50013,"msg":"…","data":null}` and the like, and nothing more. */
function isErrorBody(unit: JsonObject): boolean {
  let hasMessage = false;
  for (const key in unit) {
    const value = unit[key];
    if (!errorBodyKeys.has(key) && value !== undefined && !isEmpty(value)) return false;
    if ((key === 'data' || key === 'result') && value !== undefined && !isEmpty(value)) return false;
    hasMessage ||= isMessageKey(key) && value !== undefined && !isEmpty(value);
  }
  const saysSuccess = unit.success === true || unit.ok === true;
  if (!hasMessage || saysSuccess || messageIn(unit) === undefined) return false;
  // {"status":"queued","message":…} reports progress, not an error.
  const codes = codeKeys.flatMap((key) => unit[key] ?? []);
  return (
    codes.every((code) => isFailureCode(code)) && (typeof unit.status !== 'string' || isNumeric(unit.status))
  );
}

function isMessageKey(key: string): boolean {
  return messageKeys.some((known) => known === key);
}

/** The first text that says what went wrong, in objects and lists up to three levels deep. */
function messageIn(value: Json | undefined, depth = 0): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (depth > 3) return undefined;
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  if (!isObject(value)) return undefined;
  for (const key of messageKeys) {
    const message = messageIn(value[key], depth + 1);
    if (message !== undefined) return message;
  }
  return undefined;
}

/** The first status of a failure, 400 to 599, among the codes of an object. */
function httpStatus(object: JsonObject): number | undefined {
  for (const key of codeKeys) {
    const code = Number(isScalar(object[key]) ? object[key] : Number.NaN);
    if (Number.isInteger(code) && code >= 400 && code <= 599) return code;
  }
  return undefined;
}

/** Neither absent nor a code of success. */
function isFailureCode(value: Json | undefined): boolean {
  return isScalar(value) && value !== '' && !successWord.test(String(value));
}

function isScalar(value: Json | undefined): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function isNumeric(text: string): boolean {
  return text !== '' && Number.isFinite(Number(text));
}

function isErrorWord(value: Json | undefined): boolean {
  return typeof value === 'string' && errorWord.test(value);
}

/** null, false, 0, '', {} or []. */
function isEmpty(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return !value;
  for (const _ in value) return false;
  return true;
}

function at(unit: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = unit;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
}
