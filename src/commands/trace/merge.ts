import type { Findings } from '../../config/load.js';
import type { ConfigOf, OptionTable } from '../../config/option.js';
import { choice, flag, path, paths } from '../../config/option-kinds.js';
import { withCommas } from '../../metrics/format.js';
import { mergeTraces } from '../../trace/merge.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';

const mergeOptions = {
  files: paths({
    argument: 'file',
    group: 'Trace',
    required: true,
    missing: 'name the traces to merge, e.g. aiperf trace merge a.jsonl b.jsonl --output both.jsonl',
    help: 'Traces, each sorted by time; may be .gz.',
  }),
  output: path({
    flags: ['--output', '-o'],
    group: 'Trace',
    required: true,
    missing: 'name the file to write',
    help: 'File to write; may be .gz.',
  }),
  align: choice(['start', 'absolute'], {
    flags: ['--align'],
    group: 'Trace',
    default: 'start',
    help: 'Start every trace at 0, or keep timestamps as they are.',
  }),
  sameIds: flag({
    flags: ['--same-ids'],
    group: 'Trace',
    help: 'Keep hash and session ids: equal ids of different files mean the same block or session, as in parts of one trace. Otherwise they are renumbered.',
  }),
} satisfies OptionTable;

/** `aiperf trace merge`: merges traces by time. */
export const command: Command<typeof mergeOptions> = { options: mergeOptions, check, run };

function check({ config }: { readonly config: ConfigOf<typeof mergeOptions> }): Findings {
  const isOne = config.files?.length === 1;
  return { errors: isOne ? ['<file> must be at least two traces, got one.'] : [], warnings: [] };
}

async function run({ config }: Invocation<typeof mergeOptions>, io: Io): Promise<number> {
  const { files, output, align, sameIds } = config;
  const { rows, durationMs } = await mergeTraces(files, output, { align, sameIds });
  io.stdout.write(
    `Wrote ${withThousands(rows)} rows of ${files.length} traces to ${oneLine(output)}, ${withCommas(durationMs / 1000)} s long.\n`,
  );
  return 0;
}
