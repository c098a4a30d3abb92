import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of the view process of a run. */
export interface ViewCpu {
  readonly seconds: number;
  /** Its largest share of a core over 5 s, without its start. */
  readonly core: number;
}

const SAMPLE_MS = 250;
/** Libraries are loaded, and the first screen is drawn. */
const START_MS = 3000;
const WINDOW_MS = 5000;
const TICKS_PER_SECOND = 100;

/** Watches the view process among the descendants of a process. @returns ends it; undefined where there was none. */
export function watchViewCpu(root: number): () => ViewCpu | undefined {
  const samples: { readonly atMs: number; readonly seconds: number }[] = [];
  let pid: number | undefined;
  const timer = setInterval(() => {
    pid ??= viewProcessBelow(root);
    const seconds = pid === undefined ? undefined : cpuSeconds(pid);
    if (seconds !== undefined) samples.push({ atMs: performance.now(), seconds });
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const shown = samples.filter(({ atMs }) => atMs - first.atMs >= START_MS);
    const shares = shown.flatMap((from) => {
      const to = shown.find(({ atMs }) => atMs - from.atMs >= WINDOW_MS);
      return to === undefined ? [] : [((to.seconds - from.seconds) * 1000) / (to.atMs - from.atMs)];
    });
    return { seconds: last.seconds, core: shares.length === 0 ? Number.NaN : Math.max(...shares) };
  };
}

function viewProcessBelow(root: number): number | undefined {
  const parents = new Map<number, number>();
  const views: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(Number(name));
    if (fields === undefined) continue;
    parents.set(Number(name), Number(fields[1]));
    if (read(`/proc/${name}/cmdline`)?.includes('dist/views/process.js')) views.push(Number(name));
  }
  return views.find((pid) => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  });
}

/** User and system time, also of threads that have ended. */
function cpuSeconds(pid: number): number | undefined {
  const fields = statOf(pid);
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The fields behind the name of the process: its state first. */
function statOf(pid: number): string[] | undefined {
  return read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
