import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clockOffsetNs, distance } from './measure/distance.js';
import { argument, quick } from './measure/options.js';
import { type Spread, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { startMockServer, withFolder } from './measure/servers.js';
import { readAllSent, readTokenLog, type Sent } from './measure/stamps.js';
import { aiperf, type Client, guidellm, ours, type Reported, type Workload } from './peers/clients.js';
import { installPeer, NotInstalled } from './peers/install.js';

// The same loads with AIPerf, GuideLLM and ours, one after the other against the same server.

const founding: Workload = {
  name: 'founding: 100 streams of 500 tokens',
  concurrency: 100,
  requests: quick ? 100 : 1000,
  inputTokens: 1000,
  outputTokens: quick ? 50 : 500,
  streaming: true,
};
const tiny: Workload = {
  name: 'tiny, not streamed',
  concurrency: 64,
  requests: quick ? 200 : 20_000,
  inputTokens: 16,
  outputTokens: 1,
  streaming: false,
};
/** One request: what it costs to start. */
const start: Workload = { ...founding, name: 'one request', concurrency: 1, requests: 1, outputTokens: 2 };

const report = openReport('peers');
const clients = await peers();
if (clients !== undefined) {
  const starts = new Map<string, number>();
  for (let round = 0; round < Number(argument('--rounds') ?? 1); round++) {
    for (const load of [start, founding, tiny])
      for (const client of clients) await measure(client, load, starts);
  }
  report.note(
    'CPU is of all processes, user and system. "past its start": less the CPU of the run of one request by the same tool. ' +
      "Reported less true: what the tool reports less the same figure from the times in the server's log, ms. " +
      "Stamps: from the server's note before its write to the tool's stamp, us (GuideLLM sends no request id to join by).",
  );
}
report.finish();

async function peers(): Promise<Client[] | undefined> {
  try {
    report.say('installing aiperf 0.13 and the newest guidellm from PyPI');
    return [
      aiperf(await installPeer('aiperf', 'aiperf==0.13.0')),
      guidellm(await installPeer('guidellm', 'guidellm')),
      ours,
    ];
  } catch (thrown) {
    if (!(thrown instanceof NotInstalled)) throw thrown;
    report.note(`The peers cannot be installed; is PyPI within reach? ${thrown.message}`);
    process.exitCode = 1;
    return undefined;
  }
}

async function measure(client: Client, load: Workload, starts: Map<string, number>): Promise<void> {
  await withFolder(async (folder) => {
    const log = join(folder, 'tokens.jsonl');
    const pace = load.streaming ? ['--ttft', '50', '--itl', '10'] : ['--ttft', '0', '--itl', '0'];
    const server = await startMockServer([...pace, '--token-log', log]);
    const artifacts = join(folder, 'artifacts');
    mkdirSync(artifacts);
    try {
      const before = clockOffsetNs();
      const reported = await client.run(load, server.url, artifacts);
      const epochNs = (before + clockOffsetNs()) / 2n;
      await server.stop();
      if (load === start) starts.set(client.name, reported.finished.cpuSeconds);
      addCost(client, load, reported, readAllSent(log), starts.get(client.name) ?? 0);
      if (load === founding) addTruth(client, reported, log, epochNs);
    } catch (thrown) {
      report.note(`${client.name}, ${load.name}: ${String(thrown)}`);
    } finally {
      await server.stop();
    }
  });
}

function addCost(
  client: Client,
  load: Workload,
  { finished, requestsPerSecond }: Reported,
  sent: Sent[],
  startCpu: number,
): void {
  const tokens = sent.reduce((sum, { tokenNs }) => sum + tokenNs.length, 0);
  const firstNs = Math.min(...sent.map(({ receivedNs }) => receivedNs));
  const beyond = finished.cpuSeconds - startCpu;
  report.add(load.name, {
    tool: client.name,
    'requests/s': requestsPerSecond,
    'wall s': finished.wallSeconds,
    'first request after s': (firstNs - finished.startedNs) / 1e9,
    'CPU s': finished.cpuSeconds,
    'CPU-s per million tokens': (finished.cpuSeconds * 1e6) / tokens,
    'past its start': (beyond * 1e6) / tokens,
    'CPU-s per 1,000 requests': (finished.cpuSeconds * 1e3) / sent.length,
    'past start': (beyond * 1e3) / sent.length,
    'peak MB': finished.population.peakMb,
    processes: finished.population.processes,
    requests: sent.length,
  });
}

function addTruth(client: Client, reported: Reported, log: string, epochNs: bigint): void {
  const sent = readAllSent(log);
  const last = ({ tokenNs }: Sent) => tokenNs.at(-1) ?? Number.NaN;
  const first = ({ tokenNs }: Sent) => tokenNs[0] ?? Number.NaN;
  const truth = (of: (one: Sent) => number) => spreadOf(sent.map((one) => of(one) / 1e6));
  const ttft = truth((one) => first(one) - one.receivedNs);
  const itl = truth((one) => (last(one) - first(one)) / (one.tokenNs.length - 1));
  const latency = truth((one) => last(one) - one.receivedNs);
  const seconds = (Math.max(...sent.map(last)) - Math.min(...sent.map(({ receivedNs }) => receivedNs))) / 1e9;
  const off = (name: string, said: Spread, true_: Spread) => ({
    [`${name} p50 off`]: said.p50 - true_.p50,
    [`${name} p99 off`]: said.p99 - true_.p99,
  });
  const stamps = reported.stamps(epochNs);
  const found = stamps.length > 0 ? distance(readTokenLog(log), stamps) : undefined;
  const fullWaves = (founding.requests / founding.concurrency) * (0.05 + (founding.outputTokens - 1) * 0.01);
  report.add('founding: how far off', {
    tool: client.name,
    ...off('TTFT', reported.ttft, ttft),
    ...off('ITL', reported.itl, itl),
    ...off('latency', reported.latency, latency),
    'requests/s: reported over served': reported.requestsPerSecond / (sent.length / seconds),
    'over the pace': reported.requestsPerSecond / (founding.requests / fullWaves),
    'first stamp p50 us': found?.first.p50,
    'first p99': found?.first.p99,
    'last stamp p50': found?.last.p50,
    'last p99': found?.last.p99,
    unmatched: found?.unmatched,
  });
}
