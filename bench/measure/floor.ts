import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScheduledSend } from '../floor/bare-sender.js';
import { CLIENT_CORE, type Core, packageFolder } from './machine.js';
import { run } from './process.js';
import type { Stamps } from './stamps.js';

/** What the C sink or a bare client on `node:net` says of its run. */
export interface FloorRun {
  readonly requests: number;
  readonly events: number;
  readonly reads: number;
  readonly errors: number;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly connections: number;
  /** Of each request, where they were asked for. */
  readonly stamps: readonly FloorStamps[];
}

interface FloorStamps extends Stamps {
  /** When it was due; its start in a closed loop. */
  readonly dueNs: number;
}

export interface FloorLoad {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  readonly body: object;
  /** Open loop at a rate in place of a closed one. */
  readonly rate?: { readonly perSecond: number; readonly pattern: 'constant' | 'poisson' };
  readonly keepStamps?: boolean;
  /** Default: the client's. */
  readonly core?: Core;
}

const source = join(packageFolder, 'bench', 'floor', 'floor.c');
const binary = join(packageFolder, 'dist-bench', 'floor-sink');

/** Compiles the sink. @throws Error where there is no C compiler. */
export function compileFloor(): void {
  execFileSync('cc', ['-O2', '-o', binary, source, '-lm']);
}

const stampFile = join(tmpdir(), `aiperf-bench-stamps-${process.pid}.bin`);

/** Runs the C sink. */
export function runFloor(load: FloorLoad): Promise<FloorRun> {
  const { port, connections, requests, body, rate, keepStamps } = load;
  const bodyFile = join(tmpdir(), `aiperf-bench-body-${process.pid}.json`);
  writeFileSync(bodyFile, JSON.stringify(body));
  const numbers = [port, connections, requests].map(String);
  const pace = rate === undefined ? [] : [String(rate.perSecond), rate.pattern];
  return runReader([binary, ...numbers, bodyFile, keepStamps ? stampFile : '-', ...pace], load);
}

/** A bare reader on `node:net`: the least that any client in Node can cost. Same load as a closed loop of the sink. */
export function runBareNode(load: FloorLoad): Promise<FloorRun> {
  const script = join(packageFolder, 'dist-bench', 'floor', 'bare-reader.js');
  const numbers = [load.port, load.connections, load.requests].map(String);
  const stamps = load.keepStamps ? stampFile : '-';
  return runReader([process.execPath, script, ...numbers, JSON.stringify(load.body), stamps], load);
}

/** A bare sender on `node:net`: the least by which any client in Node is late. Keeps stamps, without events. */
export function runBareSender(
  port: number,
  schedule: readonly ScheduledSend[],
  core: Core,
): Promise<FloorRun> {
  const script = join(packageFolder, 'dist-bench', 'floor', 'bare-sender.js');
  const scheduleFile = join(tmpdir(), `aiperf-bench-schedule-${process.pid}.json`);
  writeFileSync(scheduleFile, JSON.stringify(schedule));
  return runReader([process.execPath, script, String(port), scheduleFile, stampFile], {
    core,
    keepStamps: true,
  });
}

async function runReader(
  command: readonly string[],
  { core = CLIENT_CORE, keepStamps }: Pick<FloorLoad, 'core' | 'keepStamps'>,
): Promise<FloorRun> {
  const finished = await run(command, { core, isWatched: false });
  if (finished.exitCode !== 0) throw new Error(`${command[0]} failed: ${finished.stderr}`);
  const said: Omit<FloorRun, 'stamps'> = JSON.parse(finished.stdout);
  return { ...said, stamps: keepStamps ? readStamps(stampFile) : [] };
}

/** Requests/s by wrk over a few seconds; undefined where wrk is not installed. */
export async function runWrk(
  url: string,
  connections: number,
  body: object,
  seconds: number,
): Promise<number | undefined> {
  if (!wrkIsInstalled()) return undefined;
  const script = join(tmpdir(), `aiperf-bench-wrk-${process.pid}.lua`);
  const quoted = JSON.stringify(JSON.stringify(body));
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = ${quoted}\n`,
  );
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script];
  const finished = await run(['wrk', ...load, `${url}/v1/chat/completions`], { core: CLIENT_CORE });
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(finished.stdout)?.[1] ?? Number.NaN);
}

export function wrkIsInstalled(): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'wrk')));
}

function readStamps(path: string): FloorStamps[] {
  const bytes = readFileSync(path);
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const stamps: FloorStamps[] = [];
  for (let at = 0; at < numbers.length; ) {
    const [id = 0, dueNs = 0, startNs = 0, count = 0] = numbers.subarray(at, at + 4);
    stamps.push({ id: String(id), dueNs, startNs, eventNs: numbers.subarray(at + 4, at + 4 + count) });
    at += 4 + count;
  }
  return stamps;
}
