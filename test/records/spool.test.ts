import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RecordBatch, RecordPacker, unpackRecords } from '../../src/records/pack.js';
import { blankRecord, type RequestRecord } from '../../src/records/record.js';
import { SPOOL_VERSION } from '../../src/records/spool.js';
import { findSegments, SpoolReader, UnknownSpool } from '../../src/records/spool-reader.js';
import { WireTimes } from '../../src/transport/transport.js';
import { forgetSecrets, learnSecrets } from '../../src/util/secrets.js';
import { openSpool } from './open-spool.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiperf-spool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const WORKER = 'worker_0123abcd';

function record(number: number, phase: RequestRecord['phase'] = 'profiling'): RequestRecord {
  return {
    ...blankRecord(),
    phase,
    sessionNum: number,
    requestId: `request-${number}`,
    correlationId: 'c',
    conversationId: 'session_000007',
    workerId: WORKER,
    model: 'm',
    endNs: 9.25,
    contentNs: Float64Array.from({ length: number % 7 }, (_, n) => 4 + n / 3),
    wire: Object.assign(new WireTimes(), { startNs: 2, reused: true, reads: 3 }),
    text: `é "${number}" \u{1f600}`,
    usage: { prompt_tokens: number },
    inputTokens: 30,
  };
}

function batchOf(records: readonly RequestRecord[], isPrewarm = false): RecordBatch {
  const packer = new RecordPacker(WORKER, isPrewarm);
  for (const each of records) packer.add(each);
  return packer.batch;
}

const three = (from: number) => [record(from), record(from + 1), record(from + 2)];

/** All records that the reader finds now. */
function readAll(reader: SpoolReader): RequestRecord[] {
  const found: RequestRecord[] = [];
  for (let batch = reader.next(); batch !== undefined; batch = reader.next())
    found.push(...unpackRecords(batch));
  return found;
}

describe('the spool', () => {
  it('gives back every record as it was, while it is being written', async () => {
    const reader = new SpoolReader(folder, 3);
    expect(reader.next()).toBeUndefined();
    const writer = openSpool(folder, 3, WORKER);
    expect([reader.next(), reader.workerId, reader.before]).toEqual([
      undefined,
      WORKER,
      { warmup: 0, profiling: 0 },
    ]);
    await writer.append(batchOf(three(1)));
    expect(readAll(reader)).toStrictEqual(three(1));
    expect(reader.next()).toBeUndefined();
    await writer.append(batchOf([record(4, 'warmup')]));
    await writer.append(batchOf(three(5), true));
    const warmup = reader.next();
    expect([warmup?.records, warmup?.warmups, warmup?.isPrewarm]).toEqual([1, 1, false]);
    const prewarmed = reader.next();
    expect([prewarmed?.records, prewarmed?.warmups, prewarmed?.isPrewarm]).toEqual([3, 0, true]);
    expect([reader.next(), reader.unreadBytes]).toEqual([undefined, 0]);
  });

  it('goes on in further segments; those that were read can be deleted', async () => {
    // So small that each batch fills a segment.
    const writer = openSpool(folder, 0, WORKER, 100);
    await writer.append(batchOf([record(1, 'warmup'), record(2)]));
    await writer.append(batchOf(three(3), true));
    for (const from of [6, 9]) await writer.append(batchOf(three(from)));
    writer.close();
    expect(readdirSync(folder).sort()).toEqual(['0-0.spool', '0-1.spool', '0-2.spool', '0-3.spool']);
    const reader = new SpoolReader(folder, 0);
    for (let batch = 0; batch < 3; batch++) reader.next();
    // Prewarmed records do not count.
    expect(reader.before).toEqual({ warmup: 1, profiling: 1 });
    const read = [0, 1].map((segment) => join(folder, `0-${segment}.spool`));
    expect(reader.takeRead()).toEqual(read);
    for (const path of read) rmSync(path);
    expect(findSegments(folder)).toEqual(new Map([[0, 2]]));
    expect(readAll(reader)).toStrictEqual(three(9));
    expect(reader.takeRead()).toEqual([join(folder, '0-2.spool')]);
    rmSync(join(folder, '0-2.spool'));
    reader.close();
    const later = new SpoolReader(folder, 0, findSegments(folder).get(0));
    expect(later.before).toEqual({ warmup: 1, profiling: 4 });
    expect(readAll(later)).toStrictEqual(three(9));
  });

  it('holds the batches of a worker that takes the place of another in segments of its own', async () => {
    const other = 'worker_00000002';
    const writer = openSpool(folder, 0, WORKER);
    const batches = [batchOf(three(1)), { ...batchOf([record(4, 'warmup'), record(5)]), workerId: other }];
    for (const batch of [...batches, batchOf(three(6))]) await writer.append(batch);
    const reader = new SpoolReader(folder, 0);
    const seen = [0, 1, 2].map(() => [reader.next()?.records, reader.workerId, reader.before]);
    expect(seen).toEqual([
      [3, WORKER, { warmup: 0, profiling: 0 }],
      [2, other, { warmup: 0, profiling: 0 }],
      [3, WORKER, { warmup: 0, profiling: 3 }],
    ]);
  });

  it('counts what is left without reading it', async () => {
    const writer = openSpool(folder, 0, WORKER, 500);
    await writer.append(batchOf(three(1)));
    await writer.append(batchOf([record(4, 'warmup'), record(5)]));
    await writer.append(batchOf(three(6), true));
    await writer.append(batchOf(three(9)));
    const reader = new SpoolReader(folder, 0);
    reader.next();
    expect(reader.skipRest()).toEqual({ warmup: 1, profiling: 4 });
    expect(reader.next()).toBeUndefined();
  });

  it('has a torn tail left out, wherever it is cut', async () => {
    const writer = openSpool(folder, 0, WORKER);
    const path = join(folder, '0-0.spool');
    await writer.append(batchOf(three(1)));
    const whole = statSync(path).size;
    await writer.append(batchOf(three(4)));
    writer.close();
    for (let size = statSync(path).size - 1; size > whole; size -= 7) {
      truncateSync(path, size);
      const reader = new SpoolReader(folder, 0);
      expect(readAll(reader)).toStrictEqual(three(1));
      expect(reader.unreadBytes).toBe(size - whole);
      reader.close();
    }
  });

  it.each([
    ['zeros', Buffer.alloc(5000)],
    ['a length beyond all memory', Buffer.from(Uint32Array.of(0x46726d31, 0, 9, 0, 2 ** 31, 2 ** 31).buffer)],
  ])('has %s behind the last batch left out', async (_, garbage) => {
    const writer = openSpool(folder, 0, WORKER);
    await writer.append(batchOf(three(1)));
    appendFileSync(join(folder, '0-0.spool'), garbage);
    const reader = new SpoolReader(folder, 0);
    expect(readAll(reader)).toStrictEqual(three(1));
    expect(reader.unreadBytes).toBe(garbage.length);
  });

  it('holds no secret of the run that a response echoes', async () => {
    learnSecrets(['Bearer sk-live-"0123456789"']);
    const writer = openSpool(folder, 0, WORKER);
    await writer.append(batchOf([{ ...record(1), text: 'your key is sk-live-"0123456789", is it?' }]));
    expect(readFileSync(join(folder, '0-0.spool'), 'latin1')).not.toContain('0123456789');
    expect(readAll(new SpoolReader(folder, 0))).toMatchObject([
      { text: 'your key is <redacted>, is it?', requestId: 'request-1' },
    ]);
    forgetSecrets();
  });

  it('refuses what is no spool of its version', () => {
    writeFileSync(join(folder, '0-0.spool'), 'x'.repeat(100));
    expect(() => new SpoolReader(folder, 0).next()).toThrow(UnknownSpool);
    openSpool(folder, 1, WORKER).close();
    const file = openSync(join(folder, '1-0.spool'), 'r+');
    writeSync(file, Buffer.from(Uint32Array.of(99).buffer), 0, 4, 4);
    closeSync(file);
    expect(() => new SpoolReader(folder, 1).next()).toThrow(
      `is not a spool of version ${SPOOL_VERSION}: it has version 99`,
    );
  });

  it('follows nothing that lies under its name', () => {
    const target = join(folder, 'target');
    symlinkSync(target, join(folder, '0-0.spool'));
    expect(() => openSpool(folder, 0, WORKER)).toThrow('EEXIST');
    expect(readdirSync(folder)).toEqual(['0-0.spool']);
  });
});
