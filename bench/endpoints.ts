import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_CORE } from './measure/machine.js';
import { argument, quick, rounds, scaled } from './measure/options.js';
import { type Build, builds, FiguresOfBuilds, type OwnRun, runOurs } from './measure/ours.js';
import { run } from './measure/process.js';
import { median, type Spread, spreadOf } from './measure/quantiles.js';
import { openReport } from './measure/report.js';
import { type RunningServer, startWholeAnswers, withFolder } from './measure/servers.js';
import { readRecords } from './measure/stamps.js';
import { tokenizer } from './peers/clients.js';
import { installPeer, NotInstalled, type Peer } from './peers/install.js';

// Endpoints whose requests or answers are large: embeddings, rankings and chats with images, at a fixed rate. Is the
// client the limit, and does it send late?

interface Case {
  readonly name: string;
  readonly perSecond: number;
  /** Options of the run, of AIPerf and ours. */
  readonly args: readonly string[];
  /** What the server always answers. */
  readonly answer: object;
}

const BATCH = 32;
const PASSAGES = 10;
/** The length of small models' vectors; those of large ones have 1,024 to 4,096. */
const DIMENSIONS = 384;
const SECONDS = quick ? 1 : 6;
/** In flight in a closed loop. */
const CONCURRENCY = 32;
/** AIPerf gets fewer requests: it reaches its rate, or it does not. */
const PEER_SECONDS = quick ? 0.05 : 1;

const texts = ['--num-dataset-entries', '100'];
const embeddings = ['--endpoint-type', 'embeddings', '--batch-size', String(BATCH), '--isl', '64', ...texts];
const rankings = [
  ...['--endpoint-type', 'cohere_rankings', '--rankings-passages-mean', String(PASSAGES)],
  ...['--rankings-passages-prompt-token-mean', '64', '--rankings-query-prompt-token-mean', '16', ...texts],
];
// Noise is not compressed: 512 x 512 pixels of 3 bytes are 786 KB, in base64 1.05 MB.
const images = [
  ...['--endpoint-type', 'chat', '--isl', '32', '--osl', '1', '--num-dataset-entries', '64'],
  ...['--image-width-mean', '512', '--image-height-mean', '512', '--image-format', 'png'],
];
const cases: readonly Case[] = [
  { name: 'embeddings, numbers', perSecond: 2000, args: embeddings, answer: vectors(() => numbers()) },
  {
    name: 'embeddings, base64',
    perSecond: 2000,
    args: [...embeddings, '--extra-inputs', 'encoding_format:base64'],
    answer: vectors(() => randomBytes(4 * DIMENSIONS).toString('base64')),
  },
  { name: 'rankings', perSecond: 2000, args: rankings, answer: scores() },
  { name: 'chat with an image of 1 MB', perSecond: 200, args: images, answer: chatAnswer() },
];

const report = openReport('endpoints');
// `--only rankings` measures the cases whose name has the word, `--client ours` or `--client aiperf` that tool alone.
const only = argument('--only') ?? '';
const client = argument('--client');
const peer = client === 'ours' ? undefined : await findPeer();
const ownBuilds = client === 'aiperf' ? [] : builds;
for (const one of cases) if (one.name.includes(only)) await measure(one);
report.note(
  `Requests of embeddings hold ${BATCH} texts of 64 tokens, answers ${BATCH} vectors of ${DIMENSIONS}; rankings ${PASSAGES} passages of 64 tokens. ` +
    `Late: the send less the time at which it was due, by the tool's own clock. Closed loop: such requests, ${CONCURRENCY} in flight. ` +
    'A load thread polls while it waits for the time of a send, so its CPU time at a rate tells nothing.',
);
report.finish();

interface Measured extends Pick<OwnRun, 'requests' | 'errors' | 'requestsPerSecond' | 'cpuSeconds'> {
  readonly peakMb: number;
  readonly late: Spread;
  /** The same requests in a closed loop. */
  readonly fastest: { readonly requestsPerSecond: number; readonly loadMicroseconds: number };
}

async function measure({ name, perSecond, args, answer }: Case): Promise<void> {
  await withFolder(async (folder) => {
    const body = join(folder, 'answer.json');
    writeFileSync(body, JSON.stringify(answer));
    const server = await startWholeAnswers(body);
    try {
      const ours = new FiguresOfBuilds<Measured>();
      const theirs: Measured[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const build of ownBuilds) ours.add(build, await runOwn(build, server, args, perSecond));
        if (peer !== undefined) theirs.push(await runPeer(peer, server, args, perSecond));
      }
      for (const [build, of] of ours.medians()) addRow(name, build, perSecond, of);
      if (peer !== undefined)
        addRow(name, `aiperf ${peer.version}`, perSecond, (pick) => median(theirs.map(pick)));
    } finally {
      await server.stop();
    }
  });
}

function addRow(
  name: string,
  client: string,
  perSecond: number,
  of: (pick: (run: Measured) => number) => number,
): void {
  report.add(name, {
    client,
    'asked, requests/s': perSecond,
    'requests/s': of((one) => one.requestsPerSecond),
    'us CPU/request': of((one) => (one.cpuSeconds * 1e6) / one.requests),
    'late p50, us': of((one) => one.late.p50),
    'late p99, us': of((one) => one.late.p99),
    'late max, us': of((one) => one.late.max),
    'peak MB': of((one) => one.peakMb),
    errors: of((one) => one.errors),
    'closed loop, requests/s': of((one) => one.fastest.requestsPerSecond),
    'load thread, us/request': of((one) => one.fastest.loadMicroseconds),
  });
}

function rate(perSecond: number, seconds: number): string[] {
  const requests = Math.max(10, Math.round(perSecond * seconds));
  return [
    '--request-rate',
    String(perSecond),
    '--request-rate-mode',
    'constant',
    '--request-count',
    String(requests),
  ];
}

async function runOwn(
  build: Build,
  server: RunningServer,
  args: readonly string[],
  perSecond: number,
): Promise<Measured> {
  const closed = ['--concurrency', String(CONCURRENCY), '--request-count', String(scaled(3 * perSecond))];
  const fastest = await withFolder((folder) => runOurs(server.url, folder, [...args, ...closed], { build }));
  return withFolder(async (folder) => {
    const own = await runOurs(server.url, folder, [...args, ...rate(perSecond, SECONDS)], { build });
    return {
      ...own,
      peakMb: own.population.peakMb,
      late: latenessIn(folder),
      fastest: {
        requestsPerSecond: fastest.requestsPerSecond,
        loadMicroseconds: (fastest.loadCpuSeconds * 1e6) / fastest.requests,
      },
    };
  });
}

async function runPeer(
  { program }: Peer,
  server: RunningServer,
  args: readonly string[],
  perSecond: number,
): Promise<Measured> {
  return withFolder(async (artifacts) => {
    const fixed = ['--model', 'mock', '--tokenizer', tokenizer, '--url', server.url, '--ui', 'none'];
    const places = ['--artifact-dir', artifacts, '--random-seed', '1'];
    const command = [program, 'profile', ...fixed, ...places, ...args, ...rate(perSecond, PEER_SECONDS)];
    const finished = await run(command, { core: CLIENT_CORE, timeoutSeconds: 600 });
    if (finished.exitCode !== 0) throw new Error(`${command.join(' ')}: ${finished.stderr.slice(-2000)}`);
    const summary = JSON.parse(readFileSync(join(artifacts, 'profile_export_aiperf.json'), 'utf8'));
    const value = (tag: string): number => summary[tag]?.avg ?? 0;
    return {
      requests: value('request_count'),
      errors: value('error_request_count'),
      requestsPerSecond: value('request_throughput'),
      cpuSeconds: finished.cpuSeconds,
      peakMb: finished.population.peakMb,
      late: latenessIn(artifacts),
      fastest: { requestsPerSecond: Number.NaN, loadMicroseconds: Number.NaN },
    };
  });
}

function latenessIn(artifacts: string): Spread {
  const records = readRecords(join(artifacts, 'profile_export.jsonl'), BigInt(Date.now()) * 1_000_000n);
  return spreadOf(records.map(({ dueNs, startNs }) => (startNs - dueNs) / 1000));
}

async function findPeer(): Promise<Peer | undefined> {
  try {
    return await installPeer('aiperf', 'aiperf==0.13.0');
  } catch (thrown) {
    if (!(thrown instanceof NotInstalled)) throw thrown;
    report.note(`AIPerf cannot be installed: ${thrown.message}`);
    return undefined;
  }
}

function vectors(embedding: () => unknown): object {
  const data = Array.from({ length: BATCH }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: embedding(),
  }));
  return {
    object: 'list',
    model: 'mock',
    data,
    usage: { prompt_tokens: 64 * BATCH, total_tokens: 64 * BATCH },
  };
}

function numbers(): number[] {
  return Array.from({ length: DIMENSIONS }, () => Math.fround(Math.random() * 2 - 1));
}

function scores(): object {
  const results = Array.from({ length: PASSAGES }, (_, index) => ({
    index,
    relevance_score: 1 / (index + 2),
  }));
  return { id: 'rerank-0', results, usage: { total_tokens: 64 * PASSAGES + 16 } };
}

function chatAnswer(): object {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'A' }, finish_reason: 'length' }];
  return { id: 'chatcmpl-0', object: 'chat.completion', model: 'mock', choices };
}
