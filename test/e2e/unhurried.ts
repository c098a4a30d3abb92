const script = `
import { isMainThread, workerData } from 'node:worker_threads';
const leastMs = isMainThread ? 100 : workerData?.pages === undefined ? Infinity : 500;
const wait = globalThis.setTimeout;
globalThis.setTimeout = (act, ms, ...rest) => wait(act, ms >= leastMs ? Math.min(20 * ms, 2 ** 31 - 1) : ms, ...rest);`;

/**
 * In the environment of `aiperf`, gives it twenty times as long for what it limits by the clock: the end of an
 * interrupted run, and reads of servers and GPUs. A busy machine then changes no result. It is for runs that do not wait
 * for a limit, because they would wait as long.
 */
export const unhurried = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}`,
};
