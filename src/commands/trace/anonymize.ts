import { resolve } from 'node:path';
import type { OptionTable } from '../../config/option.js';
import { choice, paths } from '../../config/option-kinds.js';
import { writeLines } from '../../trace/write-lines.js';
import { type LogCounts, logFormats, readLogs } from '../../traffic/logs/read-logs.js';
import { emptySize, traceRows } from '../../traffic/trace-rows.js';
import { TrafficLog } from '../../traffic/traffic-log.js';
import { counted } from '../../util/counted.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { trafficOptions, trafficTokenizer, writtenTrace } from './traffic.js';

const anonymizeOptions = {
  logs: paths({
    argument: 'logs',
    group: 'Trace',
    required: true,
    missing: 'name logs and the file to write, e.g. aiperf trace anonymize requests.jsonl -o trace.jsonl',
    help: 'Logs of requests and their answers, merged by time; may be .gz.',
  }),
  from: choice(logFormats, {
    flags: ['--from'],
    group: 'Trace',
    defaultText: 'detected for each row',
    help: 'Format of the logs.',
  }),
  ...trafficOptions,
} satisfies OptionTable;

/** `aiperf trace anonymize`: makes a trace without text from logs of requests. */
export const command: Command<typeof anonymizeOptions> = { options: anonymizeOptions, run };

async function run({ config }: Invocation<typeof anonymizeOptions>, io: Io): Promise<number> {
  const { logs, output, from, blockSize } = config;
  if (logs.some((log) => resolve(log) === resolve(output))) {
    throw new UserError(`--output ${output} would overwrite a log`, 'name another file to write');
  }
  const log = new TrafficLog(await trafficTokenizer(config, io), blockSize);
  try {
    const counts = await readLogs(logs, from, log);
    const size = emptySize();
    await writeLines(output, traceRows(log, config, size), ...logs);
    const lines = [...writtenTrace(config, size, log), ...skipped(counts)];
    lines.push(`See what it reveals with: aiperf trace check-privacy ${oneLine(output)}`);
    io.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    log.facts.close();
  }
  return 0;
}

function skipped({ formats, failed, other, unreadable, firstUnreadable, promptless }: LogCounts): string[] {
  const lines = [`Format of the logs: ${[...formats].join(', ')}.`];
  if (failed > 0) lines.push(`Skipped ${counted(failed, 'failed request')}.`);
  if (other > 0) lines.push(`Skipped ${counted(other, 'row')} of other APIs.`);
  if (promptless > 0) lines.push(`Skipped ${counted(promptless, 'request')} without a prompt in the log.`);
  if (firstUnreadable !== undefined) {
    const { path, line } = firstUnreadable;
    lines.push(`Skipped ${counted(unreadable, 'unreadable row')}, the first at ${oneLine(path)}:${line}.`);
  }
  return lines;
}
