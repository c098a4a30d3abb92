import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { SpoolSink } from '../../src/load/spool-sink.js';
import { RecordPacker, unpackRecords } from '../../src/records/pack.js';
import { blankRecord } from '../../src/records/record.js';
import { SpoolGate } from '../../src/records/spool-gate.js';
import { SpoolReader } from '../../src/records/spool-reader.js';

const WORKER = 'worker_0123abcd';

function openSink() {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-spool-sink-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { port1: port, port2: reader } = new MessageChannel();
  const calls: (string | number)[] = [];
  const gate = new SpoolGate(1);
  const sink = new SpoolSink({
    ...{ folder, thread: 0, workerId: WORKER, gate, port },
    onFailure: (message) => calls.push(message),
    onSlow: (bytes) => calls.push(bytes),
  });
  const packer = new RecordPacker(WORKER);
  const put = (text: string) => {
    packer.add({ ...blankRecord(), phase: 'profiling', text });
    sink.put(packer);
  };
  const posted = () => {
    const { message } = receiveMessageOnPort(reader) ?? {};
    return message && [...unpackRecords(message)].map((record) => record.text);
  };
  return { folder, gate, sink, put, posted, calls };
}

it('posts what it cannot spool, behind what is in the spool', async () => {
  const { folder, sink, put, posted, calls } = openSink();
  put('a');
  // The next segment cannot be made.
  writeFileSync(join(folder, '0-1.spool'), '');
  const prewarmed = sink.endPrewarm();
  put('b');
  await prewarmed;
  put('c');
  expect([posted(), posted(), posted()]).toEqual([['b'], ['c'], undefined]);
  expect(calls).toEqual([expect.stringMatching(/^EEXIST/)]);
  await sink.close();
});

it('reuses memory of batches that are written, and warns once of a slow disk', async () => {
  const { folder, gate, sink, put, calls } = openSink();
  // The disk hangs for other threads.
  expect(gate.tryEnter() && gate.tryEnter()).toBe(true);
  const large = 'x'.repeat(16_000_000);
  const texts = [large, 'b', large, 'd'];
  for (const text of texts) put(text);
  expect(calls).toEqual([32e6]);
  gate.leave();
  await sink.endPrewarm();
  for (const text of ['e', 'f']) {
    put(text);
    await sink.endPrewarm();
  }
  await sink.close();
  expect(readdirSync(folder)).toHaveLength(4);
  const reader = new SpoolReader(folder, 0);
  const found: (string | undefined)[] = [];
  for (let batch = reader.next(); batch !== undefined; batch = reader.next())
    for (const record of unpackRecords(batch)) found.push(record.text);
  expect(found.map((text) => text?.length)).toEqual([16e6, 1, 16e6, 1, 1, 1]);
  expect(found.map((text) => text?.[0])).toEqual(['x', 'b', 'x', 'd', 'e', 'f']);
  reader.close();
});
