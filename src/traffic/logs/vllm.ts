import type { JsonObject } from '../../util/json.js';
import type { LoggedAnswer, LoggedRequest } from './log-format.js';
import { pythonString } from './python-string.js';
import { timeOf } from './times.js';

/** Requests whose lines are awaited; the oldest is taken as it is. */
const MOST_OPEN = 10_000;

interface OpenRequest {
  atMs: number | undefined;
  body: JsonObject | undefined;
  limit: number | undefined;
}

const received = /Received request (\S+?): (.*)$/s;
const details = /Request (\S+) details: (.*)$/s;
const generated = /Generated response (\S+?)(?: \(streaming (delta|complete)\))?( details)?: (.*)$/s;

/**
 * Reads the lines of a vLLM log: `Received request`, with the prompt in older versions; `Request … details`, which has it
 * in newer ones; and `Generated response` of `--enable-log-outputs`. Other lines are skipped.
 */
export class VllmLog {
  /** Requests without a prompt in the log. */
  promptless = 0;
  readonly #open = new Map<string, OpenRequest>();
  readonly #clock: LineClock;

  /** @param writtenMs when the file was last written: lines have no year. */
  constructor(writtenMs: number) {
    this.#clock = new LineClock(writtenMs);
  }

  /** The requests that a line completes. */
  take(line: string): readonly LoggedRequest[] {
    const arrival = received.exec(line);
    if (arrival !== null) return this.#receive(line, arrival[1] ?? '', arrival[2] ?? '');
    const detail = details.exec(line);
    if (detail !== null) {
      this.#detail(detail[1] ?? '', detail[2] ?? '');
      return [];
    }
    const answer = generated.exec(line);
    if (answer === null) return [];
    const [, id = '', stream, isDetail, fields = ''] = answer;
    if (stream === 'delta' || isDetail !== undefined) return [];
    return this.#finish(id, this.#clock.timeOf(line), answerOf(fields));
  }

  /** The requests without an answer in the log. */
  rest(): readonly LoggedRequest[] {
    return [...this.#open.keys()].flatMap((id) => this.#finish(id, undefined, { kind: 'unknown' }));
  }

  #receive(line: string, id: string, fields: string): readonly LoggedRequest[] {
    const known = this.#open.get(id);
    const [, limit] = /\bmax_tokens=(\d+)/.exec(fields) ?? [];
    this.#open.set(id, {
      atMs: this.#clock.timeOf(line),
      body: promptOf(fields) ?? known?.body,
      limit: limit === undefined ? undefined : Number(limit),
    });
    return this.#overflow();
  }

  #detail(id: string, fields: string): void {
    const known = this.#open.get(id);
    const body = promptOf(fields);
    // It comes before the line of the arrival.
    this.#open.set(id, { atMs: undefined, limit: undefined, ...known, body: body ?? known?.body });
  }

  #overflow(): readonly LoggedRequest[] {
    if (this.#open.size <= MOST_OPEN) return [];
    for (const id of this.#open.keys()) return this.#finish(id, undefined, { kind: 'unknown' });
    return [];
  }

  #finish(id: string, endMs: number | undefined, answer: LoggedAnswer): readonly LoggedRequest[] {
    const request = this.#open.get(id);
    this.#open.delete(id);
    if (request === undefined) return [];
    const { body, atMs, limit } = request;
    if (body === undefined) {
      this.promptless++;
      return [];
    }
    return [{ body: limit === undefined ? body : { ...body, max_tokens: limit }, atMs, endMs, answer }];
  }
}

/** Token IDs where they are logged, else the prompt's text, which has the chat template applied. */
function promptOf(fields: string): JsonObject | undefined {
  // Texts may hold anything, so what follows the prompt is looked for behind it.
  const prompt = /^prompt: /.test(fields) ? pythonString(fields, 8) : undefined;
  const behind = fields.slice(prompt?.end ?? 0);
  const [, ids] = /\bprompt_token_ids: \[([\d, ]+)\]/.exec(behind) ?? [];
  if (ids !== undefined) return { prompt: ids.split(',').map(Number) };
  return prompt === undefined ? undefined : { prompt: prompt.text };
}

function answerOf(fields: string): LoggedAnswer {
  const output = /^output: /.test(fields) ? pythonString(fields, 8) : undefined;
  if (output === undefined) return { kind: 'unknown' };
  const behind = fields.slice(output.end);
  if (/finish_reason: (error|abort)/.test(behind) && output.text === '') return { kind: 'failed' };
  const [, ids] = /output_token_ids: \S*\[([\d, ]+)\]/.exec(behind) ?? [];
  const tokens = ids === undefined ? undefined : ids.split(',').length;
  return { kind: 'facts', facts: { tokens, text: output.text } };
}

/** Times of lines: with a date in front, as container logs have; else vLLM's own, without year or zone: taken as UTC. */
class LineClock {
  readonly #writtenMs: number;
  #year: number | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(writtenMs: number) {
    this.#writtenMs = writtenMs;
  }

  timeOf(line: string): number | undefined {
    const [, full] =
      /(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)/.exec(line.slice(0, 80)) ?? [];
    if (full !== undefined) return timeOf(full);
    const [, date, time] =
      /\b(?:DEBUG|INFO|WARNING|ERROR) (\d\d-\d\d) (\d\d:\d\d:\d\d(?:[.,]\d+)?)/.exec(line.slice(0, 200)) ??
      [];
    if (date === undefined) return undefined;
    const inYear = (year: number) => timeOf(`${year}-${date} ${time}`) ?? Number.NaN;
    this.#year ??= this.#firstYear(inYear);
    // The year has changed since the line before.
    if (inYear(this.#year) < this.#lastMs - HALF_YEAR_MS) this.#year++;
    this.#lastMs = inYear(this.#year);
    return Number.isNaN(this.#lastMs) ? undefined : this.#lastMs;
  }

  /** The latest in which the first line is no later than the file; zones differ by up to a day. */
  #firstYear(inYear: (year: number) => number): number {
    const year = new Date(this.#writtenMs).getUTCFullYear();
    return inYear(year) > this.#writtenMs + DAY_MS ? year - 1 : year;
  }
}

const DAY_MS = 86_400_000;
const HALF_YEAR_MS = 182 * DAY_MS;
