import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { goldenIsThere } from '../metrics/golden.js';
import { freePort } from '../views/free-port.js';
import { setDifferences } from './compare/lists.js';
import { type Excuse, unexcused, unusedExcuses } from './excuse.js';
import { goldenText } from './golden2-inputs.js';
import { gpuPages, serverPages } from './golden2-pages.js';
import { type Played, play } from './golden2-play.js';

// The API of the recorded run beside ours: keys, types and families are compared, not the figures of two machines.

const routes = [
  'config',
  'dataset/state',
  'metrics',
  'progress',
  'results',
  'results/list',
  'server-metrics',
  'workers',
];

const threads = 'load threads share a process: what belongs to a process is left out';
const cut = 'the recording is cut off';

const excuses: readonly Excuse[] = [
  {
    difference: /^key worker.*\.health\.(pid|create_time|uptime|memory_usage|num_threads) /,
    reason: threads,
  },
  { difference: /^key worker.*\.health\.(io_counters|cpu_times|num_ctx_switches)\./, reason: threads },
  {
    difference: /^key worker.*\.health\.(loop_delay_ms|late_sends|backlog_bytes) is new$/,
    reason: 'ours: the health of a load thread',
  },
  {
    difference: /^family aiperf_(effective|active|tokens_in_flight)_.* is missing$/,
    reason: 'curves need all requests at once: they follow at the end of the run',
    byChance: true,
  },
  {
    difference: /^family aiperf_(requests|errors|send|sent|planned|client|gpu|num_waiting)_.* is new$/,
    reason: 'ours: load, outcomes, the client, queues and GPUs',
  },
  {
    difference: /^family aiperf_effective_time_to_first_token_.* is new$/,
    reason: 'ours: a metric that AIPerf lacks',
  },
  {
    difference: /^key (metrics|snapshot\.num_waiting).* is new$/,
    reason: `${cut}, and ours has more of them`,
  },
  {
    difference: /^type of index_url is null/,
    reason: 'it is one into a memory-mapped file, which does not exist here',
  },
  {
    difference: /^key worker_statuses(\.worker)? is/,
    reason: 'the recording began before its workers',
    byChance: true,
  },
  { difference: /^type of .*\.total_session_turns is null/, reason: 'unknown while sessions go on' },
];

const answers = new Map<string, string>();
const messages: string[] = [];
let played: Played;
let afterwards: { readonly results: string; readonly shutdown: number };

describe.runIf(goldenIsThere)('the API beside AIPerf 0.13.0', () => {
  beforeAll(async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const [command = ''] = goldenText('api/command.txt').split('\n');
    const playing = play(
      command.replace('18890', `${port}`).replace('benchmark-duration 6', 'benchmark-duration 4').trim(),
      {
        server: { fail: 9 },
        intercept: (request, number) =>
          (request.line.includes('/gpu/') ? gpuPages.gpu : serverPages['server-metrics'])?.intercept?.(
            request,
            number,
          ),
      },
    );
    let isOver = false;
    void playing.finally(() => {
      isOver = true;
    });
    const until = async (isSo: () => Promise<boolean>) => {
      // Errors of a server that does not listen yet count as no.
      while (!(await isSo().catch(() => false))) {
        if (isOver) throw new Error('the program has ended');
        await after(50);
      }
    };
    await until(async () => (await get(`${url}/healthz`)) === 'ok');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    socket.on('message', (data) => messages.push(String(data)));
    socket.on('open', () => socket.send('{"type":"subscribe","message_types":["*"]}'));
    // A failed request, a page of a server, a page of GPUs.
    const awaited = [
      'aiperf_adj_request_latency_ms{',
      'aiperf_num_running_current_req{',
      'aiperf_gpu_power_',
    ];
    await until(async () => {
      const text = await get(`${url}/metrics`);
      const isTold = messages.some((message) => message.includes('"realtime_telemetry_metrics"'));
      return isTold && awaited.every((name) => text.includes(name));
    });
    const addresses = [
      ['families', 'metrics'],
      ...routes.map((route) => [route, `api/${route}`] as const),
    ] as const;
    await Promise.all(
      addresses.map(async ([part, path]) => void answers.set(part, await get(`${url}/${path}`))),
    );
    await until(async () => JSON.parse(await get(`${url}/api/results`)).status !== 'running');
    const results = await get(`${url}/api/results`);
    const { status: shutdown } = await fetch(`${url}/api/shutdown`, { method: 'POST' });
    afterwards = { results, shutdown };
    played = await playing;
  }, 120_000);

  afterAll(() => answers.clear());

  it.each(['families', 'ws', ...routes])('%s differs only where it is meant to', (part) => {
    expect(unexcused(excuses, part, differencesOf(part))).toEqual([]);
  });

  it('each excuse is still needed', () => {
    const found = new Map(['families', 'ws', ...routes].map((part) => [part, differencesOf(part)]));
    expect(unusedExcuses(excuses, found)).toEqual([]);
  });

  it('has the summary after the run, and is shut down by then', () => {
    expect(JSON.parse(afterwards.results)).toMatchObject({
      status: 'complete',
      results: { request_count: { unit: 'requests' } },
    });
    expect(afterwards.shutdown).toBe(200);
    expect(played.code).toBe(0);
  });
});

function differencesOf(part: string): string[] {
  if (part === 'families')
    return familyDifferences(goldenText('api/metrics.families.txt'), answers.get(part) ?? '');
  if (part === 'ws') return goldenText('api/ws.txt').split('\n').flatMap(messageDifferences);
  const theirs = goldenText(`api/api-${part.replace('/', '-')}.json`);
  return shapeDifferences(whole(theirs), JSON.parse(answers.get(part) ?? '{}'));
}

function familyDifferences(theirs: string, ours: string): string[] {
  const types = new Map(Array.from(ours.matchAll(/^# TYPE (\S+) (.*)$/gm), ([, name, type]) => [name, type]));
  const own = Array.from(ours.matchAll(/^# HELP (\S+) (.*)$/gm), ([, name, help]) => {
    return `${name} ${types.get(name)} | ${help}`;
  });
  return setDifferences('family', theirs.trim().split('\n'), own);
}

/** The recorded messages are cut off after some hundred bytes. */
function messageDifferences(line: string): string[] {
  const type = /"message_type":"(\w+)"/.exec(line)?.[1];
  if (type === undefined) return [];
  const ours = messages.findLast((text) => text.includes(`"message_type": "${type}"`));
  if (ours === undefined) return [`message ${type} is missing`];
  return line.endsWith('}') ? shapeDifferences(JSON.parse(line), JSON.parse(ours)) : [];
}

/** The longest beginning of a recorded answer that is JSON: some are cut off within the list of metrics. */
function whole(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(`${text.slice(0, text.lastIndexOf('"},') + 2)}}}`);
  }
}

/** Leaves that only one of them has, and those of another type; null may stand for any. */
function shapeDifferences(theirs: unknown, ours: unknown): string[] {
  const [a, b] = [shapeOf(theirs), shapeOf(ours)];
  return [
    ...setDifferences('key', [...a.keys()], [...b.keys()]),
    ...[...a].flatMap(([path, type]) => {
      const own = b.get(path);
      return own === undefined || own === type || type === 'null'
        ? []
        : [`type of ${path} is ${own}, there ${type}`];
    }),
  ];
}

/** The type of each leaf by its path; names that differ from run to run are made alike. */
function shapeOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    return new Map([[path, value === null ? 'null' : typeof value]]);
  }
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const name = key.replace(/^worker_([0-9a-f]{8}|\d+)$/, 'worker').replace(/^127\.0\.0\.1:\d+$/, 'server');
    return [...shapeOf(inner, path === '' ? name : `${path}.${name}`)];
  });
  return new Map(entries);
}

async function get(url: string): Promise<string> {
  const response = await fetch(url);
  return response.text();
}
