import { ValueCounts, type ValueStatistics } from '../value-counts.js';
import type { WrittenSession } from './rows.js';
import type { SessionEnd } from './sessions.js';
import type { AgenticSettings } from './settings.js';

/** What was asked for, and what came. */
export interface QualityFigure {
  readonly name: QualityName;
  readonly target: { readonly mean: number; readonly median: number } | undefined;
  /** Undefined without values. */
  readonly observed: ValueStatistics | undefined;
}

const qualityNames = [
  'initial_context',
  'new_tokens_per_turn',
  'generation_length',
  'inter_turn_delay_ms',
  'turns_per_session',
] as const;
type QualityName = (typeof qualityNames)[number];

/** Figures of a synthesized data set against its settings. */
export interface Quality {
  readonly sessions: number;
  readonly turns: number;
  readonly figures: readonly QualityFigure[];
  readonly ends: Readonly<Record<SessionEnd, number>>;
  /** Context of the last turn as a fraction of the limit. */
  readonly lastContext: ValueStatistics | undefined;
  /** From the first request to the last answer, minutes, at `PREFILL_RATE` and `DECODE_RATE`. */
  readonly durationMinutes: ValueStatistics | undefined;
  /** Tokens that a prefix cache which never forgets would find, as a fraction of all that is sent. */
  readonly cachedShare: number;
}

/** Tokens per second for the estimated duration of a session. */
export const PREFILL_RATE = 20_000;
export const DECODE_RATE = 60;

/** Collects the figures session by session, in bounded memory. */
export class QualityCounts {
  readonly #settings: AgenticSettings;
  readonly #counts = Object.fromEntries(qualityNames.map((name) => [name, new ValueCounts()])) as Record<
    QualityName,
    ValueCounts
  >;
  readonly #lastContext = new ValueCounts();
  readonly #minutes = new ValueCounts();
  readonly #ends = { context: 0, reset: 0, turns: 0, restart: 0 };
  #sessions = 0;
  #turns = 0;
  #sentTokens = 0;
  #cachedTokens = 0;

  constructor(settings: AgenticSettings) {
    this.#settings = settings;
  }

  add({ turns, end, sharedTokens }: WrittenSession): void {
    const counts = this.#counts;
    let ms = 0;
    let known = sharedTokens;
    for (const [place, { contextTokens, newTokens, outputTokens, delayMs }] of turns.entries()) {
      if (place === 0) counts.initial_context.add(contextTokens);
      else {
        counts.new_tokens_per_turn.add(newTokens);
        counts.inter_turn_delay_ms.add(delayMs);
      }
      counts.generation_length.add(outputTokens);
      ms += delayMs + 1000 * (newTokens / PREFILL_RATE + outputTokens / DECODE_RATE);
      this.#sentTokens += contextTokens;
      this.#cachedTokens += Math.min(known, contextTokens);
      known = contextTokens + outputTokens;
    }
    counts.turns_per_session.add(turns.length);
    this.#lastContext.add((turns.at(-1)?.contextTokens ?? 0) / this.#settings.maxPromptTokens);
    this.#minutes.add(ms / 60_000);
    this.#ends[end]++;
    this.#sessions++;
    this.#turns += turns.length;
  }

  quality(): Quality {
    const targets = targetsOf(this.#settings);
    return {
      sessions: this.#sessions,
      turns: this.#turns,
      figures: qualityNames.map((name) => ({
        name,
        target: targets[name],
        observed: this.#counts[name].statistics(),
      })),
      ends: this.#ends,
      lastContext: this.#lastContext.statistics(),
      durationMinutes: this.#minutes.statistics(),
      cachedShare: this.#sentTokens === 0 ? 0 : this.#cachedTokens / this.#sentTokens,
    };
  }
}

function targetsOf(settings: AgenticSettings): Partial<Record<QualityName, QualityFigure['target']>> {
  const { systemTokens, groupTokens, sessionTokens, newTokens, generation, turns } = settings;
  const shared = systemTokens + groupTokens;
  const both = ({ mean, median }: { readonly mean: number; readonly median: number }) => ({ mean, median });
  return {
    initial_context: { mean: shared + sessionTokens.mean, median: shared + sessionTokens.median },
    new_tokens_per_turn: both(newTokens),
    generation_length: both(generation),
    turns_per_session: turns && both(turns),
  };
}
