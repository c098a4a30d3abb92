import type { Lengths } from '../../charts/lengths-chart.js';
import { readTrace } from '../../trace/rows.js';
import { UserError } from '../../util/errors.js';

/** Input and output lengths of a Mooncake trace. @throws UserError for a malformed row, or if there is none. */
export async function readTraceLengths(file: string): Promise<Lengths> {
  const input: number[] = [];
  const output: number[] = [];
  for await (const { inputLength, outputLength } of readTrace(file)) {
    if (inputLength !== undefined) input.push(inputLength);
    if (outputLength !== undefined) output.push(outputLength);
  }
  if (input.length + output.length === 0) {
    throw new UserError(`${file} has no row with an input_length or an output_length: nothing to draw.`);
  }
  return { input: Float64Array.from(input).sort(), output: Float64Array.from(output).sort() };
}
