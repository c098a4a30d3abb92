import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingReads, type Reader } from '../../src/transport/pending-reads.js';

/** A reader that notes its reads as `text@time`. */
function reader(name: string, log: string[]): Reader {
  return {
    parse: (bytes, start, end, atNs) =>
      void log.push(`${name}:${bytes.toString('latin1', start, end)}@${atNs}`),
  };
}

function add(reads: PendingReads, to: Reader, text: string, atNs: number): void {
  reads.buffer.write(text, 'latin1');
  reads.add(to, text.length, atNs);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('pending reads', () => {
  it('are parsed in the check phase, in order of arrival, with the times of their reads', async () => {
    const log: string[] = [];
    const reads = new PendingReads(() => 0);
    const [a, b] = [reader('a', log), reader('b', log)];
    add(reads, a, 'one', 1);
    add(reads, b, 'two', 2);
    add(reads, a, 'three', 3);
    expect(log).toEqual([]);
    // Three came with this poll: more may follow.
    await turn();
    expect(log).toEqual([]);
    await turn();
    expect(log).toEqual(['a:one@1', 'b:two@2', 'a:three@3']);
  });

  it('wait no longer than 2 ms for the end of a burst', async () => {
    const log: string[] = [];
    let nowNs = 0;
    const reads = new PendingReads(() => nowNs);
    const a = reader('a', log);
    for (const atNs of [0, 1.5e6, 2e6]) {
      nowNs = atNs;
      add(reads, a, 'x', atNs);
      add(reads, a, 'y', atNs);
      expect(log).toEqual([]);
      await turn();
    }
    expect(log).toEqual([0, 0, 1.5e6, 1.5e6, 2e6, 2e6].map((atNs, i) => `a:${'xy'[i % 2]}@${atNs}`));
  });

  it('of one reader are parsed at once on demand, and never twice', async () => {
    const log: string[] = [];
    const reads = new PendingReads(() => 0);
    const [a, b] = [reader('a', log), reader('b', log)];
    add(reads, b, 'x', 1);
    add(reads, a, 'y', 2);
    add(reads, a, 'z', 3);
    reads.settle(a);
    expect(log).toEqual(['a:y@2', 'a:z@3']);
    await turn();
    await turn();
    expect(log).toEqual(['a:y@2', 'a:z@3', 'b:x@1']);
  });

  it('wait for the next turn once a slice of 30 us, and 2 us for each pending read, is over', async () => {
    const log: string[] = [];
    // Each look at the clock takes 18 us: the slice begins at 36, ends at 72, and two reads are parsed by then.
    let nowNs = 0;
    const reads = new PendingReads(() => (nowNs += 18e3));
    const a = reader('a', log);
    for (const text of ['1', '2', '3']) add(reads, a, text, 0);
    await turn();
    await turn();
    expect(log).toEqual(['a:1@0', 'a:2@0']);
    await turn();
    expect(log).toEqual(['a:1@0', 'a:2@0', 'a:3@0']);
  });

  it('parse the oldest ones when there is no room, of bytes or of reads', () => {
    const log: string[] = [];
    const reads = new PendingReads(() => 0, 8, 3);
    const a = reader('a', log);
    add(reads, a, '1234', 1);
    add(reads, a, '567', 2);
    // One byte is left behind them: it goes to the front, where the first read was.
    add(reads, a, '89', 3);
    expect(log).toEqual(['a:1234@1']);
    add(reads, a, 'ab', 4);
    expect(log).toEqual(['a:1234@1']);
    // Three reads wait.
    add(reads, a, 'c', 5);
    expect(log).toEqual(['a:1234@1', 'a:567@2']);
  });

  it('lose nothing and keep the order of each reader, whatever comes', async () => {
    const step = fc.oneof(
      fc.record({ of: fc.nat(2), length: fc.integer({ min: 1, max: 16 }) }),
      fc.constantFrom<{ settle: number } | 'turn'>('turn', { settle: 0 }, { settle: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const log: string[] = [];
        const reads = new PendingReads(() => 0, 16, 4);
        const readers = ['a', 'b', 'c'].map((name) => reader(name, log));
        const sent: string[] = [];
        for (const [at, one] of steps.entries()) {
          if (one === 'turn') await turn();
          else if ('settle' in one) reads.settle(readers[one.settle] as Reader);
          else {
            const text = String.fromCharCode(33 + at).repeat(one.length);
            sent.push(`${'abc'[one.of]}:${text}@${at}`);
            add(reads, readers[one.of] as Reader, text, at);
          }
        }
        await turn();
        await turn();
        for (const name of 'abc')
          expect(log.filter((line) => line.startsWith(name))).toEqual(
            sent.filter((line) => line.startsWith(name)),
          );
      }),
    );
  });
});
