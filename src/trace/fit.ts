import { UserError } from '../util/errors.js';
import { randomStream } from '../util/random.js';
import { ArrivalFit } from './arrival-fit.js';
import { GapVariation } from './gap-variation.js';
import { JointLengthFit } from './joint-lengths.js';
import { twoReadings } from './lines.js';
import type { LengthSummary, SessionModel, TraceModel } from './model.js';
import { PrefixFit } from './prefix-fit.js';
import { PrefixKeys } from './prefix-keys.js';
import { tableOf } from './quantile-table.js';
import { lineError } from './rows.js';
import { SessionTurns } from './session-turns.js';
import { Blocks, Sharing } from './sharing.js';
import { type TimedRow, timedRows } from './timed-rows.js';
import { ValueCounts } from './value-counts.js';

/** Memory for block keys before temporary files are used, bytes. */
const BUFFER_BYTES = 32 * 2 ** 20;
/** Later prompts are whole ones if so many are at least as long as the prompt before them. */
const WHOLE_SHARE = 0.9;

/**
 * Fits a model of a trace's arrivals, lengths, sessions and shared prefixes in two passes, without keeping the trace:
 * memory grows by two bits per block, one bit per prefix that may be shared, and at most 280 bytes per session.
 * @param blockSize tokens per hash ID.
 * @throws UserError if rows are malformed, have no time or length, go back in time, have more hash IDs than blocks, or
 * if there are fewer than two times.
 */
export async function fitTrace(path: string, blockSize: number): Promise<TraceModel> {
  const requireUnchanged = twoReadings(path);
  const fit = new TraceFit(path, blockSize);
  try {
    for await (const row of timedRows(path)) fit.read(row);
    fit.begin();
    for await (const row of timedRows(path)) fit.readAgain(row);
    requireUnchanged();
    return fit.result();
  } finally {
    fit.close();
  }
}

class TraceFit {
  readonly #path: string;
  readonly #blockSize: number;
  readonly #arrivals = new ArrivalFit();
  readonly #requests = new GapVariation();
  readonly #first = new JointLengthFit(randomStream(0, 'trace-fit-first'));
  readonly #growth = new JointLengthFit(randomStream(0, 'trace-fit-growth'));
  readonly #newText = new JointLengthFit(randomStream(0, 'trace-fit-text'));
  readonly #inputs = new ValueCounts();
  readonly #outputs = new ValueCounts();
  readonly #thinkTimes = new ValueCounts();
  readonly #blocks = new Blocks(BUFFER_BYTES);
  readonly #prefixes: PrefixFit;
  readonly #prefixKeys = new PrefixKeys();
  readonly #sessions = new SessionTurns();
  /** Of the second pass. */
  readonly #again = new SessionTurns();
  #sharing: Sharing | undefined;
  #rows = 0;
  #firstTurns = 0;
  #laterTurns = 0;
  #grown = 0;
  #delays = 0;
  #blockCount = 0;
  #hits = 0;

  constructor(path: string, blockSize: number) {
    this.#path = path;
    this.#blockSize = blockSize;
    this.#prefixes = new PrefixFit(blockSize);
  }

  /** The first pass. */
  read(row: TimedRow): void {
    const input = this.#lengthOf(row);
    const later = this.#sessions.next(row, input);
    this.#rows++;
    this.#inputs.add(input);
    if (row.outputLength !== undefined) this.#outputs.add(row.outputLength);
    if (row.timestampMs !== undefined) this.#requests.add(row.timeMs);
    this.#blocks.add(row.hashIds);
    if (later === undefined) {
      this.#firstTurns++;
      this.#arrivals.add(row.timeMs);
      this.#first.add(input, row.outputLength);
      return;
    }
    this.#laterTurns++;
    if (input >= later.previousInput) this.#grown++;
    if (row.timestampMs === undefined) this.#delays++;
    this.#thinkTimes.add(later.thinkMs ?? 0);
    this.#growth.add(input - later.previousInput, row.outputLength);
    this.#newText.add(input, row.outputLength);
  }

  /** Between the passes. */
  begin(): void {
    if (!(this.#arrivals.durationMs > 0)) {
      throw new UserError(
        `${this.#path} has no rate: ${this.#rows === 0 ? 'it holds no rows' : 'all its sessions start at the same time'}`,
        'fit a trace with at least two times',
      );
    }
    this.#sharing = new Sharing(this.#blocks.repeats(), BUFFER_BYTES);
  }

  /** The second pass. */
  readAgain(row: TimedRow): void {
    const input = this.#lengthOf(row);
    const later = this.#again.next(row, input);
    if (later === undefined) {
      this.#arrivals.addGap(row.timeMs);
      this.#first.addRanks(input, row.outputLength);
    } else {
      this.#growth.addRanks(input - later.previousInput, row.outputLength);
      this.#newText.addRanks(input, row.outputLength);
    }
    const prefixes = this.#prefixKeys.of(row.hashIds);
    const hits = this.#sharing?.add(row.hashIds, prefixes).leadingIds ?? 0;
    this.#blockCount += row.hashIds.length;
    this.#hits += hits;
    this.#prefixes.add({
      hashIds: row.hashIds,
      prefixes,
      hits,
      inputLength: input,
      previousBlocks: later?.previousBlocks,
    });
  }

  result(): TraceModel {
    const arrivals = this.#arrivals.result();
    const first = this.#first.result();
    const inputs = summaryOf(this.#inputs);
    if (arrivals === undefined || first === undefined || inputs === null) {
      throw new UserError(`${this.#path} has fewer than two sessions`, 'fit a longer trace');
    }
    const { perSecond, durationMs, cv } = this.#requests;
    return {
      format: 'aiperf-trace-model',
      version: 1,
      source: {
        requests: this.#rows,
        duration_sec: durationMs / 1000,
        requests_per_sec: perSecond ?? 0,
        inter_arrival_cv: cv ?? null,
        input_length: inputs,
        output_length: summaryOf(this.#outputs),
        turns_per_session: this.#rows / this.#firstTurns,
        block_hit_rate: this.#blockCount === 0 ? null : this.#hits / this.#blockCount,
      },
      arrivals,
      first_turn: first,
      sessions: this.#sessionModel(),
      prefixes: this.#prefixes.result(),
    };
  }

  close(): void {
    this.#blocks.close();
    this.#sharing?.close();
  }

  #sessionModel(): SessionModel | null {
    const isWhole = this.#grown >= WHOLE_SHARE * this.#laterTurns;
    const later = (isWhole ? this.#growth : this.#newText).result();
    const think = this.#thinkTimes.distribution();
    const counts = new ValueCounts();
    for (const count of this.#sessions.turnCounts()) counts.add(count);
    const turns = counts.distribution();
    if (later === undefined || think === undefined || turns === undefined) return null;
    return {
      turns: [...tableOf(turns)],
      think_ms: [...tableOf(think)],
      timing: this.#delays > this.#laterTurns / 2 ? 'delay' : 'timestamp',
      prompts: isWhole ? 'whole' : 'new_text',
      later_turn: later,
    };
  }

  #lengthOf({ inputLength, hashIds, line }: TimedRow): number {
    if (inputLength === undefined) {
      throw lineError(
        this.#path,
        line,
        'the row has no input_length',
        'a model needs the length of every prompt: aiperf trace convert FILE trace.jsonl --tokenizer builtin counts texts',
      );
    }
    const needed = (hashIds.length - 1) * this.#blockSize;
    if (hashIds.length > 0 && inputLength <= needed) {
      throw lineError(
        this.#path,
        line,
        `input_length ${inputLength} does not fit ${hashIds.length} hash_ids of ${this.#blockSize} tokens, which need more than ${needed}`,
        'set the tokens per hash id with --block-size',
      );
    }
    return inputLength;
  }
}

function summaryOf(counts: ValueCounts): LengthSummary | null {
  const statistics = counts.statistics();
  if (statistics === undefined) return null;
  const { mean, median, p90, p99 } = statistics;
  return { mean, p50: median, p90, p99 };
}
