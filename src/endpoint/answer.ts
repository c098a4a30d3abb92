import type { Packet, StreamHandler, StreamMessage } from '../transport/event-stream.js';
import { counted } from '../util/counted.js';
import { excerpt, quoting } from '../util/excerpt.js';
import { isObject, type Json, type JsonObject, refuseHugeJson } from '../util/json.js';
import { AnswerAudio } from './answer-audio.js';
import { AnswerText } from './answer-text.js';
import { MOST_UNREAD } from './content.js';
import { ContentTimes } from './content-times.js';
import {
  type AssistantMessage,
  type Chunk,
  type ContentCounts,
  countedKinds,
  type Endpoint,
  type FollowUp,
} from './endpoint.js';
import { type AnswerError, exceptionFailure, type Failure, failureEvent, failureIn } from './failure.js';
import { shortenedChunk } from './shortened-body.js';
import { isEndMark, StreamEnd } from './stream-end.js';
import { learnTemplate, type UnitTemplate } from './template.js';

/** One answer unit as it came, for the raw export. */
export interface AnswerUnit {
  readonly atNs: number;
  readonly packets?: readonly Packet[];
  readonly text?: string;
  readonly contentType?: string;
}

export interface AnswerOptions {
  readonly endpoint: Endpoint;
  /** `marked`: a stream must end in `[DONE]` or hold a finish reason. */
  readonly streamEnd: 'marked' | 'any';
  /** Keep every unit for the raw export. */
  readonly keepUnits: boolean;
}

// Text units before a template is learned, and attempts before a stream counts as having none: where a server changes
// another field in every unit, each attempt is wasted.
const LEARN_AFTER = 2;
const MOST_LEARNINGS = 6;

// Far above any honest response; each costs the load thread time or memory.
const MOST_BROKEN = 10_000;
const MOST_UNITS = 500_000;
/** In place of a field's path, for a unit whose shape is not the endpoint's. */
const UNKNOWN_UNIT = '(whole unit)';

/**
 * Reads one answer while it arrives: which units carry content and when, the text, the usage, the error. Times come
 * from the transport. No object is made per unit that the template matches.
 */
export class Answer implements StreamHandler {
  /** First unit with text other than reasoning; NaN: none. */
  firstOutputNs = Number.NaN;
  /** Last unit of any kind; NaN: none. */
  lastUnitNs = Number.NaN;
  /** Usage in the unit with the first content; undefined: it had none. */
  firstUsage: JsonObject | undefined = undefined;
  /** Content other than text, by kind; undefined: none came. */
  counts: ContentCounts | undefined = undefined;
  /** Units by the path of a field in them that looks like content and was not read. */
  unread: Map<string, number> | undefined = undefined;
  units: AnswerUnit[] | undefined;

  readonly #options: AnswerOptions;
  readonly #onFirstContent: (() => void) | undefined;
  readonly #text = new AnswerText();
  readonly #times = new ContentTimes();
  readonly #end = new StreamEnd();
  #template: UnitTemplate | undefined = undefined;
  #parsedTexts = 0;
  #learnings = 0;
  #streamed = false;
  /** Content came in pieces: a whole message after them repeats it. */
  #hasPieces = false;
  #error: AnswerError | undefined = undefined;
  #audio: AnswerAudio | undefined = undefined;
  #usage: JsonObject | undefined = undefined;
  #tokensPerStep: number | undefined = undefined;
  #followUp: FollowUp | undefined = undefined;
  #id: string | undefined = undefined;
  #brokenFrames = 0;
  #firstBroken = '';
  /** The first unit, and the first of an unknown shape: quoted if no content comes. */
  #firstUnit: string | undefined = undefined;
  #firstUnknown: string | undefined = undefined;
  #unreadable: string | undefined = undefined;

  /** @param onFirstContent called when the first content arrives. */
  constructor(options: AnswerOptions, onFirstContent?: () => void) {
    this.#options = options;
    this.#onFirstContent = onFirstContent;
    this.units = options.keepUnits ? [] : undefined;
  }

  onData(bytes: Buffer, start: number, end: number, atNs: number): void {
    this.#streamed = true;
    this.lastUnitNs = atNs;
    if (this.units)
      this.#keepUnit({ atNs, packets: [{ name: 'data', value: bytes.toString('utf8', start, end) }] });
    const template = this.#template;
    if (template !== undefined) {
      const head = template.match(bytes, start, end);
      if (head > 0) {
        this.#text.addGap(bytes, start + head, end - template.tailLength, template.kind);
        this.#noteContent(atNs, template.kind === 'text');
        return;
      }
    }
    if (isDone(bytes, start, end)) {
      this.#end.isMarked = true;
      return;
    }
    const text = bytes.toString('utf8', start, end);
    if (!isBlank(text)) this.#readUnit(text, atNs, bytes, start, end);
  }

  onMessage(message: StreamMessage, atNs: number): void {
    this.#streamed = true;
    this.lastUnitNs = atNs;
    const { packets, data } = message;
    if (this.units) this.#keepUnit({ atNs, packets });
    const failure = failureEvent(message);
    if (failure !== undefined) {
      this.#fail(failure);
    } else if (data === '[DONE]') {
      this.#end.isMarked = true;
    } else if (data !== undefined && !isBlank(data)) {
      this.#readUnit(data, atNs);
    } else if (!packets.every(({ name }) => plainFields.has(name))) {
      // Text that is not an event stream reads as fields with unknown names.
      this.#firstUnknown ??= excerpt(
        packets.map(({ name, value }) => (value === null ? name : `${name}: ${value}`)).join('\n'),
      );
    }
  }

  /**
   * A whole body, complete at `atNs`.
   * @param text decoded. @param unreadable why the text cannot be an answer if it is not JSON.
   */
  onWholeBody(text: string, contentType: string, atNs: number, unreadable: string): void {
    this.lastUnitNs = atNs;
    if (this.units) this.units.push({ atNs, text, contentType });
    if (!this.#readUnit(text, atNs)) this.#unreadable = quoting(unreadable, text);
  }

  /**
   * Reads a whole body, complete at `atNs`, from the part of it that its endpoint needs.
   * @returns false if that is not enough, and the text is needed: nothing is taken then.
   */
  onShortenedBody(body: Buffer, atNs: number): boolean {
    const chunk = this.units === undefined ? shortenedChunk(this.#options.endpoint, body) : undefined;
    if (chunk === undefined) return false;
    this.lastUnitNs = atNs;
    this.#take(chunk, atNs);
    return true;
  }

  /** A failure that the framing of the stream reports: see `exceptionFailure`. */
  onException(type: string, text: string): void {
    this.#streamed = true;
    this.#fail(exceptionFailure(type, text));
  }

  /** Successful bodies are audio, unless they are JSON. */
  get takesAudio(): boolean {
    return this.#options.endpoint.answersAudio === true;
  }

  /** Where the bytes of audio go; undefined for JSON. */
  openAudio(contentType: string): AnswerAudio | undefined {
    if (/\bjson\b/i.test(contentType)) return undefined;
    this.#audio = new AnswerAudio(contentType, (atNs) => {
      this.lastUnitNs = atNs;
      this.counts = { audio: 1 };
      this.#noteContent(atNs, true);
    });
    return this.#audio;
  }

  /** Length of the audio that came; undefined if there is none, or its length is not known. */
  get audioSeconds(): number | undefined {
    return this.#audio?.seconds;
  }

  #keepUnit(unit: AnswerUnit): void {
    if (this.units?.push(unit) === MOST_UNITS)
      throw new Error(`it has ${MOST_UNITS} events or more, too many for --export-level raw`);
  }

  /** The last that came, with what a choice reports of its decoding. */
  get usage(): JsonObject | undefined {
    return this.#tokensPerStep === undefined
      ? this.#usage
      : { ...this.#usage, avg_decoded_tokens_per_iter: this.#tokensPerStep };
  }

  /** Times of the units that carry content, in order. */
  get contentNs(): Float64Array {
    return this.#times.all;
  }

  /** All content and tool text in order of arrival; undefined when none came. */
  get output(): string | undefined {
    return this.#text.output;
  }

  get reasoning(): string | undefined {
    return this.#text.reasoning;
  }

  /** Where the rest of the answer is; undefined for one that is whole, or failed. */
  get followUp(): FollowUp | undefined {
    return this.#error === undefined ? this.#followUp : undefined;
  }

  /** The same, once: the next answer must hold another. */
  takeFollowUp(): FollowUp | undefined {
    const { followUp } = this;
    this.#followUp = undefined;
    return followUp;
  }

  /** Why the server ended the counted choice, in its own word. */
  get finishReason(): string | undefined {
    return this.#end.finishReason;
  }

  /** The answer as it enters the history; undefined when it holds nothing for it. */
  get message(): AssistantMessage | undefined {
    const { message } = this.#text;
    return message === undefined || this.#id === undefined ? message : { ...message, id: this.#id };
  }

  /** The error that a complete answer holds; undefined for a good one. */
  get error(): AnswerError | undefined {
    if (this.#error !== undefined) return this.#error;
    if (this.#brokenFrames > 0 && this.#streamed) {
      const frames = counted(this.#brokenFrames, 'frame was', 'frames were');
      return this.#serverError(quoting(`${frames} not valid JSON`, this.#firstBroken));
    }
    if (this.#times.count === 0) {
      return {
        type: 'InvalidInferenceResultError',
        message: `InvalidInferenceResultError('Invalid inference result: ${this.#whyNoContent()}')`,
      };
    }
    const { endpoint, streamEnd } = this.#options;
    if (!this.#streamed || streamEnd === 'any' || endpoint.endsUnmarked) return undefined;
    return this.#end.error;
  }

  /** @returns false for a unit that is not JSON. */
  #readUnit(text: string, atNs: number, bytes?: Buffer, start = 0, end = 0): boolean {
    this.#firstUnit ??= text;
    refuseHugeJson(text);
    let unit: Json;
    try {
      unit = JSON.parse(text);
    } catch {
      if (isEndMark(text)) {
        this.#end.isMarked = true;
        return true;
      }
      const { readText } = this.#options.endpoint;
      if (readText !== undefined) {
        this.#take(readText(text), atNs);
        return true;
      }
      if (this.#brokenFrames++ === 0) this.#firstBroken = excerpt(text);
      if (this.#brokenFrames > MOST_BROKEN)
        throw new Error(quoting(`more than ${MOST_BROKEN} frames were not valid JSON`, this.#firstBroken));
      return false;
    }
    // Google's gateway sends errors in a list.
    const errorUnit = Array.isArray(unit) ? unit[0] : unit;
    const failure = isObject(errorUnit) ? failureIn(errorUnit, text) : undefined;
    if (failure !== undefined) {
      const { endpoint } = this.#options;
      this.#fail(endpoint.failure?.(failure) ?? failure);
      return true;
    }
    const chunk = this.#options.endpoint.read(unit);
    if (chunk === undefined) {
      this.#firstUnknown ??= excerpt(text);
      this.#noteUnread([UNKNOWN_UNIT]);
    } else {
      this.#take(chunk, atNs);
    }
    if (bytes !== undefined && (chunk?.text !== undefined || chunk?.reasoning !== undefined)) {
      this.#parsedTexts++;
      if (this.#parsedTexts >= LEARN_AFTER && this.#learnings < MOST_LEARNINGS) {
        this.#learnings++;
        this.#template =
          learnTemplate(this.#options.endpoint, bytes.subarray(start, end), chunk) ?? this.#template;
      }
    }
    return true;
  }

  #take(chunk: Chunk, atNs: number): void {
    if (chunk.usage !== undefined)
      this.#usage = chunk.addsUsage ? { ...this.#usage, ...chunk.usage } : chunk.usage;
    if (chunk.tokensPerStep !== undefined) this.#tokensPerStep = chunk.tokensPerStep;
    if (chunk.id !== undefined) this.#id = chunk.id;
    this.#followUp = chunk.followUp;
    if (chunk.finishReason !== undefined) this.#end.noteFinish(chunk.finishReason);
    if (chunk.otherChoices !== undefined) this.#end.noteChoices(chunk.otherChoices);
    if (chunk.failure !== undefined) this.#fail(chunk.failure);
    if (chunk.unread !== undefined) this.#noteUnread(chunk.unread);
    if (chunk.isWholeMessage && this.#hasPieces) return;
    if (chunk.toolCalls !== undefined) this.#text.addToolCalls(chunk.toolCalls);
    if (chunk.textSoFar !== undefined) {
      const known = this.#text.output?.length ?? 0;
      const text = chunk.textSoFar.slice(known);
      if (text !== '') this.#take({ text }, atNs);
      return;
    }
    const isOutput = chunk.text !== undefined || chunk.toolText !== undefined || chunk.counts !== undefined;
    if (!isOutput && chunk.reasoning === undefined) return;
    if (!chunk.isWholeMessage) this.#hasPieces = true;
    if (this.#times.count === 0) this.firstUsage = chunk.usage;
    this.#text.add(chunk);
    if (chunk.counts !== undefined) this.counts = sumOf(this.counts, chunk.counts);
    this.#noteContent(atNs, isOutput);
  }

  #noteUnread(paths: readonly string[]): void {
    this.unread ??= new Map();
    for (const path of paths.map(excerpt)) {
      const count = this.unread.get(path) ?? 0;
      if (count > 0 || this.unread.size < MOST_UNREAD) this.unread.set(path, count + 1);
    }
  }

  #whyNoContent(): string {
    if (Number.isNaN(this.lastUnitNs)) return 'No responses were received';
    if (this.#unreadable !== undefined) return this.#unreadable;
    const names = [...(this.unread?.keys() ?? [])].filter((path) => path !== UNKNOWN_UNIT);
    const fields = names.length === 0 ? '' : `; fields not read: ${names.join(', ')}`;
    const reason = `No response held any content (${this.#options.endpoint.contentName})${fields}`;
    const received = this.#firstUnknown ?? this.#firstUnit;
    return received === undefined ? reason : quoting(reason, received);
  }

  #noteContent(atNs: number, isOutput: boolean): void {
    if (isOutput && Number.isNaN(this.firstOutputNs)) this.firstOutputNs = atNs;
    this.#times.note(atNs);
    if (this.#times.count === 1) this.#onFirstContent?.();
  }

  #fail({ code, type, message }: Failure): void {
    this.#error ??= { ...this.#serverError(message), code, ...(type === undefined ? {} : { type }) };
  }

  #serverError(message: string): AnswerError {
    return { code: 502, type: this.#streamed ? 'SSEResponseError' : 'ResponseBodyError', message };
  }
}

function sumOf(counts: ContentCounts | undefined, more: ContentCounts): ContentCounts {
  const sum: { -readonly [Kind in keyof ContentCounts]: number } = { ...counts };
  for (const kind of countedKinds) {
    const count = more[kind];
    if (count !== undefined) sum[kind] = (sum[kind] ?? 0) + count;
  }
  return sum;
}

function isDone(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 6 && bytes[start] === 0x5b && bytes.toString('latin1', start, end) === '[DONE]';
}

/** Data without content: gateways keep a connection alive with it, and the standard delivers no such event. */
function isBlank(data: string): boolean {
  return data.trim() === '';
}

/** Fields of an event stream that are valid without data. */
const plainFields: ReadonlySet<string> = new Set(['comment', 'event', 'data', 'id', 'retry']);
