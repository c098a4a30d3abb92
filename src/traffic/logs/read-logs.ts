import { statSync } from 'node:fs';
import { messageOf, UserError } from '../../util/errors.js';
import { isDeeperThan, isObject, type Json, type JsonObject, jsonIn, objectIn } from '../../util/json.js';
import { MAX_ROW_LEVELS } from '../../util/limits.js';
import { streamLines, unreadableFile } from '../../util/lines.js';
import { answeredJson } from '../answered.js';
import { type Asked, askedIn } from '../asked.js';
import type { Answered, TrafficLog } from '../traffic-log.js';
import { litellmLog } from './litellm.js';
import type { LogFormat, LoggedAnswer, LoggedRequest } from './log-format.js';
import { openaiLog, rawPayloadLog } from './openai.js';
import { otelLog } from './otel.js';
import { sagemakerLog } from './sagemaker.js';
import { VllmLog } from './vllm.js';

/** Formats of logs, as `--from` names them. */
export const logFormats = ['openai', 'raw_payload', 'sagemaker', 'litellm', 'vllm', 'otel'] as const;
export type LogFormatName = (typeof logFormats)[number];

/** In the order in which a row is tested: earlier ones are more specific. */
const jsonFormats = {
  sagemaker: sagemakerLog,
  otel: otelLog,
  litellm: litellmLog,
  openai: openaiLog,
  raw_payload: rawPayloadLog,
} satisfies Readonly<Record<Exclude<LogFormatName, 'vllm'>, LogFormat>>;

/** A place in a file. */
interface Location {
  readonly path: string;
  readonly line: number;
}

/** What was read, and what was not. */
export interface LogCounts {
  /** Requests that were taken. */
  taken: number;
  /** Failed ones. */
  failed: number;
  /** Requests or rows of another kind, such as embeddings. */
  other: number;
  /** Rows that are no JSON, or of an unknown format. */
  unreadable: number;
  firstUnreadable: Location | undefined;
  /** Requests of vLLM logs without their prompt. */
  promptless: number;
  /** The first request with a time, and the first without. */
  firstTimed: Location | undefined;
  firstUntimed: Location | undefined;
  readonly formats: Set<LogFormatName>;
}

/** Longest document that is not in lines, characters. */
const LONGEST_DOCUMENT = 256 * 2 ** 20;

/**
 * Adds the requests of log files to `log`, a line at a time; a file that is one JSON document is held whole.
 * @param from the format; undefined: each row's own. @throws UserError if a file cannot be read, holds no request, or
 * only some requests have a time.
 */
export async function readLogs(
  paths: readonly string[],
  from: LogFormatName | undefined,
  log: TrafficLog,
): Promise<LogCounts> {
  const counts: LogCounts = {
    ...{ taken: 0, failed: 0, other: 0, unreadable: 0, promptless: 0 },
    ...{ firstUnreadable: undefined, firstTimed: undefined, firstUntimed: undefined },
    formats: new Set(),
  };
  for (const path of paths) await new LogReader(path, from, log, counts).read();
  refuseEmpty(paths, counts);
  const { firstTimed: timed, firstUntimed: untimed } = counts;
  if (timed !== undefined && untimed !== undefined) {
    throw new UserError(
      `${untimed.path}:${untimed.line}: the request has no time, but the one of ${timed.path}:${timed.line} has`,
      'anonymize logs with and without times separately',
    );
  }
  return counts;
}

function refuseEmpty(
  paths: readonly string[],
  { taken, failed, other, unreadable, promptless, firstUnreadable }: LogCounts,
): void {
  if (taken > 0) return;
  if (promptless > 0) {
    throw new UserError(
      `${paths.join(', ')}: the log holds requests, but not their prompts`,
      'run vLLM with --enable-log-requests and VLLM_LOGGING_LEVEL=DEBUG, and without --max-log-len',
    );
  }
  const where =
    firstUnreadable === undefined ? '' : `, the first at ${firstUnreadable.path}:${firstUnreadable.line}`;
  throw new UserError(
    `${paths.join(', ')}: no completed request found: ${failed} failed, ${other} of other APIs, ${unreadable} unreadable rows${where}`,
    `expected a log of ${logFormats.join(', ')}`,
  );
}

class LogReader {
  readonly #path: string;
  readonly #from: LogFormatName | undefined;
  readonly #log: TrafficLog;
  readonly #counts: LogCounts;
  #line = 0;

  constructor(path: string, from: LogFormatName | undefined, log: TrafficLog, counts: LogCounts) {
    this.#path = path;
    this.#from = from;
    this.#log = log;
    this.#counts = counts;
  }

  async read(): Promise<void> {
    const vllm = new VllmLog(writtenMs(this.#path));
    let document: string | undefined;
    /** It does not begin with JSON: what looks like it may be none. */
    let isText = true;
    for await (const { text, number } of streamLines(this.#path)) {
      this.#line = number;
      const row = text.trim();
      if (row === '') continue;
      if (document !== undefined) {
        const isBegun = this.#line > 2 || objectIn(row.replace(/,$/, '')) === undefined;
        if (isBegun) {
          document = this.#longer(document, text);
          continue;
        }
        // One object a line after all: the first line was cut off, or opens an array.
        if (document.trim() !== '[') this.#noteUnreadable(1);
        document = undefined;
      }
      if (this.#from === 'vllm' || (this.#from === undefined && !/^[[{]/.test(row))) {
        this.#takeAll(vllm.take(row), 'vllm');
        continue;
      }
      if (number === 1 && this.#from === undefined) isText = false;
      const json = jsonIn(row) ?? jsonIn(row.replace(/,$/, ''));
      if (json !== undefined) this.#takeParsed(json);
      else if (number === 1) document = text;
      else if (row !== ']' && !isText) this.#noteUnreadable();
    }
    this.#takeAll(vllm.rest(), 'vllm');
    this.#counts.promptless += vllm.promptless;
    if (document !== undefined) this.#takeDocument(document);
  }

  #longer(document: string, line: string): string {
    if (document.length + line.length < LONGEST_DOCUMENT) return `${document}\n${line}`;
    throw new UserError(
      `${this.#path} is one JSON document of more than ${LONGEST_DOCUMENT / 2 ** 20} MiB`,
      'write one JSON object per line, for example with: jq -c',
    );
  }

  #takeDocument(document: string): void {
    this.#line = 1;
    const json = jsonIn(document);
    if (json === undefined) this.#noteUnreadable();
    else this.#takeParsed(json);
  }

  #takeParsed(json: Json): void {
    if (isDeeperThan(json, MAX_ROW_LEVELS)) this.#noteUnreadable();
    else this.#takeJson(json);
  }

  #takeJson(json: Json): void {
    if (Array.isArray(json)) {
      for (const item of json) this.#takeJson(item);
    } else if (isObject(json)) {
      this.#takeRow(json);
    } else {
      this.#noteUnreadable();
    }
  }

  #takeRow(row: JsonObject): void {
    const name = this.#formatOf(row);
    if (name === undefined) {
      this.#noteUnreadable();
      return;
    }
    const requests = jsonFormats[name].read(row);
    if (requests.length === 0) this.#counts.other++;
    this.#takeAll(requests, name);
  }

  #takeAll(requests: readonly LoggedRequest[], format: LogFormatName): void {
    for (const request of requests) {
      try {
        this.#take(request, format);
      } catch (thrown) {
        if (thrown instanceof UserError) throw thrown;
        // Its message may quote a text.
        this.#noteUnreadable();
      }
    }
  }

  #formatOf(row: JsonObject): keyof typeof jsonFormats | undefined {
    if (this.#from !== undefined && this.#from !== 'vllm') return this.#from;
    const names = Object.keys(jsonFormats) as (keyof typeof jsonFormats)[];
    return names.find((name) => jsonFormats[name].marks(row));
  }

  #take({ body, target, atMs, endMs, answer }: LoggedRequest, format: LogFormatName): void {
    const asked = askedIn(body, target);
    if (asked === undefined) {
      this.#counts.other++;
      return;
    }
    const answered = answeredOf(asked, answer);
    if (answered === 'failed') {
      this.#counts.failed++;
      return;
    }
    this.#log.add({ asked, answered, atMs, endMs });
    this.#counts.taken++;
    this.#counts.formats.add(format);
    const location = { path: this.#path, line: this.#line };
    if (atMs === undefined) this.#counts.firstUntimed ??= location;
    else this.#counts.firstTimed ??= location;
  }

  #noteUnreadable(line = this.#line): void {
    this.#counts.unreadable++;
    this.#counts.firstUnreadable ??= { path: this.#path, line };
  }
}

function answeredOf(asked: Asked, answer: LoggedAnswer): Answered | 'failed' | undefined {
  switch (answer.kind) {
    case 'unknown':
      return undefined;
    case 'failed':
      return 'failed';
    case 'facts':
      return answer.facts;
    case 'body':
      return answeredJson(asked.api, answer.body) ?? 'failed';
  }
}

function writtenMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch (thrown) {
    throw unreadableFile(path, new Error(messageOf(thrown)));
  }
}
