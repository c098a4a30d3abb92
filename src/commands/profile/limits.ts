import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/options.js';
import { usableCpus } from '../../util/cgroup.js';
import { counted, withThousands } from '../../util/counted.js';
import { UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';

/** Files, pipes and the event loops of the threads. */
export const FILES_OF_OUR_OWN = 100;
// Threads start together, the record thread with them, and each loads its modules side by side: measured, 180 files are
// enough for 4 load threads and 400 for 12.
const FILES_AT_THE_START = 50;
const FILES_OF_A_STARTING_THREAD = 30;
export const WIDEN_PORTS = 'widen the range with \'sysctl -w net.ipv4.ip_local_port_range="1024 65535"\'';

/**
 * Most connections of the run. A socket is an open file and, for each server, a local port: too low a limit of either
 * would fail requests in mid-run.
 * @param asked sessions in flight that the options ask for; 0: none do.
 * @param unlimited some phase has no such number.
 * @param proc where the kernel says what its limits are.
 * @throws UserError naming the limit that is too low, and the way out.
 */
export function connectionLimit(
  config: Config,
  asked: number,
  unlimited: boolean,
  log: Log,
  proc = '/proc',
): number {
  requireConnections(config, asked, proc);
  const files = openFileLimit(proc) - FILES_OF_OUR_OWN;
  const ports = localPorts(config, proc);
  const most = Math.min(files, ports);
  const wanted = Math.max(config.httpConnectionLimit, asked);
  if (unlimited && wanted > most) {
    log(
      'WARNING',
      'load',
      `at most ${most} connections are opened, since this ${files < ports ? 'process may open no more files' : 'machine has no more local ports'}`,
    );
  }
  return Math.min(wanted, most);
}

/** @throws UserError if the requests in flight need more open files or local ports than the system allows. */
export function requireConnections(config: Config, asked: number, proc = '/proc'): void {
  const files = openFileLimit(proc) - FILES_OF_OUR_OWN;
  const sockets = Math.max(1, asked);
  if (sockets > files) {
    throw new UserError(
      `${counted(sockets, 'request')} in flight need about ${withThousands(sockets + FILES_OF_OUR_OWN)} open files, and this process may open ${withThousands(files + FILES_OF_OUR_OWN)}`,
      `raise the limit with 'ulimit -n ${sockets + FILES_OF_OUR_OWN}', or lower --concurrency`,
    );
  }
  const ports = localPorts(config, proc);
  if (asked > ports) {
    throw new UserError(
      `${counted(asked, 'request')} in flight need as many local ports, and this machine gives ${withThousands(ports)} of them to connections to ${config.urls.length === 1 ? 'one server' : `${config.urls.length} servers`}`,
      `${WIDEN_PORTS}, spread the load over several --url, or lower --concurrency`,
    );
  }
}

/**
 * Load threads of the run: one for every 200 requests in flight, since a burst of responses is read faster by several.
 * One core is left for everything else.
 * @param concurrency most requests in flight
 * @throws UserError when this process may not open the files that they need
 */
export function threadCount(
  { loadThreads, workersMax = Number.POSITIVE_INFINITY }: Pick<Config, 'loadThreads' | 'workersMax'>,
  concurrency: number,
  cpus = usableCpus(),
  proc = '/proc',
): number {
  const asked = loadThreads === undefined ? undefined : Math.min(loadThreads, concurrency);
  const room = threadLimit(asked, proc);
  if (asked !== undefined) return asked;
  return Math.max(1, Math.min(32, cpus - 1, room, workersMax, Math.ceil(concurrency / 200)));
}

/**
 * Most load threads that the limit of open files leaves room for, at least one.
 * @param asked threads that an option asks for; undefined: none does.
 * @throws UserError when there is no room for those
 */
function threadLimit(asked: number | undefined, proc: string): number {
  const files = openFileLimit(proc);
  const most = Math.floor((files - FILES_AT_THE_START) / FILES_OF_A_STARTING_THREAD) - 1;
  const needed = FILES_AT_THE_START + FILES_OF_A_STARTING_THREAD * ((asked ?? 1) + 1);
  if (needed > files) {
    throw new UserError(
      `${counted(asked ?? 1, 'load thread')} need about ${withThousands(needed)} open files to start, and this process may open ${withThousands(files)}`,
      `raise the limit with 'ulimit -n ${needed}'${asked === undefined || asked === 1 ? '' : ', or lower --load-threads'}`,
    );
  }
  return most;
}

/** Files that this process may open; Infinity where the system has no limit. */
export function openFileLimit(proc: string): number {
  const row = /^Max open files\s+(\d+)/m.exec(read(join(proc, 'self/limits')));
  return row?.[1] === undefined ? Number.POSITIVE_INFINITY : Number(row[1]);
}

/** Ports for connections to all servers together: each address of a server has the whole range to itself. */
function localPorts({ urls, unixSocket, http2 }: Config, proc: string): number {
  const needsNone = unixSocket !== undefined || http2;
  return needsNone ? Number.POSITIVE_INFINITY : localPortCount(proc) * new Set(urls).size;
}

/** Ports for connections to one address of a server; Infinity where the system does not say. */
export function localPortCount(proc: string): number {
  const range = /^(\d+)\s+(\d+)/.exec(read(join(proc, 'sys/net/ipv4/ip_local_port_range')));
  if (range?.[1] === undefined || range[2] === undefined) return Number.POSITIVE_INFINITY;
  return Number(range[2]) - Number(range[1]) + 1;
}

/** Empty where the system has no such file. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
