import { isMainThread, workerData } from 'node:worker_threads';

// Preloaded into every thread of a run (node --import), blocks each load thread for 150 ms of every 400 ms.
if (!isMainThread && workerData?.plan?.phases !== undefined) {
  setInterval(() => {
    const until = performance.now() + 150;
    while (performance.now() < until);
  }, 400).unref();
}
