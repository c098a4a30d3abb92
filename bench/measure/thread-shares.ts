import { descendants, type ThreadUse, threadsOf, threadUse } from './census.js';
import { median } from './quantiles.js';

/** Shares of a core in a typical second of a run. */
export interface ThreadShares {
  /** Of the load thread. */
  readonly load: number;
  /** Of the main thread. */
  readonly main: number;
  /** Of all others: records, V8, libuv. */
  readonly rest: number;
}

const SAMPLE_MS = 1000;

/**
 * Watches the threads of a run with one load thread, which is the one that reads most.
 * @param root its shell. @returns ends it; the medians of the seconds with load: start and end count little.
 */
export function watchThreadShares(root: number): () => ThreadShares {
  const samples: { readonly atMs: number; readonly threads: ReadonlyMap<number, ThreadUse> }[] = [];
  const timer = setInterval(() => {
    const threads = descendants(root).flatMap((pid) =>
      threadsOf(pid).flatMap((tid) => threadUse(pid, tid) ?? []),
    );
    samples.push({ atMs: performance.now(), threads: new Map(threads.map((use) => [use.tid, use])) });
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    const all = samples.flatMap(({ threads }) => [...threads.values()]);
    const own = all.filter(({ pid, tid }) => pid !== tid);
    const reader = own.reduce<ThreadUse | undefined>(
      (most, use) => (most === undefined || use.reads > most.reads ? use : most),
      undefined,
    );
    const seconds = samples.slice(1).map((sample, i) => {
      const before = samples[i] ?? sample;
      const share = (of: (use: ThreadUse) => boolean) =>
        [...sample.threads.values()]
          .filter(of)
          .reduce((sum, use) => sum + use.cpuSeconds - (before.threads.get(use.tid)?.cpuSeconds ?? 0), 0) /
        ((sample.atMs - before.atMs) / 1000);
      return {
        load: share(({ tid }) => tid === reader?.tid),
        main: share(({ pid, tid }) => pid === tid),
        rest: share(({ pid, tid }) => pid !== tid && tid !== reader?.tid),
      };
    });
    const most = Math.max(0, ...seconds.map(({ load }) => load));
    const loaded = seconds.filter(({ load }) => load > most / 4);
    return {
      load: median(loaded.map(({ load }) => load)),
      main: median(loaded.map(({ main }) => main)),
      rest: median(loaded.map(({ rest }) => rest)),
    };
  };
}
