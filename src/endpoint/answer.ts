import type { Packet, StreamHandler, StreamMessage } from '../transport/event-stream.js';
import { counted } from '../util/counted.js';
import { excerpt, quoting } from '../util/excerpt.js';
import { isObject, type Json, type JsonObject, refuseHugeJson } from '../util/json.js';
import { MOST_UNREAD } from './content.js';
import type { AssistantMessage, Chunk, Endpoint, OtherChoice } from './endpoint.js';
import { type Failure, failureEvent, failureIn } from './failure.js';
import { learnTemplate, type TextKind, type UnitTemplate } from './template.js';

/** Why an answer that arrived whole is no success, in the words of the record file. */
export interface AnswerError {
  readonly code?: number;
  readonly type: string;
  readonly message: string;
}

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

// Units before the template is learnt, and learnings before a stream counts as one that has none: a server that
// changes something beside the text in every unit would otherwise pay for learning each time.
const LEARN_AFTER = 2;
const MOST_LEARNINGS = 6;

// Far above any honest response; each costs the thread that stamps time or memory.
const MOST_BROKEN = 10_000;
const MOST_PARTS = 10_000;
const MOST_UNITS = 500_000;
/** Stands for the path of a field where a unit is none of the endpoint's. */
const UNKNOWN_UNIT = '(whole unit)';

/**
 * Takes one answer apart while it arrives: which units carry content and when they came, the text, the usage, the
 * error. Times are those that the transport gives. One object per request and none per unit.
 */
export class Answer implements StreamHandler {
  contentCount = 0;
  /** First unit with text other than reasoning; NaN: none. */
  firstOutputNs = Number.NaN;
  /** Last unit of any kind; NaN: none. */
  lastUnitNs = Number.NaN;
  usage: JsonObject | undefined = undefined;
  /** Why the server ended the counted choice, in its own word. */
  finishReason: string | undefined = undefined;
  /** Units by the path of a field in them that looks like content and was not read. */
  unread: Map<string, number> | undefined = undefined;
  units: AnswerUnit[] | undefined;

  readonly #options: AnswerOptions;
  readonly #onFirstContent: (() => void) | undefined;
  // The first time by itself: an answer that comes whole has no other. Then the time from each to the next, in four
  // bytes; whole times, once one is too long for those (4.3 s).
  #firstContentNs = Number.NaN;
  #lastContentNs = Number.NaN;
  #intervalsNs: Uint32Array | undefined = undefined;
  #timesNs: Float64Array | undefined = undefined;
  #template: UnitTemplate | undefined = undefined;
  #parsedTexts = 0;
  #learnings = 0;
  // Text of the template's gaps, still escaped: decoded in one go, so that nothing is made per unit.
  #gaps: Buffer | undefined = undefined;
  #gapsLength = 0;
  #gapsKind: TextKind = 'text';
  #output: string | undefined = undefined;
  // The output without tool calls, for the history; undefined while they are the same.
  #content: string | undefined = undefined;
  #reasoning: string | undefined = undefined;
  /** Structured tool calls by the index that the server gave them, in order of arrival. */
  #toolCalls: Map<number, JsonObject> | undefined = undefined;
  #done = false;
  #streamed = false;
  /** Content came in pieces: a whole message behind them repeats it. */
  #hasPieces = false;
  /** Whether each choice but the counted one has finished. */
  #otherChoices: Map<number, boolean> | undefined = undefined;
  #error: AnswerError | undefined = undefined;
  #brokenFrames = 0;
  #firstBroken = '';
  /** What came first, and what came first that is no known shape: quoted where no content came. */
  #firstUnit: string | undefined = undefined;
  #firstUnknown: string | undefined = undefined;
  #unreadable: string | undefined = undefined;

  /** @param onFirstContent called when the first content has come. */
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
        this.#keepGap(bytes, start + head, end - template.tailLength, template.kind);
        this.#noteContent(atNs, template.kind === 'text');
        return;
      }
    }
    if (isDone(bytes, start, end)) {
      this.#done = true;
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
      this.#done = true;
    } else if (data !== undefined && !isBlank(data)) {
      this.#readUnit(data, atNs);
    } else if (!packets.every(({ name }) => plainFields.has(name))) {
      // Text that is no event stream reads as fields of unknown names.
      this.#firstUnknown ??= excerpt(
        packets.map(({ name, value }) => (value === null ? name : `${name}: ${value}`)).join('\n'),
      );
    }
  }

  /**
   * A whole body, complete at `atNs`.
   * @param text decoded. @param unreadable why it can be no answer, where it is no JSON.
   */
  onWholeBody(text: string, contentType: string, atNs: number, unreadable: string): void {
    this.lastUnitNs = atNs;
    if (this.units) this.units.push({ atNs, text, contentType });
    if (!this.#readUnit(text, atNs)) this.#unreadable = quoting(unreadable, text);
  }

  #keepUnit(unit: AnswerUnit): void {
    if (this.units?.push(unit) === MOST_UNITS)
      throw new Error(`it has ${MOST_UNITS} events or more, too many for --export-level raw`);
  }

  /** Times of the units that carry content, in order. */
  get contentNs(): Float64Array {
    if (this.#timesNs !== undefined) return this.#timesNs.subarray(0, this.contentCount);
    const times = new Float64Array(this.contentCount);
    let atNs = this.#firstContentNs;
    for (let i = 0; i < times.length; i++) {
      if (i > 0) atNs += this.#intervalsNs?.[i - 1] ?? 0;
      times[i] = atNs;
    }
    return times;
  }

  /** All content and tool text in order of arrival; undefined when none came. */
  get output(): string | undefined {
    this.#decodeGaps();
    return this.#output;
  }

  get reasoning(): string | undefined {
    this.#decodeGaps();
    return this.#reasoning;
  }

  /** The error that a complete answer holds; undefined for a good one. */
  get error(): AnswerError | undefined {
    if (this.#error !== undefined) return this.#error;
    if (this.#brokenFrames > 0 && this.#streamed) {
      const frames = counted(this.#brokenFrames, 'frame was', 'frames were');
      return this.#serverError(quoting(`${frames} not valid JSON`, this.#firstBroken));
    }
    if (this.contentCount === 0) {
      return {
        type: 'InvalidInferenceResultError',
        message: `InvalidInferenceResultError('Invalid inference result: ${this.#whyNoContent()}')`,
      };
    }
    if (!this.#streamed || this.#options.streamEnd === 'any') return undefined;
    if (!this.#done && this.finishReason === undefined) {
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

  /** The answer as it enters the history; undefined when there is nothing to say. */
  get message(): AssistantMessage | undefined {
    this.#decodeGaps();
    const content = this.#content ?? this.#output ?? '';
    if (this.#toolCalls !== undefined) return { content, toolCalls: [...this.#toolCalls.values()] };
    const text = content !== '' ? content : (this.#reasoning ?? '');
    return text === '' ? undefined : { content: text };
  }

  /** @returns whether the unit is JSON at all. */
  #readUnit(text: string, atNs: number, bytes?: Buffer, start = 0, end = 0): boolean {
    this.#firstUnit ??= text;
    refuseHugeJson(text);
    let unit: Json;
    try {
      unit = JSON.parse(text);
    } catch {
      if (endMark.test(text)) {
        this.#done = true;
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
      this.#fail(failure);
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
    if (chunk.usage !== undefined) this.usage = chunk.usage;
    if (chunk.finishReason !== undefined) this.finishReason = excerpt(chunk.finishReason);
    if (chunk.otherChoices !== undefined) this.#noteChoices(chunk.otherChoices);
    if (chunk.failure !== undefined) this.#fail(chunk.failure);
    if (chunk.unread !== undefined) this.#noteUnread(chunk.unread);
    const isOutput = chunk.text !== undefined || chunk.toolText !== undefined || chunk.counts !== undefined;
    if (chunk.isWholeMessage && this.#hasPieces) return;
    if (chunk.toolCalls !== undefined) this.#mergeToolCalls(chunk.toolCalls);
    if (!isOutput && chunk.reasoning === undefined) return;
    if (!chunk.isWholeMessage) this.#hasPieces = true;
    this.#decodeGaps();
    if (chunk.reasoning !== undefined) this.#reasoning = (this.#reasoning ?? '') + chunk.reasoning;
    if (chunk.text !== undefined) this.#addText(chunk.text);
    if (chunk.toolText !== undefined) {
      this.#content ??= this.#output ?? '';
      this.#output = (this.#output ?? '') + chunk.toolText;
    }
    this.#noteContent(atNs, isOutput);
  }

  #noteChoices(others: readonly OtherChoice[]): void {
    this.#otherChoices ??= new Map();
    for (const { index, finished } of others) {
      this.#otherChoices.set(index, finished || this.#otherChoices.get(index) === true);
    }
    if (this.#otherChoices.size > MOST_PARTS) throw new Error(`it has more than ${MOST_PARTS} choices`);
  }

  #noteUnread(paths: readonly string[]): void {
    this.unread ??= new Map();
    for (const path of paths.map(excerpt)) {
      const count = this.unread.get(path) ?? 0;
      if (count > 0 || this.unread.size < MOST_UNREAD) this.unread.set(path, count + 1);
    }
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

  #whyNoContent(): string {
    if (Number.isNaN(this.lastUnitNs)) return 'No responses were received';
    if (this.#unreadable !== undefined) return this.#unreadable;
    const names = [...(this.unread?.keys() ?? [])].filter((path) => path !== UNKNOWN_UNIT);
    const fields = names.length === 0 ? '' : `; fields not read: ${names.join(', ')}`;
    const reason = `No response held any content (${this.#options.endpoint.contentName})${fields}`;
    const received = this.#firstUnknown ?? this.#firstUnit;
    return received === undefined ? reason : quoting(reason, received);
  }

  #addText(text: string): void {
    this.#output = (this.#output ?? '') + text;
    if (this.#content !== undefined) this.#content += text;
  }

  #noteContent(atNs: number, isOutput: boolean): void {
    if (isOutput && Number.isNaN(this.firstOutputNs)) this.firstOutputNs = atNs;
    const place = this.contentCount;
    const intervalNs = atNs - this.#lastContentNs;
    this.#lastContentNs = atNs;
    if (place === 0) {
      this.contentCount = 1;
      this.#firstContentNs = atNs;
      this.#onFirstContent?.();
      return;
    }
    if (this.#timesNs === undefined && intervalNs >>> 0 === intervalNs) {
      let intervals = this.#intervalsNs;
      if (intervals === undefined || intervals.length < place) {
        const grown = new Uint32Array(grownSize(place, 16));
        if (intervals !== undefined) grown.set(intervals);
        intervals = grown;
        this.#intervalsNs = grown;
      }
      intervals[place - 1] = intervalNs;
    } else {
      this.#keepTime(atNs, place);
    }
    this.contentCount = place + 1;
  }

  #keepTime(atNs: number, place: number): void {
    let times = this.#timesNs;
    if (times === undefined || times.length <= place) {
      const grown = new Float64Array(grownSize(place + 1, 16));
      grown.set(this.contentNs);
      times = grown;
      this.#timesNs = grown;
      this.#intervalsNs = undefined;
    }
    times[place] = atNs;
  }

  #keepGap(bytes: Buffer, start: number, end: number, kind: TextKind): void {
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

  #decodeGaps(): void {
    if (this.#gaps === undefined || this.#gapsLength === 0) return;
    const escaped = this.#gaps.toString('utf8', 0, this.#gapsLength);
    this.#gapsLength = 0;
    // The template let only whole JSON string bodies through, so the parse cannot fail.
    const text: string = escaped.includes('\\') ? JSON.parse(`"${escaped}"`) : escaped;
    if (this.#gapsKind === 'reasoning') this.#reasoning = (this.#reasoning ?? '') + text;
    else this.#addText(text);
  }

  /** Pieces of one call share their index; name and arguments arrive in parts. */
  #mergeToolCalls(pieces: readonly JsonObject[]): void {
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
    if (this.#toolCalls.size > MOST_PARTS) throw new Error(`it has more than ${MOST_PARTS} tool calls`);
  }

  #fail({ code, type, message }: Failure): void {
    this.#error ??= { ...this.#serverError(message), code, ...(type === undefined ? {} : { type }) };
  }

  #serverError(message: string): AnswerError {
    return { code: 502, type: this.#streamed ? 'SSEResponseError' : 'ResponseBodyError', message };
  }
}

/** Room for `needed` things and more: twice as many while they are few, then an eighth, which many streams hold. */
function grownSize(needed: number, least: number): number {
  return Math.max(least, needed <= 1024 ? 2 * needed : needed + (needed >> 3));
}

function isDone(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 6 && bytes[start] === 0x5b && bytes.toString('latin1', start, end) === '[DONE]';
}

/** Data without content: gateways keep a connection alive with it, and the standard delivers no such event. */
function isBlank(data: string): boolean {
  return data.trim() === '';
}

function incompleteStream(message: string): AnswerError {
  return { code: 502, type: 'IncompleteStreamError', message };
}

/** `[DONE]` as it is sent by servers that do not write it exactly so. */
const endMark = /^\s*\[DONE\]\s*$/i;

/** Fields of an event stream that are valid without data. */
const plainFields: ReadonlySet<string> = new Set(['comment', 'event', 'data', 'id', 'retry']);
