import { expect, test } from 'vitest';
import { Heap } from '../../src/util/heap.js';

const isLess = (a: { value: number }, b: { value: number }) => a.value < b.value;

function drained(heap: Heap<{ value: number }>): number[] {
  const values: number[] = [];
  for (let first = heap.first; first !== undefined; first = heap.first) {
    values.push(first.value);
    heap.removeFirst();
  }
  return values;
}

test('gives the items in their order, equal ones too', () => {
  const heap = new Heap(isLess);
  // All residues of 7 times 0 to 100 modulo 101, and some once more.
  for (let i = 0; i < 110; i++) heap.push({ value: (7 * i) % 101 });
  const expected = [...Array.from({ length: 101 }, (_, i) => i), 0, 7, 14, 21, 28, 35, 42, 49, 56];
  expect(drained(heap)).toEqual(expected.sort((a, b) => a - b));
  expect(heap.first).toBeUndefined();
  heap.removeFirst();
});

test('the first item sinks when it is changed; a copy stays as it was', () => {
  const heap = new Heap(isLess);
  for (const value of [3, 1, 2]) heap.push({ value });
  const copy = heap.copy((item) => ({ ...item }));
  if (heap.first !== undefined) heap.first.value = 5;
  heap.sinkFirst();
  expect(drained(heap)).toEqual([2, 3, 5]);
  expect(drained(copy)).toEqual([1, 2, 3]);
});

test('nothing is left after clear', () => {
  const heap = new Heap(isLess);
  heap.push({ value: 1 });
  heap.clear();
  heap.sinkFirst();
  expect(heap.first).toBeUndefined();
});
