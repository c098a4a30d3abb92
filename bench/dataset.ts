import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { largeFormats, writeLargeFile } from './measure/large-files.js';
import { packageFolder } from './measure/machine.js';
import { argument, quick, rounds } from './measure/options.js';
import { type OwnRun, runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startCannedServer, startMockServer, withFolder } from './measure/servers.js';
import { readTokenLog } from './measure/stamps.js';

// What datasets cost: all requests sent to a server that answers at once, with and without writing inputs.json; and files
// that are streamed. `--large` measures these alone, `--only CSV` those with it in their name, `--gigabytes 1` at that size.

const report = openReport('dataset');
const traces = join(packageFolder, '..', 'shared', 'data', 'mooncake');

if (!process.argv.includes('--large')) await measureSmall();
await measureLargeFiles();
report.finish();

async function measureSmall(): Promise<void> {
  for (const inputs of ['never', 'always'] as const) {
    await measure(
      '1 synthetic prompt of 1,000 tokens',
      ['--isl', '1000', '--num-dataset-entries', '1', '--request-count', '1'],
      inputs,
    );
    await measure(
      '1,000 synthetic prompts of 1,000 tokens',
      ['--isl', '1000', '--num-dataset-entries', '1000', '--request-count', '1000', '--concurrency', '64'],
      inputs,
    );
  }
  const trace = conversationTrace();
  if (trace === undefined) {
    report.note('The Mooncake conversation trace is not here (../shared/data/mooncake): left out.');
  } else {
    const entries = readFileSync(trace, 'utf8').trim().split('\n').length;
    const count = quick ? ['--request-count', '100'] : [];
    const args = [
      '--input-file',
      trace,
      '--custom-dataset-type',
      'mooncake_trace',
      '--concurrency',
      '64',
      ...count,
    ];
    for (const inputs of ['never', 'always'] as const)
      await measure(`Mooncake conversation trace, ${entries} entries`, args, inputs);
  }
}

async function measure(name: string, args: readonly string[], inputs: 'never' | 'always'): Promise<void> {
  const server = await startCannedServer(0, 1);
  const runs: OwnRun[] = [];
  let inputsMb = 0;
  for (let round = 0; round < (name.startsWith('Mooncake') ? 1 : rounds); round++) {
    await withFolder(async (folder) => {
      const stays = name.startsWith('Mooncake') ? ['--export-level', 'summary'] : [];
      runs.push(await runOurs(server.url, folder, [...args, ...stays, '--export-inputs', inputs]));
      const file = join(folder, 'inputs.json');
      inputsMb = existsSync(file) ? statSync(file).size / 2 ** 20 : 0;
    });
  }
  await server.stop();
  const of = (pick: (run: OwnRun) => number) => median(runs.map(pick));
  report.add('a dataset sent whole', {
    dataset: name,
    'inputs.json': inputs === 'always' ? `${inputsMb.toFixed(1)} MB` : 'not written',
    requests: of((run) => run.requests),
    'whole command, s': of((run) => run.wallSeconds),
    'sending, s': of((run) => run.durationSeconds),
    'before and after, s': of((run) => run.wallSeconds - run.durationSeconds),
    'CPU, s': of((run) => run.cpuSeconds),
    'peak MB': of((run) => run.population.peakMb),
  });
}

/** Files that are streamed: how long until the first request, and how much memory, whatever their size. */
async function measureLargeFiles(): Promise<void> {
  const only = argument('--only') ?? '';
  const sizes = argument('--gigabytes')?.split(',').map(Number) ?? (quick ? [0.3] : [1, 10]);
  for (const format of largeFormats.filter(({ name }) => name.includes(only))) {
    for (const gigabytes of sizes) {
      await withFolder(async (folder) => {
        const path = join(folder, `rows${format.ending}`);
        report.say(`writing ${gigabytes} GB of ${format.name}`);
        await writeLargeFile(path, format, gigabytes * 1e9);
        const tokens = join(folder, 'tokens.jsonl');
        const server = await startMockServer(['--ttft', '0', '--itl', '0', '--token-log', tokens]);
        const file = ['--input-file', path, '--custom-dataset-type', format.type, '--request-count', '200'];
        const run = await runOurs(server.url, join(folder, 'run'), [...file, ...format.args]);
        await server.stop();
        const first = Math.min(...[...readTokenLog(tokens).values()].map(({ receivedNs }) => receivedNs));
        report.add('200 requests of a streamed file', {
          ...{ format: format.name, 'size, GB': gigabytes },
          'command to first request seen by the server, s': (first - run.startedNs) / 1e9,
          'whole command, s': run.wallSeconds,
          'peak MB': run.population.peakMb,
        });
      });
    }
  }
}

function conversationTrace(): string | undefined {
  if (!existsSync(traces)) return undefined;
  const name = readdirSync(traces).find((file) => file.includes('conversation') && file.endsWith('.jsonl'));
  return name === undefined ? undefined : join(traces, name);
}
