import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { recordLine } from '../../src/export/records-jsonl.js';
import type { RunSummary } from '../../src/metrics/metric-store.js';
import type { StoredRecord } from '../../src/metrics/stored-request.js';
import type { CountedRecord } from '../../src/records/record.js';
import { everyTrait } from '../../src/run/configuration.js';
import { summarizeRecords } from '../../src/run/open.js';
import { readRecords } from '../../src/run/read-records.js';
import { UserError } from '../../src/util/errors.js';
import { counted, fourRequests, ms, origin, storeOf, streamingChat, thresholds } from '../metrics/records.js';

const recoverRun = (path: string) =>
  summarizeRecords(path, { phase: 'profiling', thresholds, traits: everyTrait });

const folder = mkdtempSync(join(tmpdir(), 'aiperf-records-'));
const path = join(folder, 'profile_export.jsonl');
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string | Buffer): { records: StoredRecord[]; cuts: number } {
  writeFileSync(path, text);
  let cuts = 0;
  const records = [...readRecords(path, () => cuts++)];
  return { records, cuts };
}

/** The lines that a run of these records leaves, and its own summary. */
function runOf(requests: readonly CountedRecord[], traits = streamingChat) {
  const store = storeOf([], traits);
  const context = { origin, recordProcessorId: 'record_processor_0f1e2d3c', phaseIndex: 0 };
  const lines = requests.map((request) => recordLine(request.record, store.add(request), context));
  return { lines, summary: store.summary() };
}

/** The same results; numbers may differ by 1e-12 of their size, which is what two roundings of a double come to. */
function expectSame(ours: RunSummary | undefined, live: RunSummary): void {
  const { results: ourResults, ...ourRest } = ours ?? { results: [] };
  const { results, ...rest } = live;
  expect(ourRest).toEqual(rest);
  expect(ourResults.map(({ tag, unit }) => [tag, unit])).toEqual(results.map(({ tag, unit }) => [tag, unit]));
  results.forEach(({ tag, statistics }, i) => {
    const again: Readonly<Record<string, number>> = ourResults[i]?.statistics ?? {};
    expect(Object.keys(again), tag).toEqual(Object.keys(statistics));
    for (const [name, value] of Object.entries(statistics)) {
      const scale = Math.max(Math.abs(value), name === 'std' ? (statistics.avg ?? 0) : 0);
      expect(Math.abs((again[name] ?? Number.NaN) - value), `${tag} ${name}`).toBeLessThanOrEqual(
        1e-12 * scale,
      );
    }
  });
}

const four = runOf(fourRequests);

describe('what our own writer wrote', () => {
  const { records } = read(four.lines.join(''));

  it('gives metadata with exact epochs, values with units, and errors', () => {
    expect(records.map(({ line, phase, cancelled }) => [line, phase, cancelled])).toEqual([
      [1, 'profiling', false],
      [2, 'profiling', false],
      [3, 'profiling', false],
      [4, 'profiling', false],
    ]);
    expect(records[1]?.metadata).toEqual({
      session_num: 1,
      x_request_id: '00000000-0000-4000-8000-000000000001',
      x_correlation_id: '11111111-0000-4000-8000-000000000001',
      conversation_id: 'session_000001',
      turn_index: 0,
      credit_issued_ns: 1767225600050000000n,
      request_start_ns: 1767225600050000000n,
      request_ack_ns: 1767225600170000000n,
      request_end_ns: 1767225600382000000n,
      worker_id: 'worker_a1b2c3d4',
      record_processor_id: 'record_processor_0f1e2d3c',
      benchmark_phase: 'profiling',
      phase_index: 0,
      profiling_index: 0,
      phase_name: 'profiling',
      phase_kind: 'profiling',
      was_cancelled: false,
      context_overflow_skip: false,
      agent_depth: 0,
      root_correlation_id: '11111111-0000-4000-8000-000000000001',
    });
    expect(records[1]?.metrics.slice(0, 2)).toEqual([
      ['time_to_first_token', 150, 'ms'],
      ['time_to_second_token', 30, 'ms'],
    ]);
    expect(records[1]?.values.get('inter_chunk_latency')).toEqual(Float64Array.of(30, 60, 90));
    expect(records[3]?.error).toEqual({
      code: 400,
      type: 'Bad Request',
      message: '{"error":"context window exceeded"}',
    });
    expect(records[3]?.metrics).toEqual([['error_isl', 64, 'tokens']]);
  });

  it('sums up to what the run itself summed up', () => {
    expectSame(recoverRun(path).summary, four.summary);
    const value = (tag: string) =>
      recoverRun(path).summary?.results.find((result) => result.tag === tag)?.statistics;
    // 0 ms to 1250 + 80 ms; three valid requests.
    expect(value('benchmark_duration')?.avg).toBeCloseTo(1.33, 12);
    expect(value('request_throughput')?.avg).toBeCloseTo(3 / 1.33, 12);
    expect(value('request_latency')).toMatchObject({ count: 3, p50: 200 });
  });

  it('works out again what stands in no record: counts, latenesses, the error-adjusted family', () => {
    const usage = (prompt: number) => ({
      prompt_tokens: prompt,
      completion_tokens: 5,
      total_tokens: prompt + 5,
    });
    const chunks = (start: number) => Float64Array.of(start + ms(10), start + ms(13) + 7);
    const requests = [
      // Due 3 ms before it was sent; 2 tokens where 10 were asked for; the server counts 30 % more than we do.
      counted(
        {
          dueNs: 5,
          startNs: ms(3) + 1,
          endNs: ms(30),
          contentNs: chunks(ms(3)),
          requestedOsl: 10,
          usage: usage(13),
        },
        { input: 10, output: 2 },
      ),
      // An empty answer (0 tokens) where 1000 were asked for.
      counted(
        {
          startNs: ms(40),
          endNs: ms(60),
          contentNs: chunks(ms(40)),
          requestedOsl: 1000,
          usage: usage(11),
          finishReason: 'stop',
        },
        { input: 10, output: 0 },
      ),
      // Off by 50 of 1000, which is not more than min(5 %, 50).
      counted(
        {
          startNs: ms(41),
          endNs: ms(61),
          contentNs: chunks(ms(41)),
          requestedOsl: 1000,
          finishReason: 'length',
        },
        { input: 10, output: 950 },
      ),
      // Off by 51.
      counted(
        { startNs: ms(42), endNs: ms(62), contentNs: chunks(ms(42)), requestedOsl: 1000 },
        { input: 10, output: 1051 },
      ),
      counted({
        startNs: ms(50),
        endNs: ms(51),
        contentNs: new Float64Array(),
        cancelledNs: ms(51),
        error: {
          code: 499,
          type: 'RequestCancellationError',
          message: 'Request cancelled 0.001s after being sent',
        },
      }),
      counted({
        startNs: ms(50),
        endNs: ms(51),
        contentNs: new Float64Array(),
        cancelledNs: ms(51),
        dropped: true,
        error: {
          code: 499,
          type: 'RequestCancellationError',
          message: 'Request cancelled: the run was interrupted while it was in flight',
        },
      }),
      counted({
        startNs: ms(50),
        endNs: ms(52),
        contentNs: new Float64Array(),
        error: {
          code: 400,
          type: 'Bad Request',
          message: 'maximum context length is 8',
          cause: 'c',
          causeChain: ['A', 'B'],
        },
      }),
    ];
    const { lines, summary } = runOf(requests);
    read(lines.join(''));
    const again = recoverRun(path).summary;
    expectSame(again, summary);
    const avg = (tag: string) => again?.results.find((result) => result.tag === tag)?.statistics.avg;
    expect(avg('osl_mismatch_count')).toBe(3);
    expect(again?.notes.lengthCauses).toEqual({ stop: 1, longer: 1, unknown: 1 });
    expect(avg('usage_discrepancy_count')).toBe(1);
    expect(avg('cancelled_request_count')).toBe(2);
    expect(again?.outcomes).toEqual({ completed: 4, failed: 1, cancelled: 1, dropped: 1 });
    expect(avg('context_overflow_count')).toBe(1);
    expect(avg('request_error_rate')).toBeCloseTo((100 * 3) / 7, 12);
    const lateness = again?.results.find(({ tag }) => tag === 'credit_to_start_latency');
    // 3 ms + 1 ns - 5 ns.
    expect(lateness?.statistics).toMatchObject({ max: 2.999996, count: 4 });
  });

  it('has no discrepancies where the server counts the tokens', () => {
    const usage = { prompt_tokens: 90, completion_tokens: 9, total_tokens: 99 };
    const { lines, summary } = runOf([counted({ usage }, { input: 90, output: 9 })], {
      ...streamingChat,
      serverTokenCounts: true,
    });
    read(lines.join(''));
    expectSame(recoverRun(path).summary, summary);
  });

  it('keeps warm-up records out of the figures', () => {
    const [first = '', ...rest] = four.lines;
    const warm = first.replaceAll('"profiling"', '"warmup"').replace('"profiling_index":0,', '');
    read([warm, ...rest].join(''));
    const recovered = recoverRun(path);
    expect(recovered).toMatchObject({ records: 3, warmups: 1, isCut: false });
    expectSame(recovered.summary, runOf(fourRequests.slice(1)).summary);
  });
});

describe('text that is not UTF-8', () => {
  it('is refused with its line, as is a line without an end', () => {
    const [first = '', second = ''] = four.lines;
    const latin = Buffer.from(second.replace('session_000001', 'caf\xe9'), 'latin1');
    expect(() => read(Buffer.concat([Buffer.from(first), latin]))).toThrow(
      `${path}:2: the line is not valid UTF-8`,
    );
    expect(() => [...readRecords('/dev/zero')]).toThrow(
      '/dev/zero:1: the row is longer than 64 MiB, the limit',
    );
  });
});

describe('what a killed process leaves', () => {
  const bytes = Buffer.from(
    four.lines
      .map((line, i) => (i === 1 ? line.replace('session_000001', 'sitzung_äöü_漢字') : line))
      .join(''),
  );

  it('wherever the file is cut, every whole line is read and half a line is counted', () => {
    const isNearEnd = (length: number) => bytes.subarray(Math.max(0, length - 2), length + 2).includes(10);
    const lengths = [...Array(bytes.length + 1).keys()].filter(
      (length) => length < 9 || length % 41 === 0 || isNearEnd(length),
    );
    for (const length of lengths) {
      const part = bytes.subarray(0, length);
      const ended = part.filter((byte) => byte === 10).length;
      const rest = length - (part.lastIndexOf(10) + 1);
      // All of a line but its line feed is whole.
      const lacksLineFeedOnly = bytes[length] === 10 && rest > 0;
      const { records, cuts } = read(part);
      expect([length, records.length, cuts]).toEqual([
        length,
        ended + (lacksLineFeedOnly ? 1 : 0),
        rest > 0 && !lacksLineFeedOnly ? 1 : 0,
      ]);
    }
  });

  it('an empty file gives nothing', () => {
    expect(read('')).toEqual({ records: [], cuts: 0 });
    expect(recoverRun(path).summary).toBeUndefined();
  });
});

it('lines across the borders of chunks, and one longer than a chunk', () => {
  const long = 'ä'.repeat(1_500_000);
  const lines = Array.from({ length: 3000 }, (_, i) =>
    (four.lines[0] ?? '').replace('session_000000', `s${i}`),
  );
  lines[7] = (lines[7] ?? '').replace('"s7"', `"${long}"`);
  const { records } = read(lines.join(''));
  const ids = records.map(({ metadata }) => metadata.conversation_id);
  expect(ids).toEqual(lines.map((_, i) => (i === 7 ? long : `s${i}`)));
});

describe('what AIPerf wrote', () => {
  it('null for what is absent; epochs in all their digits, whatever else the line holds', () => {
    const message = 'said \\"request_start_ns\\":1795513818607183320 and \\"request_end_ns\\": 1';
    const { records } = read(
      `{"error": {"code": null, "type": "X", "message": "${message}", "cause": null}, "trace_data": {"request_end_ns": 12},` +
        ' "metadata": {"session_num": 3, "request_start_ns": 1795513818607183319, "request_ack_ns": null,' +
        ' "request_end_ns" : 1795513818607183321, "credit_issued_ns": null, "was_cancelled": false,' +
        ' "benchmark_phase": "profiling", "conversation_id": null}, "metrics": {"error_isl": null,' +
        ' "time_to_first_token": {"value": null, "unit": "ms"}}}\r\n\n',
    );
    expect(records).toEqual([
      {
        line: 1,
        phase: 'profiling',
        metadata: {
          session_num: 3,
          request_start_ns: 1795513818607183319n,
          request_end_ns: 1795513818607183321n,
          was_cancelled: false,
          benchmark_phase: 'profiling',
        },
        metrics: [],
        values: new Map(),
        startNs: 1795513818607183319n,
        dueNs: undefined,
        endNs: 1795513818607183321n,
        error: { type: 'X', message: message.replaceAll('\\', '') },
        cancelled: false,
        dropped: false,
      },
    ]);
  });

  it('the names of its first versions', () => {
    const { records } = read(
      '{"metadata":{"x_request_id":"a","timestamp_ns":1759522419158355424,"credit_phase":"profiling"},' +
        '"metrics":{"ttft":{"value":3340.5,"unit":"ms"},"ttst":{"value":139.25,"unit":"ms"},' +
        '"request_count":{"value":1,"unit":"requests"},"request_latency":{"value":8.25,"unit":"sec"},' +
        '"min_request_timestamp":{"value":1759522419158355424,"unit":"ns"}},"error":null}\n' +
        '{"metadata":{"timestamp_ns":1759522419154829652,"credit_phase":"warmup"},"metrics":' +
        '{"error_request_count":{"value":1,"unit":"requests"}},"error":{"code":499,"type":' +
        '"RequestCancellationError","message":"Request was cancelled after 0.000 seconds"}}\n',
    );
    expect(records[0]?.startNs).toBe(1759522419158355424n);
    expect(records[0]?.values.get('time_to_first_token')).toBe(3340.5);
    expect(records[0]?.values.get('time_to_second_token')).toBe(139.25);
    expect(records[0]?.values.get('request_latency')).toBe(8250);
    expect(records[1]).toMatchObject({ phase: 'warmup', cancelled: true, endNs: undefined });
    const results = recoverRun(path).summary?.results.map(({ tag }) => tag);
    expect(results).toContain('request_throughput');
    expect(results).not.toContain('effective_latency');
  });
});

describe('lines that are no records', () => {
  const whole = '"metadata":{"request_start_ns":1}';
  it.each([
    ['{"metadata":{', /: this line is not a record of a request: .*JSON/],
    ['[1]', /: it is not an object\.$/],
    ['{"metrics":{}}', /: it has no metadata\.$/],
    ['{"metadata":{"session_num":1}}', /: metadata has no request_start_ns\.$/],
    ['{"metadata":{"request_start_ns":"1"}}', /: metadata\.request_start_ns is not a number\.$/],
    [`{${whole},"metrics":[]}`, /: its metrics are not an object\.$/],
    [`{${whole},"metrics":{"x":3}}`, /: metrics\.x is not of the form \{"value":number,"unit":"…"\}\.$/],
    [`{${whole},"metrics":{"x":{"value":["a"],"unit":"ms"}}}`, /: metrics\.x is not of the form/],
    [
      `{${whole},"metrics":{"request_latency":{"value":1,"unit":"tokens"}}}`,
      /: metrics\.request_latency is in 'tokens', which cannot be read as ms\.$/,
    ],
    [`{${whole},"error":"no"}`, /: its error is not an object\.$/],
  ])('%s', (line, message) => {
    let thrown: unknown;
    try {
      read(`${four.lines[0]}${line}\n${four.lines[1]}`);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UserError);
    const said = thrown instanceof Error ? thrown.message : '';
    expect(said.slice(0, path.length + 3)).toBe(`${path}:2:`);
    expect(said).toMatch(message);
  });
});
