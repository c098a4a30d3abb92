import { describe, expect, it } from 'vitest';
import { allocateRing, RingReader, RingWriter } from '../../../src/dataset/stream/conversation-ring.js';

const schedule = { firstMs: 12.5, firstTurn: 1, turns: 2, turnsBefore: 7 };

function ringOf(bytes: number, slots: number, threads = 1) {
  const memory = allocateRing(bytes, slots);
  const writer = new RingWriter(memory, threads, 0);
  const reader = new RingReader(memory);
  const add = (index: number, ...rows: string[]) =>
    writer.add({ index, firstTurn: 10 * index, rows, schedule }, Buffer.byteLength(rows.join('')));
  const take = (position: number) => {
    reader.hold(0);
    reader.noteTaken(position);
    const { rows } = reader.read(position);
    reader.release(0);
    return rows;
  };
  return { memory, writer, reader, add, take };
}

describe('the ring of conversations', () => {
  it('gives back what was put in, in any thread', () => {
    const { memory, add, writer } = ringOf(1000, 4);
    expect([add(3, '{"a":"é"}', '{}'), add(4, 'x')]).toEqual([true, true]);
    const reader = new RingReader(structuredClone(memory));
    expect(reader.read(0)).toEqual({ index: 3, firstTurn: 30, rows: ['{"a":"é"}', '{}'] });
    expect(reader.read(1)).toEqual({ index: 4, firstTurn: 40, rows: ['x'] });
    expect(reader.scheduleOf(1)).toEqual(schedule);
    expect([reader.published, reader.size]).toEqual([2, Number.POSITIVE_INFINITY]);
    writer.setSize(2);
    expect(reader.size).toBe(2);
    expect(() => reader.read(2)).toThrow('conversation 2 is not in memory');
  });

  it('is full when its slots or its bytes are, until what was taken is read', () => {
    const { add, take, reader } = ringOf(100, 3);
    reader.release(0);
    expect([add(0, 'a'), add(1, 'b'), add(2, 'c'), add(3, 'd')]).toEqual([true, true, true, false]);
    expect(take(0)).toEqual(['a']);
    expect([add(3, 'd'), add(4, 'e')]).toEqual([true, false]);
    expect(() => reader.read(0)).toThrow('conversation 0 is not in memory');
    expect([take(1), take(2), take(3)]).toEqual([['b'], ['c'], ['d']]);
    // 30 bytes each with the zero byte: three fit, and the fourth begins at the start again.
    const row = 'r'.repeat(29);
    expect([add(4, row), add(5, row), add(6, row), add(7, row)]).toEqual([true, true, true, false]);
    expect(take(4)).toEqual([row]);
    expect(add(7, 's'.repeat(29))).toBe(true);
    expect([take(5), take(6), take(7)]).toEqual([[row], [row], ['s'.repeat(29)]]);
  });

  it('takes one of half its size wherever it is', () => {
    for (let before = 0; before < 60; before++) {
      const { add, take, reader } = ringOf(60, 3);
      reader.release(0);
      expect(add(0, 'b'.repeat(before === 0 ? 0 : before - 1))).toBe(true);
      expect(add(1, 'x'.repeat(29))).toBe(before <= 30);
      take(0);
      if (before > 30) expect(add(1, 'x'.repeat(29))).toBe(true);
      expect(take(1)).toEqual(['x'.repeat(29)]);
    }
  });

  it('keeps what a thread holds, and everything until each thread has begun', () => {
    const { add, reader } = ringOf(100, 2, 2);
    expect([add(0, 'a'), add(1, 'b')]).toEqual([true, true]);
    reader.hold(0, 2);
    reader.noteTaken(1);
    expect(add(2, 'c')).toBe(false);
    reader.hold(1, 1);
    expect([add(2, 'c'), add(3, 'd')]).toEqual([true, false]);
    expect(reader.read(1).rows).toEqual(['b']);
    reader.release(1);
    expect(add(3, 'd')).toBe(true);
  });
});
