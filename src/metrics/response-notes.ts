import type { CountedRecord } from '../records/record.js';
import type { RequestFacts, RunTraits } from './metric.js';
import { type LengthCause, lengthCause } from './output-length.js';
import { decodeDuration, outputSequenceLength } from './request-metrics.js';

/** A field of responses that looks like content and was not read. */
export interface UnreadField {
  /** Its path within the message, e.g. `content[].video`. */
  readonly path: string;
  /** Response units that hold it. */
  readonly units: number;
  readonly requests: number;
}

/** What responses showed besides metrics. */
export interface ResponseNotes {
  /** Successful requests whose usage has no completion tokens, where counts are the server's; 0 in other runs. */
  readonly withoutUsage: number;
  /** The most frequent first. */
  readonly unread: readonly UnreadField[];
  /** Successful requests whose output of several tokens came at one time, although a stream was asked for. */
  readonly notStreamed: number;
  /** Requests by why their output has another length than requested; those whose length fits are left out. */
  readonly lengthCauses: Readonly<Partial<Record<LengthCause, number>>>;
}

// A server may use other field names in every response.
const MOST_FIELDS = 100;

/** Takes the requests of one phase one by one. */
export class ResponseTally {
  readonly #traits: Pick<RunTraits, 'serverTokenCounts' | 'streaming'>;
  readonly #unread = new Map<string, { units: number; requests: number }>();
  readonly #lengthCauses: Partial<Record<LengthCause, number>> = {};
  #withoutUsage = 0;
  #notStreamed = 0;

  constructor(traits: Pick<RunTraits, 'serverTokenCounts' | 'streaming'>) {
    this.#traits = traits;
  }

  get notes(): ResponseNotes {
    return {
      withoutUsage: this.#withoutUsage,
      unread: [...this.#unread]
        .map(([path, counts]) => ({ path, ...counts }))
        .sort((a, b) => b.units - a.units),
      notStreamed: this.#notStreamed,
      lengthCauses: { ...this.#lengthCauses },
    };
  }

  /** Takes facts that only the response has. */
  addResponse({ record: { unread }, tokens }: CountedRecord, failed: boolean): void {
    if (this.#traits.serverTokenCounts && !failed && tokens.output === undefined) this.#withoutUsage++;
    if (unread === undefined) return;
    for (const [path, units] of Object.entries(unread)) {
      const counts = this.#unread.get(path) ?? { units: 0, requests: 0 };
      if (counts.requests === 0 && this.#unread.size >= MOST_FIELDS) continue;
      this.#unread.set(path, { units: counts.units + units, requests: counts.requests + 1 });
    }
  }

  /** Takes the lengths of a valid request. */
  addLength(facts: RequestFacts): void {
    const isOnePiece = this.#traits.streaming && facts.value(decodeDuration) === 0;
    if (isOnePiece && (facts.value(outputSequenceLength) ?? 0) > 1) this.#notStreamed++;
    const cause = lengthCause(facts);
    if (cause !== undefined) this.#lengthCauses[cause] = (this.#lengthCauses[cause] ?? 0) + 1;
  }
}
