import { chatArgs, chatBody } from './measure/bodies.js';
import { compileFloor, runBareNode, runFloor, runWrk, wrkIsInstalled } from './measure/floor.js';
import { argument, quick, rounds, scaled } from './measure/options.js';
import { builds, FiguresOfBuilds, type OwnRun, runOurs } from './measure/ours.js';
import { median } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { type RunningServer, startCannedServer, withFolder } from './measure/servers.js';

// How much one load thread can take, and what it costs: the whole tool beside the C sink, node:net and wrk.

const report = openReport('roof');
// The default limit is below 5,000.
const manyConnections = { AIPERF_HTTP_CONNECTION_LIMIT: '12000' };
const connectionCounts = argument('--connections')?.split(',').map(Number) ?? [1, 100, 1000, 5000];

compileFloor();
if (!wrkIsInstalled()) report.note('wrk is not installed: its column is empty (Debian package wrk).');
// `--only tiny` measures the parts whose name has the word, `--connections 1,100` only these numbers of connections.
const only = argument('--only') ?? '';
const parts = {
  tiny: () => each((connections) => tinyRequests(connections)),
  'as fast': () =>
    each((connections) =>
      events('events, one per write, as fast as they come', connections, 200, 1, 0, 600_000),
    ),
  paced: () => events('events, one per write, 50,000/s', 1000, 500, 1, 20, 1_000_000),
  '50 per write': () =>
    each((connections) =>
      events('events, 50 per write, as fast as they come', connections, 1000, 50, 0, 8_000_000),
    ),
};
for (const [name, measure] of Object.entries(parts)) if (name.includes(only)) await measure();
report.note(
  '"a load thread could" is what came divided by the CPU time of the load thread: the server is the limit where the rate that was reached is below it. ' +
    'CPU of ours is that of the whole command, from its start to its exit, with records and files.',
);
report.finish();

async function each(measure: (connections: number) => Promise<void>): Promise<void> {
  for (const connections of connectionCounts) await measure(connections);
}

async function tinyRequests(connections: number): Promise<void> {
  const requests = scaled(connections === 1 ? 20_000 : 100_000, 2 * connections);
  const floor = await startCannedServer(0, 1);
  const body = chatBody(1, false);
  const floors: Record<'c' | 'node' | 'wrk' | 'cCpu' | 'nodeCpu', number[]> = {
    c: [],
    node: [],
    wrk: [],
    cCpu: [],
    nodeCpu: [],
  };
  const ours = new FiguresOfBuilds<OwnRun>();
  for (let round = 0; round < rounds; round++) {
    const load = { port: floor.port, connections, requests, body };
    const c = await runFloor(load);
    const node = await runBareNode(load);
    const wrk = await runWrk(floor.url, connections, body, quick ? 1 : 3);
    await measureBuilds(ours, floor, chatArgs(1, false), connections, requests);
    floors.c.push(c.requests / c.wallSeconds);
    floors.cCpu.push((c.cpuSeconds * 1e6) / requests);
    floors.node.push(node.requests / node.wallSeconds);
    floors.nodeCpu.push((node.cpuSeconds * 1e6) / requests);
    if (wrk !== undefined) floors.wrk.push(wrk);
  }
  await floor.stop();
  for (const [build, of] of ours.medians())
    report.add('tiny requests, not streamed', {
      connections,
      build,
      'requests/s': of((run) => run.requestsPerSecond),
      'a load thread could': of((run) => requests / run.loadCpuSeconds),
      'C sink': median(floors.c),
      'node:net': median(floors.node),
      wrk: median(floors.wrk),
      'us CPU/request': of((run) => (run.cpuSeconds * 1e6) / requests),
      'C sink, us': median(floors.cCpu),
      'node:net, us': median(floors.nodeCpu),
      'CPU-s per 100,000: load threads': of((run) => (run.loadCpuSeconds * 1e5) / requests),
      'the rest': of((run) => (run.restCpuSeconds * 1e5) / requests),
    });
}

async function measureBuilds(
  figures: FiguresOfBuilds<OwnRun>,
  server: RunningServer,
  args: readonly string[],
  connections: number,
  requests: number,
): Promise<void> {
  const load = ['--concurrency', String(connections), '--request-count', String(requests)];
  for (const build of builds)
    await withFolder(async (folder) => {
      const options = { build, env: manyConnections };
      figures.add(build, await runOurs(server.url, folder, [...args, ...load], options));
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
  const floors: Record<'c' | 'cCpu' | 'nodeCpu' | 'perRead', number[]> = {
    c: [],
    cCpu: [],
    nodeCpu: [],
    perRead: [],
  };
  const ours = new FiguresOfBuilds<OwnRun>();
  for (let round = 0; round < rounds; round++) {
    const load = { port: server.port, connections, requests, body: chatBody(perStream, true) };
    const c = await runFloor(load);
    const node = await runBareNode(load);
    await measureBuilds(ours, server, chatArgs(perStream, true), connections, requests);
    floors.c.push(count / c.wallSeconds);
    floors.cCpu.push((c.cpuSeconds * 1e6) / count);
    floors.perRead.push(c.events / c.reads);
    floors.nodeCpu.push((node.cpuSeconds * 1e6) / count);
  }
  await server.stop();
  for (const [build, of] of ours.medians()) {
    const cpu = of((run) => (run.cpuSeconds * 1e6) / count);
    report.add(table, {
      connections,
      build,
      'events/s': of((run) => run.tokensPerSecond),
      'a load thread could': of((run) => count / run.loadCpuSeconds),
      'C sink': median(floors.c),
      'events per read (C)': median(floors.perRead),
      'CPU-s per million': cpu,
      'load threads': of((run) => (run.loadCpuSeconds * 1e6) / count),
      'the rest': of((run) => (run.restCpuSeconds * 1e6) / count),
      'C sink, CPU-s': median(floors.cCpu),
      'node:net, CPU-s': median(floors.nodeCpu),
      'over C': cpu / median(floors.cCpu),
    });
  }
}
