/** A sample of a family: its labels as text, without `{}`, and its value. */
export type Sample = readonly [labels: string, value: number];

export type FamilyKind = 'counter' | 'gauge' | 'histogram';

/** A page in Prometheus text format, as Python's client writes it: floats, and `_created` gauges of counters. */
export class ExpositionPage {
  readonly #createdSeconds: number;
  #text = '';

  /** @param createdSeconds when all counters began, seconds since 1970. */
  constructor(createdSeconds: number) {
    this.#createdSeconds = createdSeconds;
  }

  get text(): string {
    return this.#text;
  }

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    this.#announce(name, 'gauge', help);
    this.#lines(name, samples);
  }

  /** @param name without `_total`. */
  counter(name: string, help: string, samples: readonly Sample[]): void {
    this.#announce(`${name}_total`, 'counter', help);
    this.#lines(`${name}_total`, samples);
    this.#created(
      name,
      help,
      samples.map(([labels]) => labels),
    );
  }

  /** @param labels of every line, sorted; those before `le` in the alphabet and those after it. */
  histogram(name: string, help: string, [before, after]: readonly [string, string], data: Histogram): void {
    this.#announce(name, 'histogram', help);
    const labels = labelList(before, after);
    const start = `${name}_bucket{${before === '' ? '' : `${before},`}le="`;
    const end = after === '' ? '"}' : `",${after}}`;
    let total = 0;
    for (const [le, count] of data.buckets()) {
      total += count;
      this.#text += `${start}${le}${end} ${decimal(total)}\n`;
    }
    this.#lines(`${name}_count`, [[labels, total]]);
    this.#lines(`${name}_sum`, [[labels, data.sum]]);
    this.#created(name, help, [labels]);
  }

  #created(name: string, help: string, labels: readonly string[]): void {
    this.#announce(`${name}_created`, 'gauge', help);
    this.#lines(
      `${name}_created`,
      labels.map((each) => [each, this.#createdSeconds]),
    );
  }

  #announce(name: string, kind: FamilyKind, help: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
  }

  #lines(name: string, samples: readonly Sample[]): void {
    for (const [labels, value] of samples) {
      this.#text += labels === '' ? `${name} ${decimal(value)}\n` : `${name}{${labels}} ${decimal(value)}\n`;
    }
  }
}

/** Observations in buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Bounds as texts, with `+Inf`. */
  readonly #texts: readonly string[];
  /** Counts per bucket, not cumulative; the last is above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper bounds, ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#texts = [...bounds.map(decimal), '+Inf'];
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get sum(): number {
    return this.#sum;
  }

  add(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** Each bucket's upper bound as text, and its own count. */
  *buckets(): Iterable<readonly [le: string, count: number]> {
    for (const [bucket, text] of this.#texts.entries()) yield [text, this.#counts[bucket] ?? 0];
  }
}

/** Joins labels; empty ones are left out. */
export function labelList(...labels: readonly string[]): string {
  return labels.filter((each) => each !== '').join(',');
}

/** Formats floats like Prometheus' Python client: 3 is `3.0`. */
function decimal(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value);
}
