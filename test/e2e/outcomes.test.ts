import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aiperf,
  type Ended,
  filesBelow,
  type Options,
  profileWords,
  readJson,
  readRecords,
  startAiperf,
  temporaryFolder,
} from './aiperf.js';
import { chatEvent, type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';
import { unhurried } from './unhurried.js';

const base: Options = { model: 'm', tokenizer: 'builtin', streaming: true, isl: 10, osl: 2, concurrency: 1 };

/** Runs against a server that answers with two tokens unless `refuses` says otherwise. */
async function play(options: Options, refuses: (number: number) => boolean = () => false) {
  const server = await startScriptedServer((_, response, number) => {
    if (refuses(number)) response.writeHead(503).end('{"error":"full"}');
    else streamTokens(response, ['a', 'b']);
  });
  const folder = temporaryFolder();
  try {
    const ended = await aiperf(
      profileWords({ ...base, url: server.url, 'artifact-dir': folder, ...options }),
    );
    return { ended, folder };
  } finally {
    server.close();
  }
}

const summaryIn = (folder: string) => readJson(join(folder, 'profile_export_aiperf.json'));

describe('every request failed', () => {
  let ended: Ended;
  let folder: string;
  beforeAll(async () => {
    const load: Options = {
      'request-count': 5,
      'slice-duration': 1,
      report: true,
      goodput: 'request_latency:100',
    };
    ({ ended, folder } = await play(load, () => true));
  });

  it('all files are written, and the exit code is 1', () => {
    expect(ended.code).toBe(1);
    expect(filesBelow(folder)).toEqual([
      ...['.aiperf_results_ready.json', 'inputs.json', 'logs/aiperf.log', 'profile_export.jsonl'],
      ...['profile_export_aiperf.csv', 'profile_export_aiperf.json'],
      ...['profile_export_aiperf_timeslices.csv', 'profile_export_aiperf_timeslices.json'],
      ...['profile_export_console.txt', 'profile_export_series.jsonl', 'report.html', 'run_config.json'],
    ]);
  });

  it('the summary has counts, errors and times', () => {
    const summary = summaryIn(folder);
    expect(summary).toMatchObject({
      request_count: { unit: 'requests', avg: 0 },
      error_request_count: { unit: 'requests', avg: 5 },
      completed_request_count: { avg: 5 },
      request_error_rate: { avg: 100 },
      good_request_fraction: { avg: 0 },
      ...{ was_cancelled: false, is_complete: true },
      error_summary: [
        { error_details: { code: 503, type: 'Service Unavailable', message: '{"error":"full"}' }, count: 5 },
      ],
    });
    expect(Date.parse(`${summary.end_time}Z`)).toBeGreaterThan(Date.parse(`${summary.start_time}Z`));
    const csv = readFileSync(join(folder, 'profile_export_aiperf.csv'), 'utf8');
    expect(csv).toContain('\r\nError Request Count,5.00\r\n');
    expect(csv).toContain('\r\nRequest Count,0.00\r\n');
    const { timeslices } = readJson(join(folder, 'profile_export_aiperf_timeslices.json'));
    expect(timeslices[0].error_request_count.avg).toBe(5);
  });

  it('the console and its file show what failed, and why there is nothing more', () => {
    const text = readFileSync(join(folder, 'profile_export_console.txt'), 'utf8');
    expect(text).toMatch(/│ {2}503 │ Service Unavailable │ \{"error":"full"\} │ {5}5 │/);
    expect(text).toContain('All 5 inference request(s) failed.');
    expect(ended.stdout.startsWith(text)).toBe(true);
    expect(ended.stdout).toContain('\nSuccess Rate: 0% (5 errors): 503 Service Unavailable\n');
    expect(ended.stdout).toContain(`\nJSON Export: ${folder}/profile_export_aiperf.json\n`);
  });

  it('aiperf report makes the same of the records', async () => {
    const before = summaryIn(folder);
    const again = await aiperf(['report', folder, '--rewrite']);
    expect(again.code).toBe(1);
    const { request_count, error_request_count, error_summary } = summaryIn(folder);
    expect({ request_count, error_request_count, error_summary }).toEqual({
      request_count: before.request_count,
      error_request_count: before.error_request_count,
      error_summary: before.error_summary,
    });
  });
});

describe('the exit code', () => {
  it('is 0 with failed requests among good ones', async () => {
    const { ended } = await play({ 'request-count': 4 }, (number) => number === 2);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('Success Rate: 75% (1 errors)');
  });

  it('of a sweep is 0 when two runs succeeded, though another one failed, and 1 when only one did', async () => {
    const load = { 'request-count': 2, concurrency: '1,2,4' };
    const two = await play(load, (number) => number <= 2);
    expect(two.ended.code).toBe(0);
    const one = await play(load, (number) => number <= 4);
    expect(one.ended.code).toBe(1);
    const summaries = readJson(join(two.folder, 'sweep_aggregate/profile_export_aiperf_sweep.json'));
    expect(summaries).toMatchObject({ num_profile_runs: 3, num_successful_runs: 2 });
  });
});

describe('planned cancellations', () => {
  let server: ScriptedServer;
  beforeAll(async () => {
    // Every response is longer than the delay of a cancellation.
    server = await startScriptedServer((_, response, number) => {
      if (number === 1) return void response.writeHead(503).end('full');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatEvent({ content: 'a' }));
      setTimeout(() => response.end(`${chatEvent({ content: 'b' }, 'stop')}data: [DONE]\n\n`), 150);
    });
  });
  afterAll(() => server.close());

  it('are counted and shown apart from failures', async () => {
    const folder = temporaryFolder();
    const ended = await aiperf(
      profileWords({
        ...{ ...base, url: server.url, 'artifact-dir': folder, 'request-count': 40, concurrency: 10 },
        ...{ 'request-cancellation-rate': 30, 'request-cancellation-delay': 0.02, 'random-seed': 7 },
        ...{ goodput: 'request_latency:100000', report: true, ui: 'simple', 'slice-duration': 60 },
      }),
    );
    expect(ended.code).toBe(0);
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const cancelled = records.filter(({ error }) => error?.code === 499).length;
    expect(cancelled).toBeGreaterThan(3);
    const good = 40 - cancelled - 1;
    const summary = summaryIn(folder);
    expect(summary).toMatchObject({
      // As AIPerf counts.
      ...{ request_count: { avg: good }, error_request_count: { avg: cancelled + 1 } },
      ...{ completed_request_count: { avg: 40 }, request_error_rate: { avg: (100 * (cancelled + 1)) / 40 } },
      planned_cancellation_count: { avg: cancelled },
      request_failure_rate: { avg: 100 / (good + 1) },
      good_request_fraction: { avg: good / (good + 1) },
      // One of them is infinite, the failure: its percentile by nearest rank is the first that is.
      adj_request_latency: { count: good + 1 },
      slo_attainment: { request_latency: { fraction_of_attempts: good / (good + 1) } },
    });
    expect(
      summary.error_summary
        .map(({ count }: { count: number }) => count)
        .sort((a: number, b: number) => a - b),
    ).toEqual([1, cancelled]);
    const rate = Math.round((100 * good) / (good + 1));
    expect(ended.stdout).toContain(
      `\nSuccess Rate: ${rate}% (1 errors): 503 Service Unavailable\nCancelled On Purpose: ${cancelled} of 40 requests\n`,
    );
    const table = ended.stdout.replace(/ +/g, ' ');
    expect(table).toContain(`│ Planned Cancellations (requests) │ ${cancelled}.00 │`);
    expect(table).toContain('│ Request Failure Rate (%) │');
    expect(table).not.toContain('Request Error Rate');
    expect(table).not.toContain('RequestCancellationError');
    expect(table).toContain(`${good} + 1 failed + ${cancelled} cancelled`);
    // The progress line counts the failure alone.
    expect(ended.stderr).toMatch(/40\/40 .*, [01] errors?,/);
    const page = readFileSync(join(folder, 'report.html'), 'utf8');
    expect(page).toContain(`${cancelled} requests were cancelled on purpose, and not counted as failures.`);
    expect(page).toContain(`1 of ${good + 1} requests failed`);
    const again = await aiperf(['report', folder]);
    expect(again.stdout).toContain(`Cancelled On Purpose: ${cancelled} of 40 requests`);
  });
});

describe('a warm-up', () => {
  const warm = { 'warmup-request-count': 3, 'request-count': 4, ui: 'simple' };
  const warnings = ({ stderr }: Ended) =>
    [...stderr.matchAll(/WARNING +(.*warm-up.*)/g)].map(([, text]) => text);

  it('of which all three requests fail: one warning, and counts in the summary', async () => {
    const { ended, folder } = await play(warm, (number) => number <= 3);
    expect(ended.code).toBe(0);
    const warning =
      '3 of 3 warm-up requests failed (503 Service Unavailable: {"error":"full"}); the server may not be warm for the first measured requests';
    expect(warnings(ended)).toEqual([warning]);
    expect(readFileSync(join(folder, 'logs/aiperf.log'), 'utf8')).toContain(
      ` - warmup - WARNING - ${warning}\n`,
    );
    expect(summaryIn(folder)).toMatchObject({
      request_count: { avg: 4 },
      warmup_metrics: { request_count: { avg: 0 }, error_request_count: { avg: 3 } },
    });
    expect(ended.stdout).toContain(`Success Rate: 100% (0 errors)\nWarm-up: ${warning}\n`);
  });

  it('that fails is told without a log on the screen, too', async () => {
    const { ended } = await play({ ...warm, ui: 'none' }, (number) => number <= 3);
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toMatch(/^Warm-up: 3 of 3 warm-up requests failed /m);
  });

  it('of which one fails', async () => {
    const { ended, folder } = await play(warm, (number) => number === 2);
    expect(warnings(ended)).toEqual([expect.stringMatching(/^1 of 3 warm-up requests failed \(503 /)]);
    expect(summaryIn(folder).warmup_metrics).toMatchObject({
      request_count: { avg: 2 },
      error_request_count: { avg: 1 },
    });
  });

  it('is in a summary that is made from the records, too', async () => {
    const { folder } = await play(warm, (number) => number === 2);
    const before = summaryIn(folder).warmup_metrics;
    expect((await aiperf(['report', folder, '--rewrite'])).code).toBe(0);
    expect(summaryIn(folder).warmup_metrics).toEqual(before);
    rmSync(join(folder, 'profile_export_aiperf.json'));
    expect((await aiperf(['report', folder])).code).toBe(0);
    expect(summaryIn(folder).warmup_metrics).toEqual(before);
  });

  it('that succeeds is not mentioned', async () => {
    const { ended } = await play(warm);
    expect(warnings(ended)).toEqual([]);
  });

  it('that is cut at the end of its grace period, or in which the run is interrupted', async () => {
    let onWarmup = () => {};
    // The first request is that of the warm-up.
    const server = await startScriptedServer((_, response, number) => {
      if (number > 1) streamTokens(response, ['a']);
      else onWarmup();
    });
    const options = { ...base, url: server.url, 'warmup-duration': 0.5, 'request-count': 2, ui: 'simple' };
    try {
      const interrupted = startAiperf(profileWords({ ...options, 'artifact-dir': temporaryFolder() }), {
        env: unhurried,
      });
      onWarmup = () => interrupted.child.kill('SIGINT');
      const first = await interrupted.ended;
      expect(first.code).toBe(130);
      expect(warnings(first)).toEqual([
        '1 of 1 warm-up requests were cut when the run was ended; the run was ended during its warm-up, so nothing was measured',
      ]);
      expect(first.stdout).toContain('Run cancelled during its warm-up: nothing was measured.');
      server.forget();
      onWarmup = () => {};
      const second = await aiperf(
        profileWords({ ...options, 'warmup-grace-period': 0.2, 'artifact-dir': temporaryFolder() }),
      );
      expect(second.code).toBe(0);
      expect(warnings(second)).toEqual([
        '1 of 1 warm-up requests were cut at the end of the grace period; the server may not be warm for the first measured requests',
      ]);
    } finally {
      server.close();
    }
  });
});

it('aiperf report --format json counts successful and failed requests by the names of the summary', async () => {
  const { folder } = await play({ 'request-count': 5 }, (number) => number <= 2);
  const { stdout } = await aiperf(['report', folder, '--format', 'json']);
  const { request_count, error_request_count, completed_request_count } = JSON.parse(stdout);
  expect({ request_count, error_request_count, completed_request_count }).toEqual({
    request_count: 3,
    error_request_count: 2,
    completed_request_count: 5,
  });
  expect(summaryIn(folder)).toMatchObject({ request_count: { avg: 3 }, error_request_count: { avg: 2 } });
});
