import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { startMockServer } from '../../src/mock-server/server.js';
import type { MockServerSettings } from '../../src/mock-server/settings.js';
import { aiperf, type Ended, type Started, startAiperf, temporaryFolder } from '../e2e/aiperf.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';
import { differences } from './compare.js';
import { unexcused, unusedExcuses } from './excuse.js';
import { excuses } from './excuses.js';

// What AIPerf 0.13.0 wrote is a drop-in's measure. The same commands run here against a server of the same pacing.

interface GoldenRun {
  /** What its server did; every server reported usage when asked, and counted it its own way. Absent: nothing listens. */
  readonly server?: Partial<MockServerSettings>;
  /** Rows of the trace that the command reads. */
  readonly trace?: readonly object[];
  /** SIGINT as soon as so many requests are recorded. */
  readonly interruptAfter?: number;
}

const trace = [0, 1, 2, 3, 4].map((i) => ({
  timestamp: 60 * i,
  input_length: 1100 + i,
  output_length: 5,
  hash_ids: [0, 1, 10 + i],
}));

/** The last block of the first row is larger than that of the second, and both have one id. */
const contradictory = [1300, 1100].map((input_length) => ({
  timestamp: 0,
  input_length,
  output_length: 5,
  hash_ids: [0, 1, 2],
}));

const runs: Readonly<Record<string, GoldenRun>> = {
  stream: { server: { ttftMs: 50, itlMs: 10 } },
  errors: { server: { ttftMs: 20, itlMs: 5, fail: 5, midfail: 7 } },
  good: { server: { ttftMs: 50, itlMs: 10 } },
  fixed: { server: { ttftMs: 20, itlMs: 5 }, trace },
  cancel: { server: { ttftMs: 50, itlMs: 10 } },
  sweep: { server: { ttftMs: 20, itlMs: 5 } },
  runs: { server: { ttftMs: 20, itlMs: 5 } },
  warm: { server: { ttftMs: 20, itlMs: 5 } },
  whole: { server: { ttftMs: 20, itlMs: 5 } },
  text: { server: { ttftMs: 20, itlMs: 5 } },
  think: { server: { ttftMs: 20, itlMs: 5, reasoningTokens: 8 } },
  turns: { server: { ttftMs: 20, itlMs: 5 } },
  rate: { server: { ttftMs: 20, itlMs: 5 } },
  vllm: { server: { ttftMs: 20, itlMs: 5, dialect: 'vllm' } },
  dead: {},
  interrupted: { server: { ttftMs: 50, itlMs: 20 }, interruptAfter: 8 },
  refused: { server: { fail: 1 } },
  grace: { server: { ttftMs: 200, itlMs: 50 } },
  trace: { server: { ttftMs: 50, itlMs: 5, fail: 6 } },
  grid: { server: { ttftMs: 30, itlMs: 5 } },
  short: { server: { ttftMs: 50, itlMs: 5, outputTokens: 6, reasoningTokens: 3 } },
  prefix: { server: { ttftMs: 30, itlMs: 5 } },
  defaultdir: { server: { ttftMs: 30, itlMs: 5 } },
  servertokens: { server: { ttftMs: 30, itlMs: 5 } },
  dev: { server: { ttftMs: 50, itlMs: 5 } },
  badgoodput: {},
  badoption: {},
  startup: { server: {}, trace: contradictory },
};

/** Folders without a run that could be made again. */
const skipped: Readonly<Record<string, string>> = {
  int: 'the end of the output of a run that was interrupted before it began',
  servers: 'what real servers answer',
};

const found = new Map<string, readonly string[]>();

const goldenFolder = (run = '') =>
  fileURLToPath(new URL(`../../../shared/reference/golden/${run}`, import.meta.url));

describe.runIf(goldenIsThere)('beside AIPerf 0.13.0', () => {
  beforeAll(async () => {
    const waiting = Object.entries(runs);
    const worker = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        found.set(next[0], await compare(...next));
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  });

  it('every recorded run is compared, or skipped for a reason', () => {
    const folders = readdirSync(goldenFolder(), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect([...Object.keys(runs), ...Object.keys(skipped)].sort()).toEqual(
      folders.map(({ name }) => name).sort(),
    );
  });

  it.each(Object.keys(runs))('%s differs only where it is meant to', (run) => {
    expect(unexcused(excuses, run, found.get(run))).toEqual([]);
  });

  it('and a run without streaming is seen to be another than one with it', () => {
    const lines = differences({ ours: goldenFolder('whole'), theirs: goldenFolder('stream') });
    for (const expected of [
      'files: no inputs.json to compare',
      'json: key time_to_first_token is missing',
      'csv: row Time to First Token (ms) is missing',
      'jsonl: metric of valid records time_to_first_token is missing',
      'console: row of LLM Metrics Time to First Token (ms) is missing',
      'json: value of input_config phases.0.requests is 8, there 12',
    ]) {
      expect(lines).toContain(expected);
    }
    expect(lines.filter((line) => line.startsWith('json: cli_command is '))).toHaveLength(1);
  });

  it('each excuse is still needed', () => {
    expect(unusedExcuses(excuses, found)).toEqual([]);
  });
});

async function compare(
  run: string,
  { server: settings, trace: rows, interruptAfter }: GoldenRun,
): Promise<string[]> {
  const cwd = temporaryFolder();
  // Three bytes a token: far from the tokenizer's count, as that server's was.
  const server =
    settings && (await startMockServer({ port: 0, dialect: 'plain', bytesPerToken: 3, ...settings }));
  try {
    if (rows !== undefined)
      writeFileSync(join(cwd, 'trace.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const recorded = goldenText(`${run}/command.txt`);
    const words = wordsOf(recorded, server?.port ?? 9);
    const ours = join(cwd, 'artifacts');
    const options = { cwd, env: { COLUMNS: '120' } };
    const { stdout, stderr, code } =
      interruptAfter === undefined
        ? await aiperf(words, options)
        : await interruptedAfter(interruptAfter, ours, startAiperf(words, options));
    const theirCode = /^exit code: (\w+)/m.exec(recorded)?.[1] ?? (server === undefined ? '1' : '0');
    return [
      ...(String(code) === theirCode ? [] : [`exit: code ${code}, there ${theirCode}`]),
      ...differences({ ours, theirs: goldenFolder(run), stdout, stderr }),
    ];
  } finally {
    await server?.close();
  }
}

async function interruptedAfter(count: number, folder: string, { child, ended }: Started): Promise<Ended> {
  while (child.exitCode === null && recordedIn(folder) < count) await after(20);
  child.kill('SIGINT');
  return ended;
}

/** The recorded command against our server, with the tokenizer that ships with us. */
function wordsOf(recorded: string, port: number): string[] {
  const [command = ''] = recorded.split('\n');
  const words = command
    .replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`)
    .replace('/bench/token/qwen3', 'Qwen/Qwen3-0.6B')
    .replace('\\,', ',')
    .replace(/ (request_latency:\d+)/, '+$1')
    .split(' ')
    .map((word) => word.replace('+', ' '));
  // Without the option the run makes a folder of its own in this one.
  const named = words.includes('--artifact-dir') || words.includes('summary');
  return [...words.slice(1), ...(named ? [] : ['--artifact-dir', 'artifacts'])];
}

function recordedIn(folder: string): number {
  const path = join(folder, 'profile_export.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}
