import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { SharedCounters } from '../../src/load/counters.js';
import { PhaseRunner } from '../../src/load/phase-runner.js';
import type { LoadPlan } from '../../src/load/plan.js';
import { openPrewarm } from '../../src/load/prewarm.js';
import { openTimerQueue } from '../../src/load/timer-queue.js';
import { type RecordBatch, type RecordPacker, unpackRecords } from '../../src/records/pack.js';
import type { RequestRecord } from '../../src/records/record.js';
import { pictures, vectors } from '../endpoint/other-apis.js';

const nowNs = () => Number(process.hrtime.bigint());

/** Plays the prewarm of such requests, and gives what it left for the record thread. */
async function prewarmed(endpoint: Endpoint, streaming: boolean) {
  const plan = {
    transport: 'http',
    body: { streaming, extraInputs: {}, legacyMaxTokens: false },
    transportOptions: {
      connectionReuse: 'pooled',
      maxConnections: 100,
      connectTimeoutMs: 0,
      keepAliveMs: 1000,
      limits: { headerBytes: 65_536, messageBytes: 2 ** 20, bodyBytes: 2 ** 21 },
      ipVersion: 'auto',
      tls: { verify: true },
    },
  } as unknown as LoadPlan;
  const batches: RecordBatch[] = [];
  const sink = { put: (packer: RecordPacker) => void batches.push(packer.take()), async close() {} };
  const prewarm = openPrewarm(plan, endpoint, sink, nowNs);
  if (prewarm === undefined) throw new Error('requests over HTTP are prewarmed');
  const { transport, batcher, share: _, ...played } = prewarm.environment;
  const { requestLimit, sessionLimit } = prewarm.phase;
  const counters = new SharedCounters();
  const endless = Number.POSITIVE_INFINITY;
  const timers = openTimerQueue(nowNs);
  await new Promise<void>((resolve) => {
    const phase = new PhaseRunner({
      ...played,
      ...{ startNs: nowNs(), fromNs: 0 },
      issueUntilNs: endless,
      cutAtNs: endless,
      cutReason: '',
      requestLimit,
      sessionLimit,
      firstSession: 0,
      counters,
      quota: counters,
      sending: {
        phase: 'warmup',
        endpoint,
        body: plan.body,
        headers: () => [],
        answer: { endpoint, streamEnd: 'marked', keepUnits: false },
        countsTokens: true,
        keepTrace: false,
        requestTimeoutMs: 0,
        maxMessageBytes: 2 ** 20,
        transport,
        nowNs,
        onActivity: () => {},
        mayBeLate: () => false,
      },
      timers,
      cancellation: undefined,
      prefill: undefined,
      onRecord: (record) => batcher.add(record),
      onDone: resolve,
    });
    phase.run(new ClosedLoop(phase, { limit: 20, rampNs: 0 }, (total) => total));
  });
  await batcher.close();
  transport.close();
  return { isPrewarm: batches.every((batch) => batch.isPrewarm), records: batches.flatMap(all) };
}

function all(batch: RecordBatch): RequestRecord[] {
  return [...unpackRecords(batch)];
}

test.each(['chat', 'completions'] as const)('%s: each of 200 invented requests succeeds', async (name) => {
  const { isPrewarm, records } = await prewarmed(endpoints[name], true);
  expect(isPrewarm).toBe(true);
  expect(records).toHaveLength(200);
  const text = `first${' next'.repeat(14)} last`;
  for (const record of records) {
    expect(record).toMatchObject({ error: undefined, text, usage: { completion_tokens: 16 } });
    expect(record.contentNs).toHaveLength(16);
  }
  // 20 at a time: those after the first go over connections that are open.
  expect(records.filter(({ wire }) => wire.reused)).toHaveLength(180);
});

test.each([endpoints.chat, endpoints.completions, vectors, pictures])(
  'so does each that is not streamed: $path',
  async (endpoint) => {
    const { records } = await prewarmed(endpoint, false);
    expect(records).toHaveLength(200);
    for (const { error, contentNs } of records) expect([error, contentNs.length]).toEqual([undefined, 1]);
  },
);

test('so does each of an API that sends bytes and receives a stream of images', async () => {
  const { records } = await prewarmed(pictures, true);
  expect(records).toHaveLength(200);
  for (const { error, contentNs } of records) expect([error, contentNs.length]).toEqual([undefined, 2]);
});
