import { cpus, homedir } from 'node:os';
import { join } from 'node:path';
import { usableCpus } from '../util/cgroup.js';
import { array, object, plainNumber, string, type ValueOf } from '../util/codec.js';
import { readJsonObject } from '../util/json-file.js';
import { prettyJson } from '../util/python-json.js';
import { nodeVersion, version } from '../util/version.js';
import { writeWithFolder } from '../util/write-whole.js';

/** The client limit of a machine: what a load thread completes per second of its own CPU time. */
export interface Roof {
  /** Small requests, not streamed. */
  readonly requestsPerSecond: number;
  /** Events of streams, one per read. */
  readonly eventsPerSecond: number;
}

/** What the load threads of a run did. */
export interface ThreadWork {
  readonly requests: number;
  /** Reads that response bodies arrived in. */
  readonly reads: number;
  /** Length of the run, summed over load threads, ns. */
  readonly threadNs: number;
}

/**
 * The share of the roof that a run used: each request costs 1 / `requestsPerSecond` seconds of a load thread, each
 * read after a request's first costs 1 / `eventsPerSecond`.
 */
export function shareOfRoof({ requests, reads, threadNs }: ThreadWork, roof: Roof): number {
  const seconds = requests / roof.requestsPerSecond + Math.max(0, reads - requests) / roof.eventsPerSecond;
  return (seconds * 1e9) / threadNs;
}

const machineCodec = object({
  cpuModel: string,
  cores: plainNumber,
  usableCpus: plainNumber,
  nodeVersion: string,
  aiperfVersion: string,
});

type Machine = ValueOf<typeof machineCodec>;

const roofCodec = object({
  machine: machineCodec,
  /** UTC, ISO 8601. */
  measuredAt: string,
  /** Per second of a load thread's CPU time. */
  requestsPerSecond: plainNumber,
  eventsPerSecond: plainNumber,
  /** The highest rate of events per load thread whose timestamps kept up. */
  timelyEventsPerSecond: plainNumber,
  /** From the server's write to the client's timestamp. */
  stampDelays: array(
    object({
      threads: plainNumber,
      eventsPerSecond: plainNumber,
      unit: string,
      p50: plainNumber,
      p99: plainNumber,
    }),
  ),
});

/** A roof as `aiperf doctor --roof` stores it. */
export type StoredRoof = ValueOf<typeof roofCodec>;

/** This machine as far as it determines the roof. */
export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpuModel: all[0]?.model ?? 'unknown',
    cores: all.length,
    usableCpus: usableCpus(),
    nodeVersion,
    aiperfVersion: version,
  };
}

/** The file that holds the roof of the user's machine. */
export function roofFile(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aiperf', 'roof.json');
}

/** @returns an error message if it cannot be written. */
export function writeRoof(file: string, roof: StoredRoof): string[] {
  return writeWithFolder(file, () => `${roofJson(roof)}\n`);
}

export function roofJson(roof: StoredRoof): string {
  return prettyJson(roofCodec.write(roof) ?? {});
}

/** The stored roof; undefined if there is none, or if it is that of another machine, Node.js or aiperf version. */
export function readRoof(file: string, machine = thisMachine): Roof | undefined {
  let stored: StoredRoof | undefined;
  try {
    stored = roofCodec.read(readJsonObject(file));
  } catch {
    // A verdict without it is still a verdict.
    return undefined;
  }
  const { requestsPerSecond = 0, eventsPerSecond = 0 } = stored ?? {};
  if (!(requestsPerSecond > 0 && eventsPerSecond > 0)) return undefined;
  return isSame(stored?.machine ?? {}, machine()) ? { requestsPerSecond, eventsPerSecond } : undefined;
}

function isSame(a: Machine, b: Machine): boolean {
  return prettyJson(machineCodec.write(a) ?? {}) === prettyJson(machineCodec.write(b) ?? {});
}
