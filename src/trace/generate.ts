import { randomStream } from '../util/random.js';
import { gapSource } from './gap-models.js';
import { GapVariation } from './gap-variation.js';
import { jointLengthSource } from './joint-lengths.js';
import type { SessionModel, TraceModel } from './model.js';
import { OperationalTime } from './operational-time.js';
import { PrefixSource } from './prefix-source.js';
import { tableQuantile } from './quantile-table.js';
import { roundedMs } from './row-text.js';
import { TimeQueue } from './time-queue.js';
import { ValueCounts } from './value-counts.js';
import { writeLines } from './write-lines.js';

/** The length of a synthetic trace: the first limit that is reached. */
export interface GenerateOptions {
  readonly requests: number;
  readonly durationMs: number;
  readonly seed: number;
}

/** Figures of a synthetic trace. */
export interface GeneratedFigures {
  readonly requests: number;
  readonly sessions: number;
  readonly arrivals: GapVariation;
  readonly inputs: ValueCounts;
  readonly outputs: ValueCounts;
  /** Undefined without hash IDs. */
  readonly blockHitRate: number | undefined;
}

/** A session between two of its turns. */
interface OpenSession {
  readonly id: string | undefined;
  readonly turns: number;
  turn: number;
  input: number;
  ids: Float64Array | undefined;
}

/**
 * Writes a synthetic trace with the properties of a model; the same seed gives the same bytes. Rows are in order of
 * time; sessions that are not complete at the end lose their last turns, as in a recording. Memory holds the sessions
 * that are open, and the blocks of up to 65,536 recent requests.
 * @throws UserError if the file cannot be written.
 */
export async function generateTrace(
  model: TraceModel,
  out: string,
  options: GenerateOptions,
  inputs: readonly string[],
): Promise<GeneratedFigures> {
  const generator = new TraceGenerator(model, options);
  await writeLines(out, generator.lines(), ...inputs);
  return generator.figures();
}

class TraceGenerator {
  readonly #model: TraceModel;
  readonly #options: GenerateOptions;
  readonly #first: ReturnType<typeof jointLengthSource>;
  readonly #later: ReturnType<typeof jointLengthSource> | undefined;
  readonly #gap: () => number;
  readonly #time: OperationalTime;
  readonly #prefixes: PrefixSource | undefined;
  readonly #sessionRandom;
  readonly #open = new TimeQueue<OpenSession>();
  readonly #arrivals = new GapVariation();
  readonly #inputs = new ValueCounts();
  readonly #outputs = new ValueCounts();
  #requests = 0;
  #sessions = 0;
  #blocks = 0;
  #hits = 0;

  constructor(model: TraceModel, options: GenerateOptions) {
    const random = (purpose: string) => randomStream(options.seed, `trace-generate-${purpose}`);
    this.#model = model;
    this.#options = options;
    this.#first = jointLengthSource(model.first_turn, random('first'));
    this.#later = model.sessions ? jointLengthSource(model.sessions.later_turn, random('later')) : undefined;
    this.#gap = gapSource(model.arrivals.gaps, random('gaps'));
    this.#time = new OperationalTime(model.arrivals);
    this.#prefixes = model.prefixes ? new PrefixSource(model.prefixes, random('prefixes')) : undefined;
    this.#sessionRandom = random('sessions');
  }

  async *lines(): AsyncGenerator<string> {
    let expected = 0;
    let startMs = 0;
    while (this.#requests < this.#options.requests) {
      const next = this.#open.nextMs;
      const isStart = next === undefined || startMs <= next;
      const timeMs = roundedMs(isStart ? startMs : next);
      if (timeMs > this.#options.durationMs) return;
      const session = isStart ? this.#started() : this.#open.take();
      if (session !== undefined) yield* this.#turns(session, timeMs);
      if (!isStart) continue;
      expected += this.#gap();
      startMs = this.#time.seconds(expected) * 1000;
    }
  }

  figures(): GeneratedFigures {
    return {
      requests: this.#requests,
      sessions: this.#sessions,
      arrivals: this.#arrivals,
      inputs: this.#inputs,
      outputs: this.#outputs,
      blockHitRate: this.#blocks === 0 ? undefined : this.#hits / this.#blocks,
    };
  }

  #started(): OpenSession {
    this.#sessions++;
    const { sessions } = this.#model;
    const turns = sessions
      ? Math.max(1, Math.round(tableQuantile(sessions.turns, this.#sessionRandom.uniform())))
      : 1;
    const id = sessions ? `s${this.#sessions}` : undefined;
    return { id, turns, turn: 0, input: 0, ids: undefined };
  }

  /** The turn of a session at this time; with delays, all its turns. */
  *#turns(session: OpenSession, timeMs: number): Generator<string> {
    const { sessions } = this.#model;
    yield this.#row(session, [`"timestamp":${timeMs}`]);
    this.#arrivals.add(timeMs);
    if (sessions?.timing === 'delay') {
      while (session.turn < session.turns && this.#requests < this.#options.requests) {
        yield this.#row(session, [`"delay":${roundedMs(this.#thinkMs(sessions))}`]);
      }
    } else if (sessions && session.turn < session.turns) {
      this.#open.add(timeMs + this.#thinkMs(sessions), session);
    }
  }

  #thinkMs(sessions: SessionModel): number {
    return Math.max(0, tableQuantile(sessions.think_ms, this.#sessionRandom.uniform()));
  }

  #row(session: OpenSession, members: string[]): string {
    const { input, output } = this.#lengths(session);
    session.turn++;
    session.input = input;
    this.#requests++;
    this.#inputs.add(input);
    if (session.id !== undefined) members.unshift(`"session_id":"${session.id}"`);
    members.push(`"input_length":${input}`);
    if (output !== undefined) {
      this.#outputs.add(output);
      members.push(`"output_length":${output}`);
    }
    const made = this.#prefixes?.idsFor(input, session.ids);
    if (made !== undefined && made.ids.length > 0) {
      session.ids = made.ids;
      this.#blocks += made.ids.length;
      this.#hits += made.hits;
      members.push(`"hash_ids":[${made.ids.join(',')}]`);
    }
    return `{${members.join(',')}}`;
  }

  #lengths(session: OpenSession): { readonly input: number; readonly output: number | undefined } {
    const isFirst = session.turn === 0 || this.#later === undefined;
    const { input, output } = (isFirst ? this.#first : this.#later)();
    const before = !isFirst && this.#model.sessions?.prompts === 'whole' ? session.input : 0;
    return {
      input: Math.max(1, before + input),
      output: output === undefined ? undefined : Math.max(1, output),
    };
  }
}
