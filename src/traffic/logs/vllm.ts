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
  /** Tokens of the answer in lines of details; 0: there are none. */
  answered: number;
}

/** The first of these in a line: what follows it may hold any text. */
const message =
  /\b(?:Received request (?<received>\S+?)|Request (?<detailed>\S+) details|Generated response (?<generated>\S+?)(?: \(streaming (?<stream>delta|complete)\))?(?<tokens> details)?): (?<fields>.*)$/s;

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
    const { received, detailed, generated, stream, tokens, fields = '' } = message.exec(line)?.groups ?? {};
    if (received !== undefined) return this.#receive(line, received, fields);
    if (detailed !== undefined) this.#detail(detailed, fields);
    if (generated === undefined) return [];
    if (tokens !== undefined) this.#count(generated, fields);
    if (tokens !== undefined || stream === 'delta') return [];
    const answer = answerOf(fields, this.#open.get(generated)?.answered);
    return this.#finish(generated, this.#clock.timeOf(line), answer);
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
      answered: 0,
    });
    return this.#overflow();
  }

  #detail(id: string, fields: string): void {
    const known = this.#open.get(id);
    const body = promptOf(fields);
    // It comes before the line of the arrival.
    this.#open.set(id, {
      atMs: undefined,
      limit: undefined,
      answered: 0,
      ...known,
      body: body ?? known?.body,
    });
  }

  /** Each piece of a stream has the tokens that are new; what comes at its end has none. */
  #count(id: string, fields: string): void {
    const request = this.#open.get(id);
    if (request !== undefined) request.answered += idsIn(fields, outputIds).length;
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
  const ids = idsIn(behind, promptIds);
  if (ids.length > 0) return { prompt: ids };
  return prompt === undefined ? undefined : { prompt: prompt.text };
}

const promptIds = /\bprompt_token_ids: \[([\d, ]+)\]/;
/** Some versions write the type of the list in front of it. */
const outputIds = /\boutput_token_ids: \S*\[([\d, ]+)\]/;

function idsIn(fields: string, form: RegExp): number[] {
  return form.exec(fields)?.[1]?.split(',').map(Number) ?? [];
}

/** @param counted tokens in the lines of details before it. */
function answerOf(fields: string, counted = 0): LoggedAnswer {
  const output = /^output: /.test(fields) ? pythonString(fields, 8) : undefined;
  if (output === undefined) return { kind: 'unknown' };
  const behind = fields.slice(output.end);
  if (/finish_reason: (error|abort)/.test(behind) && output.text === '') return { kind: 'failed' };
  const tokens = counted || idsIn(behind, outputIds).length;
  return { kind: 'facts', facts: { tokens: tokens === 0 ? undefined : tokens, text: output.text } };
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
