import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { startHeapsLarge } from '../../src/util/v8-heap.js';

test('threads that are started afterwards have a young generation of 4 MB', async () => {
  startHeapsLarge();
  const code = `
    const spaces = require('node:v8').getHeapSpaceStatistics();
    require('node:worker_threads').parentPort.postMessage(
      spaces.find((space) => space.space_name === 'new_space'),
    );`;
  const worker = new Worker(code, { eval: true });
  const [space] = await once(worker, 'message');
  // Without it, 1 MB.
  expect(space.space_used_size + space.space_available_size).toBeGreaterThan(3.5 * 2 ** 20);
  expect(space.space_used_size + space.space_available_size).toBeLessThan(4.5 * 2 ** 20);
  await worker.terminate();
});
