import type { Answer } from '../endpoint/answer.js';
import { AmazonEventStreamParser } from '../transport/amazon-event-stream.js';
import { codingsOf, decodeBody } from '../transport/content-coding.js';
import { EventStreamParser } from '../transport/event-stream.js';
import type { ResponseHead } from '../transport/transport.js';
import { messageOf } from '../util/errors.js';
import { ResponseTooLarge } from '../util/response-limits.js';

/** A piece of a body of unknown kind, or of one that is read as a whole. */
interface Piece {
  readonly bytes: Buffer;
  readonly atNs: number;
}

/**
 * Reads the body of one response. The first bytes of a successful response decide whether it is an event stream, not
 * the head alone: proxies send valid streams as `application/json`, and error bodies as `text/event-stream`.
 */
export class ResponseBody {
  readonly #answer: Answer;
  readonly #head: ResponseHead;
  readonly #maxMessageBytes: number;
  readonly #contentType: string;
  /** Amazon's framing around the body; undefined: there is none. */
  readonly #frames: AmazonEventStreamParser | undefined;
  /** Undefined until the body is recognized as a stream of events, or of audio. */
  #stream: Pick<EventStreamParser, 'feed' | 'end'> | undefined = undefined;
  #isWhole: boolean;
  readonly #pieces: Piece[] = [];
  #bytes = 0;

  constructor(head: ResponseHead, answer: Answer, maxMessageBytes: number) {
    this.#head = head;
    this.#answer = answer;
    this.#maxMessageBytes = maxMessageBytes;
    this.#isWhole = !isSuccess(head);
    const isFramed = !this.#isWhole && amazonType.test(this.#header('content-type'));
    this.#frames = isFramed ? this.#openFrames() : undefined;
    // SageMaker names the type of what the model sends.
    this.#contentType = this.#header(isFramed ? 'x-amzn-sagemaker-content-type' : 'content-type');
    if (answer.takesAudio && !this.#isWhole) this.#stream = answer.openAudio(this.#contentType);
  }

  /**
   * Takes `bytes[start, end)`, read at `atNs`; keeps no reference to `bytes`.
   * @throws ResponseTooLarge, or Error for malformed framing
   */
  feed(bytes: Buffer, start: number, end: number, atNs: number): void {
    if (this.#frames === undefined) this.#feedContent(bytes, start, end, atNs);
    else this.#frames.feed(bytes, start, end, atNs);
  }

  #openFrames(): AmazonEventStreamParser {
    return new AmazonEventStreamParser({
      onPayload: (bytes, start, end, atNs) => this.#feedContent(bytes, start, end, atNs),
      onException: (type, text) => this.#answer.onException(type, text),
    });
  }

  #feedContent(bytes: Buffer, start: number, end: number, atNs: number): void {
    if (this.#stream !== undefined) {
      this.#stream.feed(bytes, start, end, atNs);
      return;
    }
    const read = bytes.subarray(start, end);
    if (!this.#isWhole) {
      const stream = this.#decide(read);
      if (stream !== undefined) {
        for (const piece of this.#pieces.splice(0))
          stream.feed(piece.bytes, 0, piece.bytes.length, piece.atNs);
        stream.feed(bytes, start, end, atNs);
        return;
      }
    }
    this.#bytes += read.length;
    if (this.#bytes > this.#maxMessageBytes) {
      throw new ResponseTooLarge('messageBytes', this.#maxMessageBytes);
    }
    this.#pieces.push({ bytes: Buffer.from(read), atNs });
  }

  /**
   * Ends the body and passes the rest of it to the answer.
   * @returns the text of a response that is not a success; '' for all others.
   * @throws Error if framing is cut off
   */
  end(atNs: number): string {
    this.#frames?.end();
    if (this.#stream !== undefined) {
      this.#stream.end();
      return '';
    }
    if (this.#bytes === 0) return '';
    const body = Buffer.concat(this.#pieces.map(({ bytes }) => bytes));
    if (isSuccess(this.#head) && this.#answer.onShortenedBody(body, atNs)) return '';
    const { text, codings, failure } = this.#decode(body);
    if (!isSuccess(this.#head)) return text;
    const contentType = this.#contentType;
    const coded =
      codings.length === 0 ? '' : `, ${codings.join(', ')}-encoded although no coding was asked for`;
    const what = `The response (${contentType || 'no content type'}${coded})`;
    if (failure !== undefined) {
      this.#answer.onWholeBody(text, contentType, atNs, `${what} cannot be decoded: ${failure}`);
    } else if (codings.length > 0 && isEventStream(text)) {
      this.#answer.onWholeBody(text, contentType, atNs, `${what} is an event stream whose times are lost`);
    } else {
      this.#answer.onWholeBody(text, contentType, atNs, `${what} is neither JSON nor an event stream`);
    }
    return '';
  }

  /** Recognizes the kind by the first bytes, `read` included; opens the stream if it is one. */
  #decide(read: Buffer): Pick<EventStreamParser, 'feed'> | undefined {
    const pieces = this.#pieces.map(({ bytes }) => bytes);
    const start = (pieces.length === 0 ? read : Buffer.concat([...pieces, read])).subarray(
      0,
      MAX_START_BYTES,
    );
    const isCoded = codingsOf(this.#header('content-encoding'), start).length > 0;
    const framing = isCoded ? 'whole' : framingOf(start, eventStreamType.test(this.#contentType));
    this.#isWhole = framing === 'whole';
    if (framing === 'stream') this.#stream = new EventStreamParser(this.#answer, this.#maxMessageBytes);
    return this.#stream;
  }

  #decode(body: Buffer): {
    readonly text: string;
    readonly codings: readonly string[];
    readonly failure?: string;
  } {
    const codings = codingsOf(this.#header('content-encoding'), body);
    try {
      return { text: withoutByteOrderMark(decodeBody(body, codings, MAX_DECODED_BYTES).toString()), codings };
    } catch (thrown) {
      return { text: '', codings, failure: messageOf(thrown) };
    }
  }

  #header(name: string): string {
    return this.#head.header(name) ?? '';
  }
}

/** .NET services send a byte order mark. */
function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** Status 200 to 299. */
export function isSuccess({ status }: ResponseHead): boolean {
  return status >= 200 && status <= 299;
}

const amazonType = /^\s*application\/vnd\.amazon\.eventstream\s*(?:;|$)/i;
const eventStreamType = /^\s*text\/event-stream\s*(?:;|$)/i;

/** First bytes that determine the kind, leading white space included. */
// Requests accept no coding, so a coded body is an error page or comes from a proxy. It is decoded between timestamps,
// so bodies that take more than a few milliseconds are not decoded.
const MAX_DECODED_BYTES = 2 ** 20;

const MAX_START_BYTES = 256;

/**
 * The kind of a body by its first bytes; undefined if more of them are needed.
 * @param isExpected the content type is that of an event stream.
 */
function framingOf(start: Buffer, isExpected: boolean): 'stream' | 'whole' | undefined {
  const text = start.toString('latin1').replace(/^(?:\xef\xbb\xbf)?\s*/, '');
  if (/^[{["<]/.test(text)) return 'whole';
  if (isEventStream(text)) return 'stream';
  if (isExpected && (text !== '' || start.length >= MAX_START_BYTES)) return 'stream';
  const isBeginning = fieldNames.some((name) => name.startsWith(text));
  return isBeginning && start.length < MAX_START_BYTES ? undefined : 'whole';
}

const fieldNames = ['data:', 'event:', 'id:', 'retry:', 'error:'];

/** Whether a text begins with a field or a comment of an event stream. */
function isEventStream(text: string): boolean {
  return text.startsWith(':') || fieldNames.some((name) => text.startsWith(name));
}
