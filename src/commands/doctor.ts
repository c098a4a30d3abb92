import { environment } from '../config/environment.js';
import type { OptionTable } from '../config/option.js';
import { choice, flag } from '../config/option-kinds.js';
import { readRoof, roofFile, roofJson, thisMachine, writeRoof } from '../fidelity/roof.js';
import { layoutOn } from '../report/layout.js';
import { epochMs } from '../util/clock.js';
import type { Io } from '../util/io.js';
import { prettyJson } from '../util/python-json.js';
import type { Command, Invocation } from './command.js';
import { checkMachine, thisProcess } from './doctor/checks.js';
import { checksReport, roofReport } from './doctor/reports.js';

/** Options of `aiperf doctor`. */
const doctorOptions = {
  roof: flag({
    flags: ['--roof'],
    group: 'Checks',
    help: 'Measure the client limit of this machine (20 s) and store it: later runs report how far they stay below it.',
  }),
  format: choice(['table', 'json'], {
    flags: ['--format'],
    group: 'Checks',
    default: 'table',
    help: 'How to print the result.',
  }),
  consoleExportWidth: environment.consoleExportWidth,
} satisfies OptionTable;

/** `aiperf doctor`: checks this machine as a load client, or measures its limit. */
export const command: Command<typeof doctorOptions> = { options: doctorOptions, run };

async function run({ config }: Invocation<typeof doctorOptions>, io: Io): Promise<number> {
  const layout = layoutOn(io.stdout, config.consoleExportWidth, io.env);
  const checked = thisProcess(io.env);
  if (config.roof) {
    const { measureRoof, roofPlan } = await import('./doctor/measure-roof.js');
    const { roofOf } = await import('./doctor/roof-figures.js');
    io.stderr.write('Measuring for about 20 s: keep this machine idle.\n');
    const plan = roofPlan(checked.root, io.nowMs);
    const figures = await measureRoof(plan);
    const measuredAt = new Date(epochMs()).toISOString();
    const roof = { machine: thisMachine(), measuredAt, ...roofOf(figures) };
    const file = roofFile(io.env);
    const errors = writeRoof(file, roof);
    io.stdout.write(
      config.format === 'json'
        ? `${roofJson(roof)}\n`
        : roofReport(
            roof,
            figures,
            { threads: plan.threads, file: errors.length === 0 ? file : undefined },
            layout,
          ),
    );
    for (const error of errors) io.stderr.write(`${error}\n`);
    return errors.length === 0 ? 0 : 1;
  }
  const checks = checkMachine(checked);
  const roof = readRoof(roofFile(io.env));
  io.stdout.write(
    config.format === 'json'
      ? `${prettyJson({ checks: checks.map((check) => ({ ...check })) })}\n`
      : checksReport(checks, roof, layout),
  );
  return checks.some(({ status }) => status === 'error') ? 1 : 0;
}
