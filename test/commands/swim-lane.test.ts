import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ChartRun, chartMetrics } from '../../src/charts/chart-run.js';
import { sessionLanes } from '../../src/charts/session-lanes.js';
import { swimLane } from '../../src/charts/swim-lane.js';
import { readRequests } from '../../src/commands/report/read-requests.js';
import { everything } from '../../src/metrics/filter.js';
import { aiperf } from './in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'lanes-'));
const START_NS = 1_767_225_600_000_000_000n;

interface Line {
  readonly session: string;
  readonly agent?: string;
  readonly turn: number;
  /** ms. */
  readonly at: number;
  readonly end: number;
  readonly final?: boolean;
  readonly hasFirstToken?: boolean;
}

function line({
  session,
  agent = session,
  turn,
  at,
  end,
  final = false,
  hasFirstToken = true,
}: Line): string {
  const epoch = (ms: number) => START_NS + BigInt(ms * 1e6);
  const metadata =
    `"x_request_id":"${agent}-${turn}","x_correlation_id":"${agent}","root_correlation_id":"${session}",` +
    `"turn_index":${turn},${final ? '' : '"is_final_turn":false,'}"benchmark_phase":"profiling",` +
    `"request_start_ns":${epoch(at)},"request_end_ns":${epoch(end)}`;
  const metrics = {
    ...(hasFirstToken ? { time_to_first_token: { value: 10, unit: 'ms' } } : {}),
    request_latency: { value: end - at, unit: 'ms' },
  };
  return `{"metadata":{${metadata}},"metrics":${JSON.stringify(metrics)}}\n`;
}

/** A session of two agents, one that begins after it ended, and one beside both. */
const lines: readonly Line[] = [
  { session: 'a', turn: 0, at: 0, end: 100 },
  { session: 'a', agent: 'a1', turn: 0, at: 100, end: 300 },
  { session: 'a', turn: 1, at: 300, end: 400, final: true },
  { session: 'b', turn: 0, at: 500, end: 600 },
  { session: 'b', turn: 1, at: 700, end: 800, final: true },
  { session: 'c', turn: 0, at: 50, end: 100 },
  { session: 'c', turn: 1, at: 600, end: 1000, final: true },
];

function runOf(name: string, records: readonly Line[]): string {
  const dir = join(folder, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'profile_export.jsonl'), records.map(line).join(''));
  return dir;
}

let run: string;
beforeAll(() => {
  run = runOf('run', lines);
});

const chartRun = (dir: string) => {
  const file = join(dir, 'profile_export.jsonl');
  const { table } = readRequests(file, { metrics: chartMetrics, filter: everything });
  return new ChartRun(table, { objectives: [], sliced: undefined, series: [] });
};

it('gives sessions that do not overlap one lane, and each agent a row of it', () => {
  expect(sessionLanes.data(chartRun(run))).toEqual({
    subtitle: '3 sessions; 2 lanes',
    seconds: 1,
    // Lane 1 of a and b has the rows of a and its agent, lane 2 that of c.
    rows: 3,
    parts: [
      {
        name: 'Between requests',
        colour: 'line',
        height: 0.35,
        spans: [
          [0, 0.4, 0],
          [0.1, 0.3, 1],
          [0.5, 0.8, 0],
          [0.05, 1, 2],
        ],
      },
      expect.objectContaining({ name: 'Waiting for the first token' }),
      expect.objectContaining({ name: 'Receiving tokens' }),
    ],
  });
});

it('tells requests without a first token from those that received tokens', () => {
  const drawn = chartRun(
    runOf('no-token', [
      { session: 'x', turn: 0, at: 0, end: 100 },
      { session: 'x', turn: 1, at: 200, end: 300, final: true, hasFirstToken: false },
    ]),
  );
  expect(sessionLanes.data(drawn)?.parts.slice(2)).toEqual([
    expect.objectContaining({ name: 'Receiving tokens', spans: [[0.01, 0.1, 0]] }),
    expect.objectContaining({ name: 'In flight', spans: [[0.2, 0.3, 0]] }),
  ]);
});

it('has no lanes of sessions where each has one request, and draws the requests', () => {
  const single = [
    { session: 'x', turn: 0, at: 0, end: 100, final: true },
    { session: 'y', turn: 0, at: 0, end: 100, final: true },
  ];
  const drawn = chartRun(runOf('single', single));
  expect(sessionLanes.data(drawn)).toBeUndefined();
  expect(swimLane({ concurrency: undefined, rampSeconds: undefined }).data(drawn)?.lanes.kind).toBe(
    'requests',
  );
});

it('aiperf analyze swim-lane writes a picture and a page', async () => {
  const { code, stdout, stderr } = await aiperf(
    'analyze',
    'swim-lane',
    run,
    '-c',
    '2',
    '--ramp',
    '0.5',
    '--html',
  );
  expect([code, stdout, stderr]).toEqual([
    0,
    `saved ${join(run, 'swim_lane.png')}\nsaved ${join(run, 'swim_lane.html')}\n`,
    '',
  ]);
  expect(readFileSync(join(run, 'swim_lane.png')).subarray(1, 4).toString()).toBe('PNG');
  const page = readFileSync(join(run, 'swim_lane.html'), 'utf8');
  // Session 1: 0 to 0.4 s, always with a request in flight; its longest chain is its own two turns.
  expect(page).toContain(
    '<th scope="row">1</th><td>0.00</td><td>0.40</td><td>0.40</td><td>0.20</td><td>3</td><td>2</td><td class="text">completed</td>',
  );
});

it('goes on after a folder without a run, and ends with 1', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const { code, stdout, stderr } = await aiperf('analyze', 'swim-lane', empty, run);
  expect(code).toBe(1);
  expect(stdout).toBe(`saved ${join(run, 'swim_lane.png')}\n`);
  expect(stderr).toMatch(/^skip .*empty: /);
  expect(statSync(join(run, 'swim_lane.png')).size).toBeGreaterThan(1000);
  const two = await aiperf('analyze', 'swim-lane', empty, run, '-o', join(folder, 'x.png'));
  expect([two.code, two.stderr.includes('--out needs a single run directory.')]).toEqual([1, true]);
});
