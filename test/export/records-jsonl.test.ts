import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rawLine } from '../../src/export/raw-jsonl.js';
import type { RecordContext } from '../../src/export/record-metadata.js';
import { recordLine } from '../../src/export/records-jsonl.js';
import { statisticsOf } from '../../src/metrics/statistics.js';
import { metricOf } from '../../src/metrics/table.js';
import type { CountedRecord, RecordError } from '../../src/records/record.js';
import { type GoldenLine, goldenIsThere, goldenLines } from '../metrics/golden.js';
import { aRecord, counted, fourRequests, ms, origin, storeOf } from '../metrics/records.js';

const context: RecordContext = { origin, recordProcessorId: 'record_processor_0f1e2d3c', phaseIndex: 0 };

function lineOf(counted: CountedRecord): string {
  return recordLine(counted.record, storeOf([]).add(counted), context);
}

test('a valid record, to the last digit', () => {
  expect(lineOf(fourRequests[1] ?? counted())).toBe(
    '{"metadata":{"session_num":1,"x_request_id":"00000000-0000-4000-8000-000000000001",' +
      '"x_correlation_id":"11111111-0000-4000-8000-000000000001","conversation_id":"session_000001",' +
      '"turn_index":0,"credit_issued_ns":1767225600050000000,"request_start_ns":1767225600050000000,' +
      '"request_ack_ns":1767225600170000000,"request_end_ns":1767225600382000000,' +
      '"worker_id":"worker_a1b2c3d4","record_processor_id":"record_processor_0f1e2d3c",' +
      '"benchmark_phase":"profiling","phase_index":0,"profiling_index":0,"phase_name":"profiling",' +
      '"phase_kind":"profiling","was_cancelled":false,"context_overflow_skip":false,"agent_depth":0,' +
      '"root_correlation_id":"11111111-0000-4000-8000-000000000001"},' +
      '"metrics":{"time_to_first_token":{"value":150.0,"unit":"ms"},' +
      '"time_to_second_token":{"value":30.0,"unit":"ms"},' +
      '"time_to_first_output_token":{"value":180.0,"unit":"ms"},"request_latency":{"value":330.0,"unit":"ms"},' +
      '"decode_duration":{"value":180.0,"unit":"ms"},"inter_token_latency":{"value":30.0,"unit":"ms"},' +
      '"output_token_throughput_per_user":{"value":33.33333333333333,"unit":"tokens/sec/user"},' +
      '"e2e_output_token_throughput":{"value":21.21212121212121,"unit":"tokens/sec/user"},' +
      '"output_sequence_length":{"value":7,"unit":"tokens"},"input_sequence_length":{"value":30,"unit":"tokens"},' +
      '"output_token_count":{"value":5,"unit":"tokens"},"reasoning_token_count":{"value":2,"unit":"tokens"},' +
      '"thinking_efficiency":{"value":0.4,"unit":"ratio"},' +
      '"inter_chunk_latency":{"value":[30.0,60.0,90.0],"unit":"ms"},' +
      '"prefill_throughput_per_user":{"value":199.99999999999997,"unit":"tokens/sec/user"},' +
      '"full_decode_duration":{"value":182.0,"unit":"ms"},' +
      '"full_response_inter_token_latency":{"value":30.333333333333332,"unit":"ms"},' +
      '"full_response_output_token_throughput_per_user":{"value":32.96703296703297,"unit":"tokens/sec/user"},' +
      '"e2e_latency_per_output_token":{"value":47.14285714285714,"unit":"ms"},' +
      '"credit_to_start_latency":{"value":0.0,"unit":"ms"},' +
      '"effective_time_to_first_token":{"value":150.0,"unit":"ms"},' +
      '"effective_latency":{"value":332.0,"unit":"ms"}}}\n',
  );
});

test('a failed record has its input length alone, and no acknowledgement', () => {
  expect(lineOf(fourRequests[3] ?? counted())).toBe(
    '{"metadata":{"session_num":3,"x_request_id":"00000000-0000-4000-8000-000000000003",' +
      '"x_correlation_id":"11111111-0000-4000-8000-000000000003","conversation_id":"session_000003",' +
      '"turn_index":0,"credit_issued_ns":1767225601260000000,"request_start_ns":1767225601260000000,' +
      '"request_end_ns":1767225601290000000,"worker_id":"worker_a1b2c3d4",' +
      '"record_processor_id":"record_processor_0f1e2d3c","benchmark_phase":"profiling","phase_index":0,' +
      '"profiling_index":0,"phase_name":"profiling","phase_kind":"profiling","was_cancelled":false,' +
      '"context_overflow_skip":false,"agent_depth":0,' +
      '"root_correlation_id":"11111111-0000-4000-8000-000000000003"},' +
      '"metrics":{"error_isl":{"value":64,"unit":"tokens"}},' +
      '"error":{"code":400,"type":"Bad Request","message":"{\\"error\\":\\"context window exceeded\\"}"}}\n',
  );
});

test('a cancelled record says when, and hides its acknowledgement', () => {
  const error = {
    code: 499,
    type: 'RequestCancellationError',
    message: 'Request cancelled 0.100s after being sent',
  };
  const line = lineOf(counted({ error, cancelledNs: ms(100), ackNs: ms(50), endNs: ms(100) }));
  expect(line).toContain(
    '"was_cancelled":true,"cancellation_time_ns":1767225600100000000,"context_overflow_skip"',
  );
  expect(line).not.toContain('request_ack_ns');
});

test('a warm-up record belongs to no profiling phase', () => {
  expect(lineOf(counted({ phase: 'warmup' }))).toContain(
    '"benchmark_phase":"warmup","phase_index":0,"phase_name":"warmup","phase_kind":"warmup","was_cancelled"',
  );
});

test('the finish reason is there where the output has another length than requested', () => {
  const reason = (requestedOsl: number | undefined) =>
    JSON.parse(lineOf(counted({ requestedOsl, finishReason: 'stop "early"' }))).metadata.finish_reason;
  expect(reason(9)).toBe('stop "early"');
  expect(reason(2)).toBeUndefined();
  expect(reason(undefined)).toBeUndefined();
});

test('epochs are exact to the nanosecond', () => {
  const line = lineOf(counted({ startNs: 1, dueNs: 0, endNs: ms(30) + 3 }));
  expect(line).toContain('"credit_issued_ns":1767225600000000000,"request_start_ns":1767225600000000001');
  expect(line).toContain('"request_end_ns":1767225600030000003');
});

test('an error keeps its cause and its class names', () => {
  const error = { type: 'ClientPayloadError', message: 'cut', cause: 'why', causeChain: ['A', 'B'] };
  expect(lineOf(counted({ error }))).toMatch(
    /,"error":\{"type":"ClientPayloadError","message":"cut","cause":"why","cause_chain":\["A","B"\]\}\}\n$/,
  );
});

test('a record without an error that holds no content is a failure', () => {
  const line = JSON.parse(lineOf(counted({ contentNs: new Float64Array() })));
  expect(line.error.type).toBe('InvalidInferenceResultError');
  expect(line.metrics).toEqual({ error_isl: { value: 8, unit: 'tokens' } });
});

test('the raw line: headers, units as they came, payload', () => {
  const raw = {
    status: 200,
    requestHeaders: { Accept: 'text/event-stream', Authorization: '<redacted>' },
    payload: { model: 'm', stream: true },
    units: [
      {
        atNs: ms(10),
        packets: [
          { name: 'data', value: '{"x":1}' },
          { name: 'comment', value: null },
        ],
      },
      { atNs: ms(20), text: '{}', contentType: 'application/json' },
    ],
  };
  const line = rawLine(aRecord({ startNs: 7, raw }), context);
  expect(line.slice(line.indexOf(',"start_perf_ns"'))).toBe(
    ',"start_perf_ns":5000000000007,"request_headers":{"Accept":"text/event-stream","Authorization":"<redacted>"},' +
      '"status":200,"responses":[{"perf_ns":5000010000000,"packets":[{"name":"data","value":"{\\"x\\":1}"},' +
      '{"name":"comment"}]},{"perf_ns":5000020000000,"text":"{}","content_type":"application/json"}],' +
      '"payload":{"model":"m","stream":true}}\n',
  );
});

test('the raw line of a failure: no units, the error before the payload', () => {
  const raw = { status: 400, requestHeaders: {}, payload: {}, units: [] };
  const error = { code: 400, type: 'Bad Request', message: 'no' };
  const line = rawLine(aRecord({ raw, error }), context);
  expect(line.slice(line.indexOf(',"status"'))).toBe(
    ',"status":400,"responses":[],"error":{"code":400,"type":"Bad Request","message":"no"},"payload":{}}\n',
  );
  expect(() => rawLine(aRecord(), context)).toThrow('holds no raw exchange');
});

test('a reader of the lines finds every statistic of the summary', () => {
  const someRecord = fc
    .record({
      startNs: fc.nat(2 ** 40),
      gapsNs: fc.array(fc.nat(2 ** 30), { minLength: 1, maxLength: 40 }),
      input: fc.nat(100_000),
      output: fc.nat(5_000),
      failed: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    })
    .map(({ startNs, gapsNs, input, output, failed }) => {
      let at = startNs + 1;
      const contentNs = Float64Array.from(gapsNs, (gap) => {
        at += gap;
        return at;
      });
      const error = failed ? { type: 'TimeoutError', message: 'late' } : undefined;
      return counted(
        { startNs, contentNs, firstOutputNs: contentNs[0] ?? 0, endNs: at + 1, error },
        { input, output },
      );
    });
  fc.assert(
    fc.property(fc.array(someRecord, { minLength: 1, maxLength: 60 }), (records) => {
      const store = storeOf([]);
      const lines = records.map((one) => JSON.parse(recordLine(one.record, store.add(one), context)));
      for (const { tag, statistics } of store.summary().results) {
        if (!['record', 'list'].includes(metricOf(tag).kind)) continue;
        const found: number[] = lines.flatMap((line) => line.metrics[tag]?.value ?? []);
        const again: Record<string, number | undefined> = statisticsOf(Float64Array.from(found).sort()) ?? {};
        for (const [name, value] of Object.entries(statistics)) {
          // The file has rounded milliseconds, the summary rounds its nanoseconds once: a few units of the last
          // digit of the largest value.
          const tolerance = 1e-15 * Math.max(Math.abs(value), statistics.max ?? 0) * (name === 'sum' ? 2 : 4);
          expect(Math.abs((again[name] ?? Number.NaN) - value), `${tag} ${name}`).toBeLessThanOrEqual(
            tolerance,
          );
        }
      }
    }),
  );
});

test.runIf(goldenIsThere)('metadata keys and their order are those of the original', () => {
  for (const run of ['stream', 'errors', 'whole', 'text', 'think', 'turns', 'cancel']) {
    for (const { line } of goldenLines(run)) {
      const cancelled = line.metadata.was_cancelled === true;
      const ours = JSON.parse(
        lineOf(
          counted({
            error: line.error && errorOf(line.error),
            ackNs: line.error?.code === undefined || cancelled ? ms(5) : Number.NaN,
            cancelledNs: cancelled ? ms(21) : undefined,
          }),
        ),
      );
      expect(Object.keys(ours.metadata)).toEqual(Object.keys(line.metadata));
      expect(Object.keys(ours)).toEqual(Object.keys(line));
      expect(Object.keys(ours.error ?? {})).toEqual(Object.keys(line.error ?? {}));
    }
  }
});

function errorOf({ cause_chain: causeChain, ...error }: NonNullable<GoldenLine['error']>): RecordError {
  return causeChain === undefined ? error : { ...error, causeChain };
}
