import { describe, expect, it } from 'vitest';
import { RecordPacker, unpackRecords } from '../../src/records/pack.js';
import { blankRecord, type RequestRecord } from '../../src/records/record.js';
import { WireTimes } from '../../src/transport/transport.js';
import type { JsonObject } from '../../src/util/json.js';

const full: RequestRecord = {
  phase: 'profiling',
  sessionNum: 7,
  requestId: 'r',
  correlationId: 'c',
  conversationId: 'session_000007',
  turnIndex: 2,
  isFinalTurn: false,
  agent: { depth: 1, parent: 'c0', root: 'c0', waitsFor: ['r0'] },
  workerId: 'worker_1',
  shard: undefined,
  model: 'm',
  dueNs: 1,
  startNs: 2,
  ackNs: 3,
  endNs: 9,
  contentNs: Float64Array.of(4, 5.5, 6),
  firstOutputNs: 5.5,
  wire: Object.assign(new WireTimes(), { startNs: 2, sendEndNs: 2.5, reused: true, bytesSent: 10, reads: 3 }),
  text: 'a "quoted" é',
  reasoning: 'r',
  usage: { prompt_tokens: 3 },
  finishReason: 'length',
  unread: { video: 2 },
  inputTokens: 30,
  firstChunkTokens: 4,
  inputText: undefined,
  batchSize: 3,
  images: 2,
  audioSeconds: 0.5,
  answerAudioSeconds: 1.5,
  requestedOsl: 5,
  error: undefined,
  cancelledNs: undefined,
  dropped: false,
  clientLimited: false,
  raw: undefined,
  trace: undefined,
};
const failed: RequestRecord = {
  ...blankRecord(),
  phase: 'warmup',
  workerId: 'worker_1',
  inputText: 'all of it',
  error: { code: 499, type: 'RequestCancellationError', message: 'cut', causeChain: ['A'] },
  cancelledNs: 8,
  raw: { status: 200, requestHeaders: { A: 'b' }, payload: { x: 1 }, units: [{ atNs: 4, text: 't' }] },
  trace: {
    host: 'a',
    requestHeaders: { A: 'b' },
    response: { status: 200, reason: 'OK', headers: {} },
    ends: { localIp: '1.2.3.4', localPort: 5, remoteIp: '6.7.8.9', remotePort: 10 },
  },
};

describe('record batches', () => {
  it('bring every fact over unchanged', () => {
    const dropped = { ...failed, dropped: true };
    const records = [full, failed, dropped, full];
    const packer = new RecordPacker('worker_1');
    for (const record of records) packer.add(record);
    expect(packer.records).toBe(4);
    expect([...unpackRecords(structuredClone(packer.take()))]).toStrictEqual(records);
  });

  it('say which shard sent them', () => {
    const packer = new RecordPacker('worker_1');
    for (const record of [full, failed]) packer.add(record);
    expect([...unpackRecords(packer.take(), 3)]).toStrictEqual([
      { ...full, shard: 3 },
      { ...failed, shard: 3 },
    ]);
  });

  it('hold a record that cannot be written as JSON as failed, without its response', () => {
    const usage: JsonObject = JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`);
    const packer = new RecordPacker('worker_1');
    for (const record of [full, { ...full, usage }, { ...failed, usage }, full]) packer.add(record);
    const nothing = {
      text: undefined,
      reasoning: undefined,
      usage: undefined,
      unread: undefined,
      firstOutputNs: Number.NaN,
    };
    const error = {
      ...{ code: 502, type: 'UnreadableResponseError' },
      message: 'The response could not be recorded: Maximum call stack size exceeded',
    };
    expect([...unpackRecords(packer.take())]).toStrictEqual([
      full,
      { ...full, ...nothing, contentNs: new Float64Array(0), error },
      { ...failed, raw: { ...failed.raw, units: [] } },
      full,
    ]);
  });

  it('hold what came since the last one, whatever its size', () => {
    const packer = new RecordPacker('worker_1');
    const long = (tokens: number): RequestRecord => ({
      ...full,
      contentNs: Float64Array.from({ length: tokens }, (_, n) => n),
      text: 'é€\u{1f600}"'.repeat(tokens),
    });
    // 10,000 stamps and 100,000 bytes go beyond the room of 4,096 and 32,768 that a batch starts with.
    const first = [long(1), long(10_000), long(2)];
    for (const record of first) packer.add(record);
    const batch = packer.take();
    expect([packer.records, packer.bytes]).toEqual([0, 0]);
    const second = [long(3), long(50_000)];
    for (const record of second) packer.add(record);
    expect([...unpackRecords(batch)]).toStrictEqual(first);
    expect([...unpackRecords(packer.take())]).toStrictEqual(second);
    expect([...unpackRecords(packer.take())]).toEqual([]);
  });
});
