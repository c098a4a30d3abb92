import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { chatArgs } from './measure/bodies.js';
import { argument, scaled } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { run } from './measure/process.js';
import { openReport } from './measure/report.js';
import { ourCli, startCannedServer, withFolder } from './measure/servers.js';

// What it costs to merge a million records of 8 shards, made from the records of a short run.

const SHARDS = 8;
const report = openReport('merge');
const records = scaled(1_000_000, 20_000);
/** Folder that the files are left in; they are removed without it. */
const kept = argument('--keep');

for (const tokens of [1, 16]) {
  await withFolder(async (temporary) => {
    const folder = join(kept ?? temporary, `${tokens}-tokens`);
    const streaming = tokens > 1;
    const dirs = await shardFolders(folder, tokens, streaming);
    const bytes = dirs.reduce((sum, dir) => sum + statSync(join(dir, 'profile_export.jsonl')).size, 0);
    const whole = join(temporary, 'whole');
    const command = [process.execPath, ourCli, 'merge', ...dirs, '--artifact-dir', whole];
    const { exitCode, stderr, wallSeconds, cpuSeconds, population } = await run(command);
    if (exitCode !== 0) throw new Error(`aiperf merge ended with ${exitCode}: ${stderr}`);
    report.add('merged', {
      records: streaming ? `streamed, ${tokens} tokens each` : 'not streamed',
      count: records,
      shards: SHARDS,
      'files, GB': bytes / 2 ** 30,
      'wall, s': wallSeconds,
      'CPU, s': cpuSeconds,
      'peak MB': population.peakMb,
    });
  });
}
report.finish();

/** Leaves the folders of the shards: the records of a short run over and over, each time later than the last. */
async function shardFolders(folder: string, tokens: number, streaming: boolean): Promise<string[]> {
  const server = await startCannedServer(streaming ? tokens : 0, 1, streaming ? 2 : 0);
  const each = records / SHARDS;
  const short = Math.min(each, 20_000);
  const dirs = Array.from({ length: SHARDS }, (_, shard) => join(folder, `shard-${shard}`));
  await withFolder(async (own) => {
    const load = [
      '--concurrency',
      '64',
      '--request-count',
      String(short),
      '--random-seed',
      '1',
      '--shard',
      '0/1',
    ];
    await runOurs(server.url, own, [...chatArgs(tokens, streaming), ...load]);
    const config = JSON.parse(readFileSync(join(own, 'run_config.json'), 'utf8'));
    const summary = readFileSync(join(own, 'profile_export_aiperf.json'));
    const lines = readFileSync(join(own, 'profile_export.jsonl'), 'utf8').trimEnd().split('\n');
    const times = lines.map((line) => BigInt(/"request_start_ns":(\d+)/.exec(line)?.[1] ?? 0)).sort();
    const lastsNs = (times.at(-1) ?? 0n) - (times[0] ?? 0n) + 10_000_000n;
    for (const [shard, dir] of dirs.entries()) {
      mkdirSync(dir, { recursive: true });
      const { due_profiling: _, ...plan } = config.plan;
      const own = {
        ...config,
        shard: { ...config.shard, index: shard, count: SHARDS },
        plan: { ...plan, shards: SHARDS },
      };
      writeFileSync(join(dir, 'run_config.json'), JSON.stringify(own));
      writeFileSync(join(dir, 'profile_export_aiperf.json'), summary);
      const file = openSync(join(dir, 'profile_export.jsonl'), 'w');
      let number = shard;
      for (let round = 0; round * short < each; round++) {
        const laterNs = BigInt(round) * lastsNs + BigInt(shard) * 1000n;
        const later = (line: string) => {
          const text = line
            .replace(/(_ns":)(\d{19})\b/g, (_, key: string, ns: string) => key + (BigInt(ns) + laterNs))
            .replace(/"session_num":\d+/, `"session_num":${number}`)
            .replace(/"shard":\d+/, `"shard":${shard}`);
          number += SHARDS;
          return text;
        };
        writeSync(file, `${lines.map(later).join('\n')}\n`);
      }
      closeSync(file);
    }
  });
  await server.stop();
  return dirs;
}
