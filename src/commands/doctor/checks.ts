import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { environment } from '../../config/environment.js';
import { readCpuLimit, readMemoryLimit, usableCpus } from '../../util/cgroup.js';
import { monotonicNs } from '../../util/clock.js';
import { counted, withThousands } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { andList } from '../../util/lists.js';
import { nodeVersion, requiredNode } from '../../util/version.js';
import {
  FILES_OF_OUR_OWN,
  localPortCount,
  openFileLimit,
  threadCount,
  WIDEN_PORTS,
} from '../profile/limits.js';

/** One property of this machine as a load client. */
export interface Check {
  readonly name: string;
  readonly value: string;
  /** `error`: a run would fail. */
  readonly status: 'ok' | 'warning' | 'error';
  /** How to fix it; absent if ok. */
  readonly advice?: string;
}

/** What the checks read. */
export interface Checked {
  /** Parent of `/proc` and `/sys`. */
  readonly root: string;
  readonly env: Io['env'];
  /** Where runs would leave their files. */
  readonly folder: string;
  /** CPUs that other processes keep busy: load average of the last minute. */
  readonly busyCpus: number;
}

export const thisProcess = (env: Io['env']): Checked => ({
  ...{ root: '/', env, folder: '.' },
  busyCpus: loadavg()[0] ?? 0,
});

/** Checks this machine as a load client; takes some milliseconds. */
export function checkMachine(checked: Checked): Check[] {
  return [
    node(),
    cpus(checked),
    otherLoad(checked),
    openFiles(checked),
    localPorts(checked),
    memory(checked),
    clock(checked),
    threadStatistics(checked),
    space(checked),
    ...proxies(checked),
    ...certificates(checked),
  ];
}

function node(): Check {
  const [required = 0, own = 0] = [requiredNode, nodeVersion].map((version) => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return 1000 * major + minor;
  });
  return check('Node.js', nodeVersion, own < required && 'error', `install Node.js ${requiredNode} or later`);
}

function cpus({ root }: Checked): Check {
  const usable = usableCpus(root);
  const limit = readCpuLimit(root).cpus;
  const all = counted(availableParallelism(), 'CPU');
  const value =
    limit === undefined ? all : `${usable} usable of ${all} (control group: ${counted(limit, 'CPU')})`;
  return check(
    'CPUs',
    value,
    usable < 2 && 'warning',
    'give the client two CPUs or more: load threads otherwise share one with token counting and files',
  );
}

function otherLoad({ root, busyCpus }: Checked): Check {
  return check(
    'Load average',
    busyCpus.toFixed(1),
    busyCpus > usableCpus(root) / 2 && 'warning',
    'stop other processes, which take CPUs from the client and delay its timestamps',
  );
}

function openFiles({ root }: Checked): Check {
  const proc = join(root, 'proc');
  const files = openFileLimit(proc);
  const value = Number.isFinite(files) ? withThousands(files) : 'no limit';
  try {
    threadCount({ loadThreads: 1, workersMax: undefined }, 1, 1, proc);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return check('Open files', value, 'error', `${thrown.message}: ${thrown.hint}`);
  }
  const connections = environment.httpConnectionLimit.default;
  return check(
    'Open files',
    value,
    files - FILES_OF_OUR_OWN < connections && 'warning',
    `at most ${withThousands(files - FILES_OF_OUR_OWN)} requests can be in flight: raise the limit with 'ulimit -n ${connections + FILES_OF_OUR_OWN}' or more`,
  );
}

function localPorts({ root }: Checked): Check {
  const ports = localPortCount(join(root, 'proc'));
  return check(
    'Local ports',
    Number.isFinite(ports) ? withThousands(ports) : 'unknown',
    ports < 10_000 && 'warning',
    `at most ${withThousands(ports)} connections to a server, and fewer with --connection-reuse-strategy never: ${WIDEN_PORTS}`,
  );
}

function memory({ root }: Checked): Check {
  const limit = readMemoryLimit(root);
  const bytes = Math.min(totalmem(), limit ?? Number.POSITIVE_INFINITY);
  const value = `${gigabytes(bytes)}${bytes === limit ? ' (control group)' : ''}`;
  return check('Memory', value, bytes < 1e9 && 'warning', 'give the client 1 GB or more for long runs');
}

const CLOCK_ROUNDS = 50;
const CLOCK_READS = 200;
const SLOW_CLOCK_NS = 1000;

function clock({ root }: Checked): Check {
  const source = read(join(root, 'sys/devices/system/clocksource/clocksource0/current_clocksource')).trim();
  // The fastest round: in others this process may have lost its CPU.
  const costNs = Math.min(...Array.from({ length: CLOCK_ROUNDS }, roundNs)) / CLOCK_READS;
  return check(
    'Clock',
    `${source === '' ? 'monotonic' : source}, ${withThousands(costNs)} ns per reading`,
    costNs > SLOW_CLOCK_NS && 'warning',
    'each timestamp costs that much: let the kernel use another clock source, such as tsc or kvm-clock',
  );
}

/** Time of a round of readings. */
function roundNs(): number {
  const startNs = monotonicNs();
  let endNs = startNs;
  for (let i = 0; i < CLOCK_READS; i++) endNs = monotonicNs();
  return endNs - startNs;
}

function threadStatistics({ root }: Checked): Check {
  const isThere = existsSync(join(root, 'proc/thread-self/schedstat'));
  return check(
    'Scheduler statistics',
    isThere ? 'available' : 'not available',
    !isThere && 'warning',
    'the fidelity verdict cannot tell waiting for a CPU from work: Linux reports it in /proc/thread-self/schedstat',
  );
}

function space({ folder }: Checked): Check {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const bytes = bavail * bsize;
    return check(
      'Disk space',
      gigabytes(bytes),
      bytes < 1e9 && 'warning',
      'finished requests go to disk first, and records of 1,000 tokens take some 20 kB: free space, or choose another --artifact-dir',
    );
  } catch (thrown) {
    return check('Disk space', messageOf(thrown), 'error', 'choose a writable folder with --artifact-dir');
  }
}

function proxies({ env }: Checked): Check[] {
  const set = ['HTTP_PROXY', 'HTTPS_PROXY'].filter((name) => env[name] || env[name.toLowerCase()]);
  if (set.length === 0 || env.AIPERF_HTTP_TRUST_ENV !== undefined) return [];
  const advice = 'to use it: AIPERF_HTTP_TRUST_ENV=true and --transport undici';
  return [check('Proxy', `${andList(set)} ignored`, 'warning', advice)];
}

function certificates({ env }: Checked): Check[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return [];
  const advice = 'unset NODE_TLS_REJECT_UNAUTHORIZED; --tls-insecure does the same for one run';
  return [check('Certificates', 'not verified', 'warning', advice)];
}

function check(name: string, value: string, problem: 'warning' | 'error' | false, advice: string): Check {
  return problem === false ? { name, value, status: 'ok' } : { name, value, status: problem, advice };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Empty where the system has no such file. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
