import { join } from 'node:path';
import { chatArgs } from '../measure/bodies.js';
import { CLIENT_CORE, SERVER_CORE } from '../measure/machine.js';
import { startAgent, startNats } from '../measure/nats.js';
import { quick, rounds } from '../measure/options.js';
import { runOurs } from '../measure/ours.js';
import { median, type Spread, spreadOf } from '../measure/quantiles.js';
import type { Report } from '../measure/report.js';
import { startCannedServer, withFolder } from '../measure/servers.js';
import { readRecords } from '../measure/stamps.js';
import { type ThreadShares, watchThreadShares } from '../measure/thread-shares.js';

interface Sent {
  readonly shares: ThreadShares;
  readonly late: Spread;
}

/** 1,000 small whole answers per second: in one process, and by one agent through NATS. */
export async function shippedRecords(report: Report): Promise<void> {
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
  report.note(
    'Shares of a core in the median second of a run, medians of runs in turn. Shipping is the main thread of an agent: it reads the spool, compresses and publishes. Times of sends in microseconds after they were due.',
  );
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
    const agent = startAgent(nats, runId, join(folder, 'agent'), {
      ...{ shard: 0, core: CLIENT_CORE, isWatched: false, onStart },
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
