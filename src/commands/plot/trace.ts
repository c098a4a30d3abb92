import type { Lengths } from '../../charts/lengths-chart.js';
import type { TraceSource } from '../../charts/trace-charts.js';
import { traceFigures } from '../../trace/figures.js';
import { readTrace } from '../../trace/read-trace.js';
import { UserError } from '../../util/errors.js';

/** Lengths and figures of a trace. @throws UserError for a malformed row, or if no row has a length. */
export async function readTraceSource(file: string): Promise<TraceSource> {
  const { lengths, isComplete } = await readTraceLengths(file);
  if (!isComplete) return { lengths, figures: undefined };
  return { lengths, figures: await traceFigures(file, { blockSize: 1, cacheBlocks: undefined }) };
}

async function readTraceLengths(file: string): Promise<{ lengths: Lengths; isComplete: boolean }> {
  const input: number[] = [];
  const output: number[] = [];
  let rows = 0;
  for await (const { inputLength, outputLength } of readTrace(file)) {
    rows++;
    if (inputLength !== undefined) input.push(inputLength);
    if (outputLength !== undefined) output.push(outputLength);
  }
  if (input.length + output.length === 0) {
    throw new UserError(`${file} has no row with an input_length or an output_length: nothing to draw.`);
  }
  const lengths = { input: Float64Array.from(input).sort(), output: Float64Array.from(output).sort() };
  return { lengths, isComplete: input.length === rows };
}
