import { chatArgs, chatBody } from './measure/bodies.js';
import { compileFloor, runBareNode, runFloor, runWrk, wrkIsInstalled } from './measure/floor.js';
import { quick, rounds, scaled } from './measure/options.js';
import { runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startCannedServer, withFolder } from './measure/servers.js';

// How much one load thread can take, and what it costs: the whole tool beside the C sink, node:net and wrk.

const report = openReport('roof');
// The default limit is below 5,000.
const manyConnections = { AIPERF_HTTP_CONNECTION_LIMIT: '12000' };
const connectionCounts = [1, 100, 1000, 5000];

compileFloor();
if (!wrkIsInstalled()) report.note('wrk is not installed: its column is empty (Debian package wrk).');
for (const connections of connectionCounts) await tinyRequests(connections);
for (const connections of connectionCounts)
  await events('events, one per write, as fast as they come', connections, 200, 1, 0, 600_000);
await events('events, one per write, 50,000/s', 1000, 500, 1, 20, 1_000_000);
for (const connections of connectionCounts)
  await events('events, 50 per write, as fast as they come', connections, 1000, 50, 0, 8_000_000);
report.note(
  '"a load thread could" is what came divided by the CPU time of the load thread: the server is the limit where the rate that was reached is below it. ' +
    'CPU of ours is that of the whole command, from its start to its exit, with records and files.',
);
report.finish();

async function tinyRequests(connections: number): Promise<void> {
  const requests = scaled(connections === 1 ? 20_000 : 100_000, 2 * connections);
  const floor = await startCannedServer(0, 1);
  const body = chatBody(1, false);
  const runs: Record<
    'c' | 'node' | 'wrk' | 'reached' | 'could' | 'cCpu' | 'nodeCpu' | 'cpu' | 'load' | 'rest',
    number[]
  > = {
    c: [],
    node: [],
    wrk: [],
    reached: [],
    could: [],
    cCpu: [],
    nodeCpu: [],
    cpu: [],
    load: [],
    rest: [],
  };
  for (let round = 0; round < rounds; round++) {
    const load = { port: floor.port, connections, requests, body };
    const c = await runFloor(load);
    const node = await runBareNode(load);
    const wrk = await runWrk(floor.url, connections, body, quick ? 1 : 3);
    await withFolder(async (folder) => {
      const args = [
        ...chatArgs(1, false),
        '--concurrency',
        String(connections),
        '--request-count',
        String(requests),
      ];
      const ours = await runOurs(floor.url, folder, args, { env: manyConnections });
      runs.reached.push(ours.requestsPerSecond);
      runs.could.push(requests / ours.loadCpuSeconds);
      runs.cpu.push((ours.cpuSeconds * 1e6) / requests);
      runs.load.push((ours.loadCpuSeconds * 1e5) / requests);
      runs.rest.push((ours.restCpuSeconds * 1e5) / requests);
    });
    runs.c.push(c.requests / c.wallSeconds);
    runs.cCpu.push((c.cpuSeconds * 1e6) / requests);
    runs.node.push(node.requests / node.wallSeconds);
    runs.nodeCpu.push((node.cpuSeconds * 1e6) / requests);
    if (wrk !== undefined) runs.wrk.push(wrk);
  }
  await floor.stop();
  report.add('tiny requests, not streamed', {
    connections,
    'ours, requests/s': median(runs.reached),
    'a load thread could': median(runs.could),
    'C sink': median(runs.c),
    'node:net': median(runs.node),
    wrk: median(runs.wrk),
    'ours, us CPU/request': median(runs.cpu),
    'C sink, us': median(runs.cCpu),
    'node:net, us': median(runs.nodeCpu),
    'CPU-s per 100,000: load threads': median(runs.load),
    'the rest': median(runs.rest),
  });
}

async function events(
  table: string,
  connections: number,
  perStream: number,
  perWrite: number,
  intervalMs: number,
  atMost: number,
): Promise<void> {
  const total = connections === 1 ? atMost / 4 : atMost;
  const requests = Math.max(connections, Math.round(scaled(total, perStream) / perStream));
  // Three events are no tokens: the role, the finish and [DONE].
  const count = requests * perStream;
  const server = await startCannedServer(perStream, perWrite, intervalMs);
  const figures: Record<
    'c' | 'reached' | 'could' | 'cCpu' | 'nodeCpu' | 'cpu' | 'load' | 'rest' | 'ratio' | 'perRead',
    number[]
  > = {
    c: [],
    reached: [],
    could: [],
    cCpu: [],
    nodeCpu: [],
    cpu: [],
    load: [],
    rest: [],
    ratio: [],
    perRead: [],
  };
  for (let round = 0; round < rounds; round++) {
    const load = { port: server.port, connections, requests, body: chatBody(perStream, true) };
    const c = await runFloor(load);
    const node = await runBareNode(load);
    await withFolder(async (folder) => {
      const args = [
        ...chatArgs(perStream, true),
        '--concurrency',
        String(connections),
        '--request-count',
        String(requests),
      ];
      const ours = await runOurs(server.url, folder, args, { env: manyConnections });
      figures.reached.push(ours.tokensPerSecond);
      figures.could.push(count / ours.loadCpuSeconds);
      figures.cpu.push((ours.cpuSeconds * 1e6) / count);
      figures.load.push((ours.loadCpuSeconds * 1e6) / count);
      figures.rest.push((ours.restCpuSeconds * 1e6) / count);
      figures.ratio.push(ours.cpuSeconds / c.cpuSeconds);
    });
    figures.c.push(count / c.wallSeconds);
    figures.cCpu.push((c.cpuSeconds * 1e6) / count);
    figures.perRead.push(c.events / c.reads);
    figures.nodeCpu.push((node.cpuSeconds * 1e6) / count);
  }
  await server.stop();
  report.add(table, {
    connections,
    'ours, events/s': median(figures.reached),
    'a load thread could': median(figures.could),
    'C sink': median(figures.c),
    'events per read (C)': median(figures.perRead),
    'ours, CPU-s per million': median(figures.cpu),
    'load threads': median(figures.load),
    'the rest': median(figures.rest),
    'C sink, CPU-s': median(figures.cCpu),
    'node:net, CPU-s': median(figures.nodeCpu),
    'ours : C': median(figures.ratio),
  });
}
