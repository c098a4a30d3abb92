import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startListener } from '../measure/listener.js';
import { startAgent, startNats } from '../measure/nats.js';
import { quick } from '../measure/options.js';
import { runOurCommand, runOurs } from '../measure/ours.js';
import type { Report } from '../measure/report.js';
import { withFolder } from '../measure/servers.js';

const SHARDS = 3;

/** The bodies that a server sees from three shards and from one machine, and the statistics of what was recorded. */
export async function sameResult(report: Report): Promise<void> {
  const bodies: string[] = [];
  const server = await startListener((body) => bodies.push(body));
  const nats = await startNats();
  const count = String(quick ? 300 : 3000);
  const shape = [
    '--isl-stddev',
    '6',
    '--osl-stddev',
    '3',
    '--num-dataset-entries',
    '100',
    '--random-seed',
    '7',
  ];
  const args = ['--isl', '40', '--osl', '10', ...shape, '--request-rate', '500', '--request-count', count];
  await withFolder(async (folder) => {
    const own = join(folder, 'three');
    const agents = Array.from({ length: SHARDS }, (_, shard) =>
      startAgent(nats, 'same', join(folder, `agent-${shard}`), { shard, isWatched: false }),
    );
    const cluster = ['--nats', nats.url, '--shards', String(SHARDS), '--run-id', 'same'];
    await runOurs(server.url, own, [...args, ...cluster], { core: 'any' });
    await Promise.all(agents);
    const three = bodies.splice(0).sort();
    await runOurs(server.url, join(folder, 'one'), args, { core: 'any' });
    const one = bodies.splice(0).sort();
    const differing = one.filter((body, i) => body !== three[i]).length + Math.abs(one.length - three.length);
    const merged = statisticsIn(own);
    const again = join(folder, 'again');
    cpSync(own, again, { recursive: true });
    dropShards(again);
    await runOurCommand(['report', again, '--rewrite']);
    const recomputed = statisticsIn(again);
    const names = [...new Set([...merged.keys(), ...recomputed.keys()])];
    report.add('three shards against one machine', {
      'requests of one': one.length,
      'of three': three.length,
      'bodies that differ': differing,
      'statistics of the merge': merged.size,
      'that differ from those of one file with the same records': names.filter(
        (name) => merged.get(name) !== recomputed.get(name),
      ).length,
    });
  });
  await nats.stop();
  await server.stop();
}

/** Every statistic of a summary by its metric and name, as its digits. */
function statisticsIn(folder: string): Map<string, string> {
  const summary: Record<string, unknown> = JSON.parse(
    readFileSync(join(folder, 'profile_export_aiperf.json'), 'utf8'),
  );
  const found = new Map<string, string>();
  for (const [tag, metric] of Object.entries(summary)) {
    if (typeof metric !== 'object' || metric === null || !('unit' in metric)) continue;
    for (const [name, value] of Object.entries(metric)) found.set(`${tag} ${name}`, String(value));
  }
  return found;
}

/** Makes the folder of a run on several machines that of a run on one. */
function dropShards(folder: string): void {
  const file = join(folder, 'profile_export.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/,"shard":\d+/g, ''));
}
