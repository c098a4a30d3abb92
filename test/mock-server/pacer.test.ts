import { afterEach, expect, test } from 'vitest';
import { Pacer, type Timer } from '../../src/mock-server/pacer.js';
import { monotonicNs } from '../../src/util/clock.js';
import { randomStream } from '../../src/util/random.js';

const pacers: Pacer[] = [];
afterEach(() => {
  for (const pacer of pacers.splice(0)) pacer.close();
});
const open = (timer: Timer) => {
  const pacer = new Pacer(timer);
  pacers.push(pacer);
  return pacer;
};

test.each<Timer>(['precise', 'low-cpu'])(
  '%s: acts come in order, none early, and come again',
  async (timer) => {
    const pacer = open(timer);
    const random = randomStream(3, 'pacer-test');
    const startNs = monotonicNs();
    const acts: { dueNs: number; atNs: number }[] = [];
    // 3,000 entries outgrow the first heap; each acts twice, 10 ms apart.
    let left = 3000;
    await new Promise<void>((resolve) => {
      for (let entry = 0; entry < 3000; entry++) {
        let dueNs = startNs + Math.floor(random.uniform() * 50e6);
        let again = true;
        const act = () => {
          acts.push({ dueNs, atNs: monotonicNs() });
          if (!again) {
            if (--left === 0) resolve();
            return undefined;
          }
          again = false;
          dueNs += 10e6;
          return dueNs;
        };
        pacer.add({ act }, dueNs);
      }
    });
    expect(acts).toHaveLength(6000);
    expect(acts.filter(({ dueNs, atNs }) => atNs < dueNs)).toEqual([]);
    const dues = acts.map(({ dueNs }) => dueNs);
    // One that comes again is due 10 ms later and was put in behind those of then: the order is that of due times.
    expect(dues).toEqual(dues.toSorted((a, b) => a - b));
  },
);

test('a new entry that is due before all others is not kept waiting by their timer', async () => {
  const pacer = open('precise');
  const startNs = monotonicNs();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const name = (text: string) => ({
      act: () => {
        order.push(text);
        if (order.length === 2) resolve();
        return undefined;
      },
    });
    pacer.add(name('late'), startNs + 150e6);
    pacer.add(name('soon'), startNs + 5e6);
  });
  expect(order).toEqual(['soon', 'late']);
});

test('nobody acts after the end', async () => {
  const pacer = open('precise');
  let acted = 0;
  const act = () => {
    acted++;
    return undefined;
  };
  pacer.add({ act }, monotonicNs());
  pacer.add({ act }, monotonicNs() + 5e6);
  pacer.close();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(acted).toBe(0);
});
