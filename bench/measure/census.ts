import { readdirSync, readFileSync } from 'node:fs';

/** What was seen of a command's processes while they ran. */
export interface Population {
  /** Largest sum of the processes' proportional memory (shared pages counted once), MB. */
  readonly peakMb: number;
  readonly processes: number;
  readonly threads: readonly ThreadUse[];
  /** Resident memory of the largest process over time. */
  readonly timeline: readonly MemoryPoint[];
}

export interface MemoryPoint {
  readonly seconds: number;
  readonly mb: number;
}

export interface ThreadUse {
  readonly pid: number;
  readonly tid: number;
  readonly cpuSeconds: number;
  /** Read and write calls, and bytes written. */
  readonly reads: number;
  readonly writes: number;
  readonly bytesWritten: number;
}

const LOOK_EVERY_MS = 100;
/** Adding up the pages of a process takes milliseconds: not at every look. */
const LOOKS_PER_WEIGHING = 5;

/** Looks at a process and its descendants ten times a second, through /proc. */
export class Census {
  readonly #root: number;
  readonly #beganMs = performance.now();
  readonly #threads = new Map<number, ThreadUse>();
  readonly #processes = new Set<number>();
  readonly #timeline: MemoryPoint[] = [];
  readonly #highMb = new Map<number, number>();
  #peakMb = 0;
  #looks = 0;
  readonly #timer: NodeJS.Timeout;

  /** @param root a shell that runs the command; it is not counted itself. */
  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  end(): Population {
    clearInterval(this.#timer);
    // A process alone has its exact peak from the kernel, what happened between two looks included.
    const highs = [...this.#highMb.values()];
    const peakMb = this.#processes.size === 1 ? Math.max(...highs) : this.#peakMb;
    return {
      peakMb,
      processes: this.#processes.size,
      threads: [...this.#threads.values()],
      timeline: this.#timeline,
    };
  }

  #look(): void {
    const pids = descendants(this.#root);
    const weigh = this.#looks++ % LOOKS_PER_WEIGHING === 0;
    let sumMb = 0;
    let largestMb = 0;
    for (const pid of pids) {
      this.#processes.add(pid);
      for (const tid of threadsOf(pid)) {
        const use = threadUse(pid, tid);
        if (use !== undefined) this.#threads.set(tid, use);
      }
      const memory = memoryOf(pid);
      largestMb = Math.max(largestMb, memory.mb);
      this.#highMb.set(pid, Math.max(this.#highMb.get(pid) ?? 0, memory.peakMb));
      if (weigh) sumMb += kilobytes(read(`/proc/${pid}/smaps_rollup`), 'Pss') / 1024;
    }
    this.#peakMb = Math.max(this.#peakMb, sumMb);
    if (largestMb > 0)
      this.#timeline.push({ seconds: (performance.now() - this.#beganMs) / 1000, mb: largestMb });
  }
}

/** Processes below one, not itself. */
export function descendants(root: number): number[] {
  const found: number[] = [];
  const visit = (pid: number) => {
    for (const tid of threadsOf(pid)) {
      for (const child of read(`/proc/${pid}/task/${tid}/children`).split(' ').map(Number)) {
        if (child > 0) {
          found.push(child);
          visit(child);
        }
      }
    }
  };
  visit(root);
  return found;
}

/** Numbers of the threads of a process; none if it is gone. */
export function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Undefined for a thread that is gone. */
export function threadUse(pid: number, tid: number): ThreadUse | undefined {
  const time = read(`/proc/${pid}/task/${tid}/schedstat`);
  const io = read(`/proc/${pid}/task/${tid}/io`);
  if (time === '' || io === '') return undefined;
  const count = (key: string) => Number(new RegExp(`^${key}: (\\d+)`, 'm').exec(io)?.[1] ?? 0);
  return {
    pid,
    tid,
    cpuSeconds: Number(time.split(' ')[0]) / 1e9,
    reads: count('syscr'),
    writes: count('syscw'),
    bytesWritten: count('wchar'),
  };
}

/** CPU seconds that a process has used so far, of all its threads. */
export function cpuSecondsOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return (Number(stat[11]) + Number(stat[12])) / 100;
}

/** Resident memory of a process, MB: now, and the most so far. */
export function memoryOf(pid: number): { readonly mb: number; readonly peakMb: number } {
  const status = read(`/proc/${pid}/status`);
  return { mb: kilobytes(status, 'VmRSS') / 1024, peakMb: kilobytes(status, 'VmHWM') / 1024 };
}

function kilobytes(status: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

/** Empty for a process that is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
