import { statSync } from 'node:fs';
import type { OptionTable } from '../../config/option.js';
import { text } from '../../config/option-kinds.js';
import { validateDataset } from '../../dataset/validate/validate.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';

const mooncakeOptions = {
  file: text({
    argument: 'file',
    flags: ['--input'],
    group: 'Dataset',
    metavar: '<file>',
    required: true,
    missing: 'name a trace, e.g. aiperf validate mooncake-trace trace.jsonl',
    help: 'Mooncake trace: one JSON object per line; may be .gz.',
  }),
} satisfies OptionTable;

/** `aiperf validate mooncake-trace`: AIPerf's command, with its words. */
export const command: Command<typeof mooncakeOptions> = { options: mooncakeOptions, run };

async function run({ config: { file } }: Invocation<typeof mooncakeOptions>, io: Io): Promise<number> {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    io.stdout.write(`Validation failed: ${oneLine(file)} is not a file.\n`);
    return 1;
  }
  const { checks } = await validateDataset(file, {
    datasetType: 'mooncake_trace',
    keepProblems: Number.POSITIVE_INFINITY,
  });
  const { problems, totals } = checks;
  if (problems.count === 0) {
    io.stdout.write(`Validation passed: ${totals.rows} rows are Mooncake-compatible.\n`);
    return 0;
  }
  const lines = problems.kept.map((problem) => `  Line ${problem.line}: ${oneLine(problem.text)}`);
  io.stdout.write(`Validation failed with ${problems.count} error(s):\n${lines.join('\n')}\n`);
  return 1;
}
