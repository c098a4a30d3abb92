import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openArrivals } from '../../src/schedule/arrivals.js';
import { randomStream } from '../../src/util/random.js';
import {
  aiperf,
  type Options,
  profileWords,
  type RecordLine,
  readJson,
  readRecords,
  temporaryFolder,
} from './aiperf.js';
import {
  chatEvent,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
  streamTokens,
} from './scripted-server.js';
import { startSimulatedServer } from './simulated-server.js';

let server: ScriptedServer | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

const base: Options = { model: 'm', tokenizer: 'builtin', streaming: true, 'random-seed': 7 };
const lengths: Options = { isl: 10, osl: 2 };

/** A run against a server that answers as told. */
async function run(
  options: Options,
  answer: (response: ServerResponse, number: number, request: SeenRequest) => unknown = (response) =>
    streamTokens(response, ['x', ' y']),
) {
  server = await startScriptedServer((request, response, number) => void answer(response, number, request));
  return runAt(server.url, options);
}

async function runAt(url: string, options: Options) {
  const folder = temporaryFolder();
  const ended = await aiperf(
    profileWords({
      ...base,
      ...(options['input-file'] ? {} : lengths),
      ...options,
      url,
      'artifact-dir': folder,
    }),
    {
      // A machine that is busy for a moment must not move the schedule.
      env: { AIPERF_TIMING_MAX_CATCHUP_SECONDS: '60' },
    },
  );
  const json = join(folder, 'profile_export_aiperf.json');
  return {
    ended,
    folder,
    records: readRecords(join(folder, 'profile_export.jsonl')),
    warmup: () => readRecords(join(folder, 'profile_export_warmup.jsonl')),
    summary: existsSync(json) ? readJson(json) : undefined,
    log: readFileSync(join(folder, 'logs', 'aiperf.log'), 'utf8'),
  };
}

/** Due times after the first, µs, in order. */
function dueUs(records: readonly RecordLine[]): number[] {
  const dues = records.map((record) => record.ns('credit_issued_ns')).sort((a, b) => Number(a - b));
  return dues.map((due) => Number(due - (dues[0] ?? 0n)) / 1000);
}

/** Both to the microsecond. */
function expectDue(records: readonly RecordLine[], expectedUs: readonly number[]): void {
  const dues = dueUs(records);
  expect(dues.length).toBe(expectedUs.length);
  expect(dues.filter((due, i) => Math.abs(due - (expectedUs[i] ?? Number.NaN)) >= 1)).toEqual([]);
}

const conversations = (records: readonly RecordLine[]) =>
  records.map(({ metadata }) => String(metadata.conversation_id));

describe('warm-up', () => {
  it('has records in its own file alone, and its prompts are not sent again', async () => {
    const { ended, records, warmup, summary } = await run({
      ...{ 'warmup-request-count': 5, 'request-count': 12, concurrency: 3 },
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(
      warmup()
        .map(({ metadata }) => [metadata.session_num, metadata.benchmark_phase])
        .sort(),
    ).toEqual([0, 1, 2, 3, 4].map((number) => [number, 'warmup']));
    for (const { metadata } of warmup())
      expect(metadata).toMatchObject({ phase_index: 0, phase_name: 'warmup', phase_kind: 'warmup' });
    expect(records.length).toBe(12);
    for (const { metadata } of records)
      expect(metadata).toMatchObject({
        phase_index: 1,
        phase_name: 'profiling',
        benchmark_phase: 'profiling',
      });
    expect(new Set(conversations([...records, ...warmup()])).size).toBe(17);
    const prompts = server?.seen.map(({ body }) => body) ?? [];
    expect([prompts.length, new Set(prompts).size]).toEqual([17, 17]);
    expect(summary).toMatchObject({
      request_count: { avg: 12 },
      warmup_metrics: { request_count: { avg: 5 } },
    });
    // Profiling starts when every answer of warm-up is there.
    const times = (of: readonly RecordLine[], key: string) => of.map((record) => record.ns(key));
    const lastEnd = times(warmup(), 'request_end_ns').sort((a, b) => Number(b - a))[0] ?? 0n;
    expect(times(records, 'request_start_ns').every((start) => start > lastEnd)).toBe(true);
  });

  it('leaves profiling the entries behind its own, and says when they have to be sent again', async () => {
    const { records, warmup, log } = await run({
      ...{ 'warmup-request-count': 3, 'request-count': 5, 'num-dataset-entries': 6 },
    });
    const number = (id: string) => Number(/\d+$/.exec(id));
    expect(conversations(warmup()).map(number)).toEqual([0, 1, 2]);
    expect(conversations(records).map(number)).toEqual([3, 4, 5, 0, 1]);
    expect(log).toContain('its 6 conversations are sent more than once');
    expect(log).toContain('8 sessions were played from 6 conversations');
  });

  it('ends by its duration and its grace period, and profiling follows', async () => {
    const { ended, records, warmup, summary } = await run(
      {
        ...{ 'warmup-duration': 0.2, 'warmup-grace-period': 0.2, 'warmup-concurrency': 2 },
        ...{ 'request-count': 4, concurrency: 1 },
      },
      (response, number) => number > 2 && streamTokens(response, ['x', ' y']),
    );
    expect(ended.code).toBe(0);
    expect(warmup().map(({ error }) => [error?.code, error?.message])).toEqual(
      Array(2).fill([499, 'Request cancelled: still in flight when the grace period of 0.2 s ended']),
    );
    expect(records.map(({ error }) => error)).toEqual(Array(4).fill(undefined));
    expect(summary).toMatchObject({ request_count: { avg: 4 }, error_summary: [] });
  });
});

describe('the end of the duration', () => {
  it('drops what is in flight when the grace period is over: a record each, counted', async () => {
    const { ended, records, summary } = await run(
      { concurrency: 2, 'benchmark-duration': 0.5, 'benchmark-grace-period': 0.3 },
      (response, number) => number <= 4 && streamTokens(response, ['x', ' y']),
    );
    expect(ended.code).toBe(0);
    const cut = records.filter(({ error }) => error !== undefined);
    expect([records.length, cut.length]).toEqual([6, 2]);
    for (const record of cut) {
      expect(record.error).toEqual({
        code: 499,
        type: 'RequestCancellationError',
        message: 'Request cancelled: still in flight when the grace period of 0.3 s ended',
      });
      expect(record.metadata.was_cancelled).toBe(true);
      // The phase started before its first request was due.
      const [first] = records.map((each) => each.ns('credit_issued_ns')).sort((a, b) => Number(a - b));
      expect(record.ns('cancellation_time_ns') - (first ?? 0n) >= 800_000_000n).toBe(true);
    }
    expect(summary).toMatchObject({
      ...{ request_count: { avg: 4 }, error_request_count: { avg: 2 } },
      error_summary: [{ error_details: { code: 499 }, count: 2 }],
    });
  });

  it('counts what is answered within the grace period, and sends nothing more', async () => {
    const { ended, records } = await run({ concurrency: 2, 'benchmark-duration': 0.3 }, (response) =>
      sleep(600).then(() => streamTokens(response, ['x', ' y'])),
    );
    expect(ended.code).toBe(0);
    expect(records.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  it('drops turns whose delay is not over', async () => {
    const { records } = await run({
      ...{ 'conversation-turn-mean': 2, 'conversation-turn-delay-mean': 60_000, 'num-dataset-entries': 5 },
      ...{ concurrency: 2, 'benchmark-duration': 0.4 },
    });
    expect(records.map(({ metadata }) => metadata.turn_index)).toEqual([0, 0]);
  });
});

describe('cancellation', () => {
  const cancelled = (seed: number) => {
    let dropped = 0;
    return run(
      {
        ...{ 'request-cancellation-rate': 30, 'request-cancellation-delay': 0.05, 'request-count': 500 },
        ...{ concurrency: 100, 'random-seed': seed },
      },
      (response) => {
        response.on('close', () => {
          if (!response.writableFinished) dropped++;
        });
        setTimeout(() => {
          if (!response.destroyed) streamTokens(response, ['x', ' y']);
        }, 400);
      },
    ).then((result) => ({ ...result, dropped }));
  };

  it('drops the chosen ones, and their sockets; the same ones for the same seed', async () => {
    const first = await cancelled(7);
    server?.close();
    const second = await cancelled(7);
    const chosen = (records: readonly RecordLine[]) =>
      conversations(records.filter(({ metadata }) => metadata.was_cancelled)).sort();
    const { records, summary, ended, dropped } = first;
    const cut = records.filter(({ metadata }) => metadata.was_cancelled);
    expect(ended.code).toBe(0);
    expect(records.length).toBe(500);
    // Four standard deviations: 4 · √(500 · 0.3 · 0.7) = 41.
    expect(Math.abs(cut.length - 150)).toBeLessThanOrEqual(41);
    expect(chosen(second.records)).toEqual(chosen(records));
    expect(dropped).toBe(cut.length);
    for (const record of cut) {
      expect(record.error).toEqual({
        code: 499,
        type: 'RequestCancellationError',
        message: 'Request cancelled 0.050s after being sent',
      });
      const cancelledNs = record.ns('cancellation_time_ns');
      expect(record.ns('request_end_ns')).toBe(cancelledNs);
      expect(cancelledNs - record.ns('request_start_ns') >= 50_000_000n).toBe(true);
      expect(Object.keys(record.metrics)).toEqual(['error_isl']);
    }
    expect(summary).toMatchObject({
      ...{ request_count: { avg: 500 - cut.length }, error_request_count: { avg: cut.length } },
      error_summary: [{ error_details: { code: 499 }, count: cut.length }],
    });
  });
});

describe('conversations', () => {
  it('send each turn its delay after the return of the one before', async () => {
    const { records } = await run({
      ...{ concurrency: 2, 'conversation-num': 4, 'conversation-turn-mean': 3 },
      ...{ 'conversation-turn-delay-mean': 120 },
    });
    expect(records.length).toBe(12);
    const byTurn = new Map(
      records.map((record) => [`${record.metadata.conversation_id} ${record.metadata.turn_index}`, record]),
    );
    for (const record of records) {
      const turn = Number(record.metadata.turn_index);
      const before = byTurn.get(`${record.metadata.conversation_id} ${turn - 1}`);
      if (turn === 0) continue;
      const waitNs = record.ns('credit_issued_ns') - (before?.ns('request_end_ns') ?? 0n);
      expect(Math.abs(Number(waitNs) - 120e6)).toBeLessThan(1000);
    }
  });
});

/** Counts how many requests a server has open at once, and how many of them have no token yet. */
function openRequests() {
  const now = { open: 0, prefilling: 0 };
  const most = { open: 0, prefilling: 0 };
  return {
    most,
    async serve(response: ServerResponse, prefillMs: number, decodeMs: number) {
      most.open = Math.max(most.open, ++now.open);
      most.prefilling = Math.max(most.prefilling, ++now.prefilling);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      await sleep(prefillMs);
      now.prefilling--;
      response.write(chatEvent({ content: 'x' }));
      await sleep(decodeMs);
      now.open--;
      response.end(`${chatEvent({ content: ' y' }, 'stop')}data: [DONE]\n\n`);
    },
  };
}

describe('limits', () => {
  it('--request-rate with --concurrency: ticks above the ceiling are lost', async () => {
    const { most, serve } = openRequests();
    const { records } = await run(
      {
        ...{ 'request-rate': 100, 'arrival-pattern': 'constant', concurrency: 3 },
        'benchmark-duration': 1.2,
      },
      (response) => serve(response, 10, 300),
    );
    expect(most.open).toBe(3);
    // Three every 310 ms or a little more: five times three in 1.2 s at the most, and not 120.
    expect(records.length).toBeGreaterThanOrEqual(6);
    expect(records.length).toBeLessThanOrEqual(15);
    // All on ticks of 10 ms.
    for (const due of dueUs(records))
      expect(Math.abs(due - 10_000 * Math.round(due / 10_000))).toBeLessThan(1);
  });

  it('--prefill-concurrency: never more than its number before their first token', async () => {
    const { most, serve } = openRequests();
    const { records, ended } = await run(
      { concurrency: 8, 'prefill-concurrency': 2, 'request-count': 40 },
      (response) => serve(response, 20, 100),
    );
    expect(ended.code).toBe(0);
    expect(records.length).toBe(40);
    expect(most.prefilling).toBe(2);
    expect(most.open).toBeGreaterThan(2);
    expect(most.open).toBeLessThanOrEqual(8);
  });

  it('--prefill-concurrency over several load threads', async () => {
    const { most, serve } = openRequests();
    const { records } = await run(
      {
        ...{ 'request-rate': 300, 'prefill-concurrency': 3, 'request-count': 60, 'load-threads': 4 },
        'arrival-pattern': 'constant',
      },
      (response) => serve(response, 20, 50),
    );
    expect(records.length).toBe(60);
    expect(new Set(records.map(({ metadata }) => metadata.worker_id)).size).toBe(4);
    expect(most.prefilling).toBe(3);
  });

  it('--concurrency-ramp-duration: one more slot at each step', async () => {
    const waiting: ServerResponse[] = [];
    const { records } = await run(
      { concurrency: 5, 'concurrency-ramp-duration': 1, 'request-count': 5 },
      (response) => {
        waiting.push(response);
        if (waiting.length === 5) for (const each of waiting) streamTokens(each, ['x', ' y']);
      },
    );
    // Limit v at 1 s · (v - 1)/4.
    expectDue(records, [0, 250_000, 500_000, 750_000, 1_000_000]);
  });

  it('--request-rate-ramp-duration: the gaps shrink to those of the rate', async () => {
    const { records } = await run({
      ...{ 'request-rate': 60, 'arrival-pattern': 'constant', 'request-rate-ramp-duration': 1 },
      'request-count': 60,
    });
    const next = openArrivals({
      ...{ pattern: 'constant', ratePerSecond: 60, rampNs: 1e9, random: randomStream(0, 'none') },
    });
    const dues = Array.from({ length: 60 }, () => next() / 1000);
    const [first = 0] = dues;
    expectDue(
      records,
      dues.map((due) => due - first),
    );
    // Half the requests of a full second come in the ramp, and the rest at 1/60 s.
    expect(dueUs(records).filter((due) => due + first < 1e6).length).toBeGreaterThan(20);
    expect((dueUs(records).at(-1) ?? 0) - (dueUs(records).at(-2) ?? 0)).toBeCloseTo(1e6 / 60, 0);
  });
});

describe('users', () => {
  it('send one request every 1/λ together, and each every N/λ', async () => {
    const { records, ended } = await run({
      ...{ 'user-centric-rate': 10, 'num-users': 4, 'conversation-turn-mean': 3, 'request-count': 24 },
    });
    expect(ended.code).toBe(0);
    expectDue(
      records,
      Array.from({ length: 24 }, (_, i) => i * 100_000),
    );
    const users = new Set(records.map(({ metadata }) => String(metadata.x_correlation_id)));
    expect([...users].filter((user) => !/^\d+$/.test(user))).toEqual([]);
    for (const user of users) {
      const turns = records.filter(({ metadata }) => metadata.x_correlation_id === user);
      expectDue(
        turns,
        turns.map((_, i) => i * 400_000),
      );
    }
    // The fresh user comes first and has number N + 1.
    const first = records.find(({ metadata }) => metadata.session_num === 0);
    expect(first?.metadata.x_correlation_id).toBe('5');
  });
});

describe('a fixed schedule', () => {
  const rows = [100, 900, 1000, 1250, 1250, 1499, 1500, 1501, 2000];

  it('keeps the rows within its offsets, both included, each at its time', async () => {
    const file = join(temporaryFolder(), 'rows.jsonl');
    writeFileSync(
      file,
      rows.map((ms, i) => `${JSON.stringify({ text: `row ${i}`, timestamp: ms })}\n`).join(''),
    );
    const { records, ended } = await run({
      ...{ 'input-file': file, 'custom-dataset-type': 'single_turn', 'fixed-schedule': true },
      ...{ 'fixed-schedule-start-offset': 1000, 'fixed-schedule-end-offset': 1500 },
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expectDue(records, [0, 250_000, 250_000, 499_000, 500_000]);
    const contents = server?.seen.map(({ body }) => JSON.parse(body).messages[0].content).sort();
    expect(contents).toEqual(['row 2', 'row 3', 'row 4', 'row 5', 'row 6']);
    for (const { metadata } of records)
      expect(metadata.x_correlation_id).toBe(`fixed-schedule-${metadata.conversation_id}`);
  });

  it('says where the times of a file go back, and sends in the order of the times', async () => {
    const file = join(temporaryFolder(), 'rows.jsonl');
    const back = [0, 200, 100];
    writeFileSync(
      file,
      back.map((ms, i) => `${JSON.stringify({ text: `row ${i}`, timestamp: ms })}\n`).join(''),
    );
    const { records, log } = await run({
      ...{ 'input-file': file, 'custom-dataset-type': 'single_turn', 'fixed-schedule': true },
    });
    expectDue(records, [0, 100_000, 200_000]);
    expect(log).toMatch(
      /NOTICE - the send times go back at session \S+ \(.*rows\.jsonl:3\): sessions are sent in the order of their times, not of the file\n/,
    );
  });

  const trace = fileURLToPath(
    new URL('../../../shared/data/mooncake/conversation_trace.jsonl', import.meta.url),
  );
  const isThere = existsSync(trace);
  if (!isThere) process.stderr.write(`skipped: the Mooncake conversation trace is not at ${trace}\n`);

  it.skipIf(!isThere)('the first minute of a recorded trace, ten times as fast: every row once', async () => {
    interface Row {
      readonly timestamp: number;
      readonly input_length: number;
    }
    const minute = readFileSync(trace, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): Row => JSON.parse(line))
      .filter(({ timestamp }) => timestamp <= 60_000)
      .map((row) => ({ ...row, timestamp: row.timestamp / 10 }));
    const file = join(temporaryFolder(), 'minute.jsonl');
    writeFileSync(file, minute.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const simulated = await startSimulatedServer({ ttft: 20, itl: 0.1, timer: 'low-cpu' });
    const { records, ended } = await runAt(simulated.url, {
      ...{ 'input-file': file, 'custom-dataset-type': 'mooncake_trace', 'fixed-schedule': true },
      ...{ 'export-inputs': 'never' },
    });
    await simulated.close();
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(records.length).toBe(minute.length);
    const [zero = 0] = minute.map(({ timestamp }) => timestamp).sort((a, b) => a - b);
    expectDue(
      records,
      minute.map(({ timestamp }) => (timestamp - zero) * 1000).sort((a, b) => a - b),
    );
    const lengths = records.map(({ metrics }) => metrics.input_sequence_length?.value);
    const sorted = (values: readonly unknown[]) => values.map(Number).sort((a, b) => a - b);
    expect(sorted(lengths)).toEqual(sorted(minute.map(({ input_length }) => input_length)));
    expect(new Set(conversations(records)).size).toBe(minute.length);
  });
});
