import fs, { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RecordBatch, RecordPacker } from '../../src/records/pack.js';
import { blankRecord } from '../../src/records/record.js';
import { SpoolGate } from '../../src/records/spool-gate.js';
import { SpoolQueue } from '../../src/records/spool-queue.js';
import { openSpool } from './open-spool.js';

const WORKER = 'worker_0123abcd';

let folder: string;
let gate: SpoolGate;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiperf-spool-queue-'));
  gate = new SpoolGate(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true, force: true });
});

function batch(sessionNum: number): RecordBatch {
  const packer = new RecordPacker(WORKER);
  packer.add({ ...blankRecord(), phase: 'profiling', sessionNum, text: `é ${sessionNum}` });
  return packer.take();
}

/** A queue, with what it calls back: the numbers of written batches, and those that a failure returns. */
function openQueue(segmentBytes?: number) {
  const written: number[] = [];
  const failures: { readonly message: string; readonly unwritten: readonly RecordBatch[] }[] = [];
  const queue = new SpoolQueue({
    ...{ folder, thread: 0, workerId: WORKER, gate },
    onFailure: ({ message }, unwritten) => failures.push({ message, unwritten }),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  const put = (...numbers: number[]) => {
    for (const number of numbers) queue.append(batch(number), () => written.push(number));
  };
  return { queue, written, failures, put };
}

/** The files of a folder. */
const filesIn = (path: string) =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name)).toString('hex')]));

/** The files of a spool with these batches, each on the disk before the next one. */
async function filesWith(numbers: readonly number[], segmentBytes?: number) {
  const other = mkdtempSync(join(tmpdir(), 'aiperf-spool-'));
  try {
    const writer = openSpool(other, 0, WORKER, segmentBytes);
    for (const number of numbers) await writer.append(batch(number));
    writer.close();
    return filesIn(other);
  } finally {
    rmSync(other, { recursive: true });
  }
}

/** Replaces a function of `node:fs` for this test. */
function replace(name: 'writev' | 'open', by: (...words: never[]) => void) {
  const spy = vi.spyOn(fs, name).mockImplementation(by as never);
  syncBuiltinESMExports();
  return spy;
}

describe('a queue for the spool', () => {
  it('leaves the same files as batches that come one by one, over several segments', async () => {
    // So small that each batch fills a segment.
    const { queue, written, put } = openQueue(100);
    put(1, 2, 3);
    await queue.settled();
    queue.close();
    expect(Object.keys(filesIn(folder))).toEqual(['0-0.spool', '0-1.spool', '0-2.spool']);
    expect(filesIn(folder)).toEqual(await filesWith([1, 2, 3], 100));
    expect(written).toEqual([1, 2, 3]);
  });

  it('writes together what has come during a write, and tells how much waits', async () => {
    const { queue, written, put } = openQueue();
    const real = fs.writev;
    let goOn = () => {};
    const writes = replace('writev', (...words: Parameters<typeof fs.writev>) => {
      goOn = () => real(...words);
    });
    put(1);
    const one = queue.queuedBytes;
    put(2, 3, 4);
    expect([written, gate.queuedBytes(0), queue.queuedBytes]).toEqual([[], 4 * one, 4 * one]);
    writes.mockImplementation(real as never);
    goOn();
    await queue.settled();
    expect([written, gate.queuedBytes(0)]).toEqual([[1, 2, 3, 4], 0]);
    expect(writes).toHaveBeenCalledTimes(2);
    expect(filesIn(folder)).toEqual(await filesWith([1, 2, 3, 4]));
  });

  it('waits while two other writes of the process are under way', async () => {
    const { queue, written, put } = openQueue();
    expect([gate.tryEnter(), gate.tryEnter(), gate.tryEnter()]).toEqual([true, true, false]);
    const writes = vi.spyOn(fs, 'writev');
    syncBuiltinESMExports();
    put(1);
    expect(writes).not.toHaveBeenCalled();
    gate.leave();
    await queue.settled();
    expect(written).toEqual([1]);
  });

  it('keeps the complete batches of a disk that fills up, and returns the others in order', async () => {
    const kept = await filesWith([1]);
    const { queue, written, failures, put } = openQueue();
    const real = fs.writev;
    const writes = replace('writev', (file: number, parts: Uint8Array[], at: number, done: never) => {
      // The first batch and 5 bytes of the second: a batch has four parts.
      writes.mockImplementation(((...[, , , failed]: Parameters<typeof fs.writev>) =>
        queueMicrotask(() =>
          failed?.(new Error('ENOSPC: no space left on device, writev'), 0, []),
        )) as never);
      real(
        file,
        [...parts.slice(0, 4), new Uint8Array(parts[4]?.buffer ?? new ArrayBuffer(0), 0, 5)],
        at,
        done,
      );
    });
    expect(gate.tryEnter() && gate.tryEnter()).toBe(true);
    put(1, 2, 3);
    gate.leave();
    gate.leave();
    await queue.settled();
    queue.close();
    expect(written).toEqual([1]);
    expect(failures).toEqual([
      { message: 'ENOSPC: no space left on device, writev', unwritten: [batch(2), batch(3)] },
    ]);
    expect(filesIn(folder)).toEqual(kept);
    expect([gate.queuedBytes(0), gate.tryEnter() && gate.tryEnter()]).toEqual([0, true]);
  });

  it.each([
    ['a write', 'writev', undefined],
    ['a new segment', 'open', 100],
  ] as const)(
    'puts all on the disk at the end of its thread, %s under way',
    async (_, name, segmentBytes) => {
      const expected = await filesWith([1, 2, 3], segmentBytes);
      const { queue, written, put } = openQueue(segmentBytes);
      put(1);
      if (name === 'open') await queue.settled();
      const { openSync, closeSync } = fs;
      // The file is made, but the thread ends before it learns of it.
      replace(name, (path: string) => {
        if (name === 'open') closeSync(openSync(path, 'wx'));
      });
      put(2, 3);
      queue.writeNow();
      queue.close();
      expect(written).toEqual([1, 2, 3]);
      expect(filesIn(folder)).toEqual(expected);
    },
  );
});
