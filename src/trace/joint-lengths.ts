import type { Random } from '../util/random.js';
import type { Distribution } from './distribution.js';
import { CELLS, type JointLengths } from './model.js';
import { tableOf, tableQuantile } from './quantile-table.js';
import { ValueCounts } from './value-counts.js';

/**
 * Fits two lengths that go together in two passes: their distributions, then an empirical copula, i.e. the counts of
 * pairs of ranks (Sklar 1959). Equal values are spread over their ranks at random.
 */
export class JointLengthFit {
  readonly #input = new ValueCounts();
  readonly #output = new ValueCounts();
  readonly #cells = new Float64Array(CELLS * CELLS);
  readonly #random: Random;
  #inputs: Distribution | undefined;
  #outputs: Distribution | undefined;
  #pairs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The first pass. */
  add(input: number, output: number | undefined): void {
    this.#input.add(input);
    if (output !== undefined) this.#output.add(output);
  }

  /** The second pass. */
  addRanks(input: number, output: number | undefined): void {
    this.#inputs ??= this.#input.distribution();
    this.#outputs ??= this.#output.distribution();
    if (output === undefined || this.#inputs === undefined || this.#outputs === undefined) return;
    const row = this.#cell(this.#input.shares(this.#inputs, input));
    const column = this.#cell(this.#output.shares(this.#outputs, output));
    this.#cells[row * CELLS + column] = (this.#cells[row * CELLS + column] ?? 0) + 1;
    this.#pairs++;
  }

  /** Undefined without values. */
  result(): JointLengths | undefined {
    const inputs = this.#input.distribution();
    const outputs = this.#output.distribution();
    if (inputs === undefined) return undefined;
    const even = 1 / CELLS ** 2;
    return {
      input: [...tableOf(inputs)],
      output: outputs === undefined ? null : [...tableOf(outputs)],
      cells: Array.from(this.#cells, (count) => (this.#pairs === 0 ? even : count / this.#pairs)),
    };
  }

  #cell({ below, upTo }: { readonly below: number; readonly upTo: number }): number {
    const rank = below + (upTo - below) * this.#random.uniform();
    return Math.min(CELLS - 1, Math.floor(rank * CELLS));
  }
}

/** Draws pairs of lengths; the output is undefined if the trace had none. */
export function jointLengthSource(
  { input, output, cells }: JointLengths,
  random: Random,
): () => { readonly input: number; readonly output: number | undefined } {
  let sum = 0;
  const ends = cells.map((weight) => {
    sum += weight;
    return sum;
  });
  return () => {
    const at = random.uniform() * sum;
    const found = ends.findIndex((end) => end > at);
    const cell = found === -1 ? ends.length - 1 : found;
    const rank = (index: number) => (index + random.uniform()) / CELLS;
    const inputRank = rank(Math.floor(cell / CELLS));
    const outputRank = rank(cell % CELLS);
    return {
      input: Math.round(tableQuantile(input, inputRank)),
      output: output === null ? undefined : Math.round(tableQuantile(output, outputRank)),
    };
  };
}
