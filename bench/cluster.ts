import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { chatArgs } from './measure/bodies.js';
import { CLIENT_CORE, SERVER_CORE } from './measure/machine.js';
import { type NatsServer, startAgent, startNats } from './measure/nats.js';
import { argument, quick, rounds, scaled } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { run } from './measure/process.js';
import { median, type Spread, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { ourCli, startCannedServer, withFolder } from './measure/servers.js';
import { readRecords } from './measure/stamps.js';
import { type ThreadShares, watchThreadShares } from './measure/thread-shares.js';

// What a run on several machines costs: shipping records, the same result from three shards as from one, and a merge
// of a million records. Agents are on the client's core; NATS, coordinator and measured server are on the other, in
// place of machines of their own.

/** `attach` waits this long to see that the coordinator is dead. */
const LAPSE_SECONDS = 5;

const report = openReport('cluster');
const only = argument('--only') ?? '';
const parts = { shipping: shippedRecords, same: sameResult, merge: mergedRecords };
for (const [name, measure] of Object.entries(parts)) if (name.includes(only)) await measure();
report.note(
  'Shares of a core in the median second of a run, medians of runs in turn. Shipping is the main thread of an agent: it reads the spool, compresses and publishes. Times of sends in microseconds after they were due.',
);
report.finish();

interface Sent {
  readonly shares: ThreadShares;
  readonly late: Spread;
}

/** 1,000 small whole answers per second: in one process, and by one agent through NATS. */
async function shippedRecords(): Promise<void> {
  const load = ['--request-rate', '1000', '--request-count', String(quick ? 4000 : 12_000)];
  const args = [...chatArgs(1, false), ...load, '--random-seed', '7'];
  const server = await startCannedServer(0, 1);
  const nats = await startNats();
  const kinds = { 'one process': alone, 'an agent and NATS': throughNats };
  const runs = new Map<string, Sent[]>();
  for (let round = 0; round < rounds; round++)
    for (const [name, send] of Object.entries(kinds))
      runs.set(name, [...(runs.get(name) ?? []), await withFolder((folder) => send(folder, round))]);
  for (const [name, sent] of runs) {
    const of = (pick: (one: Sent) => number) => median(sent.map(pick));
    report.add('1,000 requests/s: cost of shipping records', {
      'sent by': name,
      'load thread, % of a core': of(({ shares }) => 100 * shares.load),
      'main thread': of(({ shares }) => 100 * shares.main),
      'other threads': of(({ shares }) => 100 * shares.rest),
      'sends late by p50': of(({ late }) => late.p50),
      p99: of(({ late }) => late.p99),
      max: of(({ late }) => late.max),
    });
  }
  await nats.stop();
  await server.stop();

  async function alone(folder: string): Promise<Sent> {
    let end: (() => ThreadShares) | undefined;
    const onStart = ({ pid = 0 }) => {
      end = watchThreadShares(pid);
    };
    await runOurs(server.url, folder, args, { isWatched: false, onStart });
    return sentOf(folder, end);
  }

  async function throughNats(folder: string, round: number): Promise<Sent> {
    let end: (() => ThreadShares) | undefined;
    const onStart = ({ pid = 0 }) => {
      end = watchThreadShares(pid);
    };
    const runId = `shipping-${round}`;
    const agent = startAgent(nats, runId, 0, join(folder, 'agent'), {
      ...{ core: CLIENT_CORE, isWatched: false, onStart },
    });
    const cluster = ['--nats', nats.url, '--shards', '1', '--run-id', runId];
    const own = join(folder, 'whole');
    await runOurs(server.url, own, [...args, ...cluster], { core: SERVER_CORE, isWatched: false });
    await agent;
    return sentOf(own, end);
  }
}

function sentOf(folder: string, end: (() => ThreadShares) | undefined): Sent {
  const records = readRecords(join(folder, 'profile_export.jsonl'), BigInt(Date.now()) * 1_000_000n);
  const late = spreadOf(records.map(({ dueNs, startNs }) => (startNs - dueNs) / 1000));
  return { shares: end?.() ?? { load: Number.NaN, main: Number.NaN, rest: Number.NaN }, late };
}

/** The bodies that a server sees from three shards and from one machine, and the statistics of what was recorded. */
async function sameResult(): Promise<void> {
  const bodies: string[] = [];
  const server = await startListener(bodies);
  const address = server.address();
  const url = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
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
    await onShards(nats, 'same', 3, folder, () =>
      runOurs(url, own, [...args, '--nats', nats.url, '--shards', '3', '--run-id', 'same'], { core: 'any' }),
    );
    const three = bodies.splice(0).sort();
    await runOurs(url, join(folder, 'one'), args, { core: 'any' });
    const one = bodies.splice(0).sort();
    const differing = one.filter((body, i) => body !== three[i]).length + Math.abs(one.length - three.length);
    const merged = statisticsIn(own);
    const again = join(folder, 'again');
    cpSync(own, again, { recursive: true });
    dropShards(again);
    await command(['report', again, '--rewrite']);
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
  server.close();
}

/** Answers every request alike, and keeps its body. */
async function startListener(bodies: string[]): Promise<Server> {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'The' }, finish_reason: 'length' }];
  const answer = JSON.stringify({ object: 'chat.completion', choices });
  const server = createServer(async (request, response) => {
    const body = await text(request);
    // Servers are also asked for their time and their metrics.
    if (request.method === 'POST') bodies.push(body);
    response.setHeader('content-type', 'application/json').end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
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

/** A million records of 8 agents wait in NATS, as when a coordinator was killed: what it takes to finish the run. */
async function mergedRecords(): Promise<void> {
  const shards = 8;
  const records = scaled(1_000_000, 20_000);
  const server = await startCannedServer(0, 1);
  const nats = await startNats();
  await withFolder(async (folder) => {
    await onShards(nats, 'merge', shards, folder, async (handedOver) => {
      const load = ['--concurrency', '64', '--request-count', String(records)];
      const cluster = ['--nats', nats.url, '--shards', String(shards), '--run-id', 'merge'];
      const timeout = ['--shard-timeout', String(LAPSE_SECONDS)];
      const fixed = ['--url', server.url, '--model', 'mock', '--tokenizer', 'builtin', '--ui', 'none'];
      const words = ['profile', ...fixed, ...chatArgs(1, false), ...load, ...cluster, ...timeout];
      const own = ['--artifact-dir', join(folder, 'killed')];
      const before = server.cpuSeconds();
      const first = spawn(process.execPath, [ourCli, ...words, ...own], { stdio: 'inherit' });
      // Killed as the first answers are given, so that nearly all records are left for the next one.
      while (server.cpuSeconds() < before + 0.05) await wait(10);
      const ended = once(first, 'exit');
      first.kill('SIGKILL');
      await ended;
      await handedOver();
      const whole = join(folder, 'whole');
      const attach = ['attach', 'merge', '--nats', nats.url, '--artifact-dir', whole, '--ui', 'none'];
      const { wallSeconds, cpuSeconds, population } = await command(attach);
      const merged = readFileSync(join(whole, 'profile_export.jsonl'), 'latin1').split('\n').length - 1;
      report.add('records of 8 agents merged from NATS', {
        ...{ records: merged, shards, 'wall, s': wallSeconds - LAPSE_SECONDS, 'CPU, s': cpuSeconds },
        'CPU us per record': (cpuSeconds * 1e6) / merged,
        'peak MB': population.peakMb,
      });
    });
  });
  await nats.stop();
  await server.stop();
}

/** Agents of a run while a function works. @param work is given a wait until they have handed over all records. */
async function onShards(
  nats: NatsServer,
  runId: string,
  shards: number,
  folder: string,
  work: (handedOver: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const handedOver: Promise<void>[] = [];
  const agents = Array.from({ length: shards }, (_, shard) =>
    startAgent(nats, runId, shard, join(folder, `agent-${shard}`), {
      isWatched: false,
      onStart: ({ stderr }) => {
        let said = '';
        handedOver.push(
          new Promise((resolve) => {
            stderr?.on('data', (chunk) => {
              said += String(chunk);
              if (said.includes('records were handed over')) resolve();
            });
          }),
        );
      },
    }),
  );
  await work(async () => void (await Promise.all(handedOver)));
  await Promise.all(agents);
}

/** Runs a command of the program. @throws Error with what it said when it fails. */
async function command(words: readonly string[]) {
  const finished = await run([process.execPath, ourCli, ...words]);
  if (finished.exitCode !== 0)
    throw new Error(`aiperf ${words.join(' ')} ended with ${finished.exitCode}: ${finished.stderr}`);
  return finished;
}
