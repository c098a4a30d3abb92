import { randomBytes } from 'node:crypto';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import type { Tokenizer, TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { LineFile } from '../export/line-file.js';
import { rawLine } from '../export/raw-jsonl.js';
import type { RecordContext } from '../export/record-metadata.js';
import { recordLine } from '../export/records-jsonl.js';
import { type SendStats, SendStatsCollector } from '../fidelity/send-stats.js';
import { type LiveSummary, MetricStore, type RunSummary } from '../metrics/compute.js';
import { type CountText, tokenCounter } from '../records/count-tokens.js';
import {
  type CountedRecord,
  type PhaseName,
  type RequestRecord,
  withoutResponse,
} from '../records/record.js';
import { messageOf } from '../util/errors.js';
import type { CollectPlan } from './collector.js';

/** Results by phase. */
export interface PhaseSummaries {
  readonly profiling: RunSummary;
  readonly warmup: RunSummary | undefined;
  /** Of profiling. */
  readonly sends: SendStats;
}

/** Files that a record is written to. */
interface Wanted {
  readonly line: boolean;
  readonly raw: boolean;
}

const everyFile: Wanted = { line: true, raw: true };

export interface ProcessorOptions {
  /** A file can no longer be written. */
  readonly onTrouble: (message: string) => void;
  /** Go on with the files that are there. */
  readonly append?: boolean;
}

/** Makes what a run keeps of a finished record: its tokens are counted, its metrics computed, its lines written. */
export class RecordProcessor {
  readonly #plan: CollectPlan;
  readonly #profiling: MetricStore;
  readonly #warmup: MetricStore | undefined;
  readonly #prewarm: MetricStore;
  readonly #sends = new SendStatsCollector();
  readonly #countTokens: (record: RequestRecord) => CountedRecord;
  readonly #files: Readonly<Record<PhaseName | 'raw', LineFile>>;
  readonly #contexts: Readonly<Record<PhaseName, RecordContext>>;

  constructor(plan: CollectPlan, { onTrouble, append = false }: ProcessorOptions) {
    const newStore = (traits = plan.traits) => new MetricStore(traits, plan.thresholds, plan.origin);
    this.#plan = plan;
    this.#profiling = newStore();
    this.#warmup = plan.hasWarmup ? newStore({ ...plan.traits, fixedSchedule: false }) : undefined;
    this.#prewarm = newStore();
    this.#countTokens = tokenCounter(
      plan.tokenizers === undefined ? undefined : lazyCounter(plan.tokenizers),
    );
    const openFile = (path: string | undefined) => new LineFile(path, onTrouble, append);
    this.#files = {
      profiling: openFile(plan.recordsFile),
      warmup: openFile(plan.warmupFile),
      raw: openFile(plan.rawFile),
    };
    const recordProcessorId = `record_processor_${randomBytes(4).toString('hex')}`;
    const contextOf = (phaseIndex: number) => ({ origin: plan.origin, recordProcessorId, phaseIndex });
    this.#contexts = { warmup: contextOf(0), profiling: contextOf(plan.hasWarmup ? 1 : 0) };
  }

  /** @param wanted absent: in every file that the run has. */
  add(finished: RequestRecord, wanted = everyFile): void {
    const counted = this.#count(finished);
    const { record } = counted;
    const { phase } = record;
    const context = this.#contexts[phase];
    if (phase === 'profiling') this.#sends.add(record);
    const store = phase === 'profiling' ? this.#profiling : this.#warmup;
    const metrics = store?.add(counted) ?? [];
    const file = this.#files[phase];
    if (wanted.line && file.isOpen) file.add(recordLine(record, metrics, context));
    if (wanted.raw && this.#plan.rawFile !== undefined) this.#files.raw.add(rawLine(record, context));
  }

  /** Takes a made-up record through the same code; nothing of it is kept. */
  prewarm(record: RequestRecord): void {
    recordLine(record, this.#prewarm.add(this.#count(record)), this.#contexts[record.phase]);
  }

  /** What was added is in the files when this returns. */
  flush(): void {
    for (const file of Object.values(this.#files)) file.flush();
  }

  close(): void {
    for (const file of Object.values(this.#files)) file.close();
  }

  live(): Readonly<Record<PhaseName, LiveSummary | undefined>> {
    return { profiling: this.#profiling.live(), warmup: this.#warmup?.live() };
  }

  summaries(): PhaseSummaries {
    return {
      profiling: this.#profiling.summary(this.#plan.sliceNs),
      warmup: this.#warmup?.summary(),
      sends: this.#sends.tally,
    };
  }

  /** Counts tokens; a record whose texts no tokenizer can count has failed. */
  #count(record: RequestRecord): CountedRecord {
    try {
      return this.#countTokens(record);
    } catch (thrown) {
      const failed = withoutResponse(record, `its tokens could not be counted (${messageOf(thrown)})`);
      return { record: failed, tokens: { input: undefined, output: undefined, reasoning: undefined } };
    }
  }
}

/** Opens a model's tokenizer at its first text. */
function lazyCounter(sources: ReadonlyMap<string, TokenizerSource>): CountText {
  const opened = new Map<string, Tokenizer>();
  return (text, model) => {
    let tokenizer = opened.get(model);
    if (tokenizer === undefined) {
      const source = sources.get(model) ?? sources.values().next().value;
      if (source === undefined) throw new Error('a run that counts tokens has no tokenizer');
      tokenizer = openTokenizer(source);
      opened.set(model, tokenizer);
    }
    return tokenizer.count(text);
  };
}
