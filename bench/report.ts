import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { chatArgs } from './measure/bodies.js';
import { argument, scaled } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { run } from './measure/process.js';
import { openReport } from './measure/report.js';
import { ourCli, startCannedServer, withFolder } from './measure/servers.js';

// What a million records cost to be summed up: `aiperf report` over a file of them, made from the records of a short run.

const report = openReport('report');
const records = scaled(1_000_000, 20_000);
/** Folder that the files are left in; they are removed without it. */
const kept = argument('--keep');

for (const tokens of [1, 16]) {
  await withFolder(async (temporary) => {
    const folder = join(kept ?? temporary, `${tokens}-tokens`);
    const streaming = tokens > 1;
    await manyRecords(folder, tokens, streaming);
    const name = streaming ? `streamed, ${tokens} tokens each` : 'not streamed';
    const gb = statSync(join(folder, 'profile_export.jsonl')).size / 2 ** 30;
    await measure(name, gb, 'report', [folder]);
    await measure(name, gb, 'report --slice-duration 10', [folder, '--slice-duration', '10']);
    await measure(name, gb, 'report --html', [folder, '--html', join(temporary, 'report.html')]);
    await measure(name, gb, 'report --percentiles 50,99.9', [folder, '--percentiles', '50,99.9']);
  });
}
report.finish();

async function measure(name: string, gb: number, command: string, args: readonly string[]): Promise<void> {
  const finished = await run([process.execPath, ourCli, 'report', ...args]);
  const { exitCode, stderr, wallSeconds, cpuSeconds, population } = finished;
  if (exitCode !== 0) throw new Error(`aiperf ${command} ended with ${exitCode}: ${stderr}`);
  report.add('summed up from the file', {
    records: name,
    count: records,
    'file, GB': gb,
    command,
    'wall, s': wallSeconds,
    'CPU, s': cpuSeconds,
    'peak MB': population.peakMb,
  });
}

/** Leaves a run of so many records in a folder: those of a short run over and over, each time later than the last. */
async function manyRecords(folder: string, tokens: number, streaming: boolean): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const server = await startCannedServer(streaming ? tokens : 0, 1, streaming ? 2 : 0);
  const short = Math.min(records, 20_000);
  await withFolder(async (run) => {
    const load = ['--concurrency', '64', '--request-count', String(short)];
    await runOurs(server.url, run, [...chatArgs(tokens, streaming), ...load]);
    copyFileSync(join(run, 'run_config.json'), join(folder, 'run_config.json'));
    const lines = readFileSync(join(run, 'profile_export.jsonl'), 'utf8').trimEnd().split('\n');
    const times = lines.map((line) => BigInt(/"request_start_ns":(\d+)/.exec(line)?.[1] ?? 0)).sort();
    const lastsNs = (times.at(-1) ?? 0n) - (times[0] ?? 0n) + 10_000_000n;
    const file = openSync(join(folder, 'profile_export.jsonl'), 'w');
    for (let round = 0; round * short < records; round++) {
      const laterNs = BigInt(round) * lastsNs;
      const later = (line: string) =>
        line.replace(/(_ns":)(\d{19})\b/g, (_, key: string, ns: string) => key + (BigInt(ns) + laterNs));
      writeSync(file, `${lines.map(later).join('\n')}\n`);
    }
    closeSync(file);
  });
  await server.stop();
}
