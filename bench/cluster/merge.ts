import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatArgs } from '../measure/bodies.js';
import type { ThreadUse } from '../measure/census.js';
import { endWithBench } from '../measure/leftovers.js';
import { SERVER_CORE } from '../measure/machine.js';
import { startNats } from '../measure/nats.js';
import { rounds, scaled } from '../measure/options.js';
import { runOurCommand, runOurs } from '../measure/ours.js';
import { median } from '../measure/quantiles.js';
import { playShards, type Recording, recordAgent, repeated } from '../measure/recorded-agents.js';
import type { Report } from '../measure/report.js';
import { ourCli, startMockServer, withFolder } from '../measure/servers.js';

const SHARDS = 8;
/** What an agent has sent once; shards repeat it. */
const RECORDED = 2500;

/** Records that 8 agents have sent wait in NATS when the coordinator is killed: what it takes to finish the run. */
export async function mergedRecords(report: Report): Promise<void> {
  for (const [tokens, count] of [
    [1, 1_000_000],
    [50, 200_000],
  ] as const) {
    const repeats = Math.round(scaled(count, SHARDS * RECORDED) / SHARDS / RECORDED);
    const merges: Merge[] = [];
    const server = await startMockServer(['--ttft', '20', '--itl', '4', '--itl-jitter', '0.5']);
    const args = ['--url', server.url, '--model', 'mock', '--tokenizer', 'builtin', '--ui', 'none'];
    const load = [...chatArgs(tokens, tokens > 1), '--concurrency', '64'];
    const nats = await startNats();
    const recording = await withFolder((folder) =>
      recordAgent(nats, 'recorded', join(folder, 'agent'), () => {
        const cluster = ['--nats', nats.url, '--shards', '1', '--run-id', 'recorded'];
        const words = [...load, '--request-count', String(RECORDED), ...cluster];
        return runOurs(server.url, join(folder, 'run'), words, { core: SERVER_CORE, isWatched: false });
      }),
    );
    await nats.stop();
    const played = repeated(recording, repeats);
    for (let round = 0; round < rounds; round++)
      merges.push(await withFolder((folder) => merge(folder, [...args, ...load], played)));
    await server.stop();
    const of = (pick: (one: Merge) => number) => median(merges.map(pick));
    const records = of((one) => one.records);
    report.add('records of 8 agents merged from NATS', {
      'tokens each': tokens,
      records,
      'wall, s': of(({ wallSeconds }) => wallSeconds),
      'CPU, s': of(({ cpuSeconds }) => cpuSeconds),
      'peak MB': of(({ peakMb }) => peakMb),
      'records/s': of((one) => one.records / one.wallSeconds),
      'record thread, us each': of((one) => (1e6 * one.recordThreadSeconds) / one.records),
      'main thread': of((one) => (1e6 * one.mainThreadSeconds) / one.records),
      'CPU of NATS, s': of(({ natsSeconds }) => natsSeconds),
      'memory of NATS, MB': of(({ natsMb }) => natsMb),
      'in NATS, bytes each': bytesIn(played) / played.records,
    });
  }
  report.note(
    'Agents are played: each sends what a real one has sent, over and over. The records wait in NATS. Measured is `aiperf attach` from its start to its end; on the same machine it knows at once that the coordinator is dead. Its threads per record, start and end of the run included.',
  );
}

interface Merge {
  readonly records: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly recordThreadSeconds: number;
  readonly mainThreadSeconds: number;
  readonly natsSeconds: number;
  readonly natsMb: number;
}

async function merge(folder: string, args: readonly string[], recording: Recording): Promise<Merge> {
  const nats = await startNats();
  const played = playShards(nats, 'merge', SHARDS, recording);
  const count = ['--request-count', String(SHARDS * recording.records)];
  const cluster = ['--nats', nats.url, '--shards', String(SHARDS), '--run-id', 'merge'];
  const killed = ['--artifact-dir', join(folder, 'killed')];
  await killedCoordinator([...args, ...count, ...cluster, ...killed], played.begun);
  await played.handedOver;
  const whole = join(folder, 'whole');
  const attach = ['attach', 'merge', '--nats', nats.url, '--artifact-dir', whole, '--ui', 'none'];
  const { wallSeconds, cpuSeconds, population } = await runOurCommand(attach);
  await played.end();
  const { peakMb, threads } = population;
  // The main thread writes to the spool; of the others, the record thread writes most.
  const others = threads.filter(({ pid, tid }) => pid !== tid);
  const recordThread = others.reduce<ThreadUse | undefined>(
    (most, use) => (most === undefined || use.bytesWritten > most.bytesWritten ? use : most),
    undefined,
  );
  const summary = JSON.parse(readFileSync(join(whole, 'profile_export_aiperf.json'), 'utf8'));
  const merged = {
    records: Number(summary.request_count.avg),
    ...{ wallSeconds, cpuSeconds, peakMb },
    recordThreadSeconds: recordThread?.cpuSeconds ?? Number.NaN,
    mainThreadSeconds: threads.find(({ pid, tid }) => pid === tid)?.cpuSeconds ?? Number.NaN,
    natsSeconds: nats.cpuSeconds(),
    natsMb: nats.peakMb(),
  };
  await nats.stop();
  return merged;
}

/** A coordinator that is killed once its load has begun. */
async function killedCoordinator(args: readonly string[], begun: Promise<void>): Promise<void> {
  const child = spawn(process.execPath, [ourCli, 'profile', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  endWithBench(child);
  const ended = once(child, 'exit');
  await Promise.race([begun, ended]);
  if (child.exitCode !== null) throw new Error(`the coordinator ended with ${child.exitCode}`);
  child.kill('SIGKILL');
  await ended;
}

function bytesIn({ batches }: Recording): number {
  return batches.reduce((sum, { bodies }) => sum + bodies.reduce((all, body) => all + body.length, 0), 0);
}
