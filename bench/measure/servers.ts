import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf } from './census.js';
import { endWithBench, temporaryFolder } from './leftovers.js';
import { type Core, niceness, packageFolder, pinned, SERVER_CORE } from './machine.js';

/** A server that was started. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** CPU seconds that it has used so far. */
  cpuSeconds(): number;
  /** Ends it; its log is whole then. */
  stop(): Promise<void>;
}

/** The program under test, as a user would start it. */
export const ourCli = join(packageFolder, 'dist', 'cli.js');

/** `aiperf mock-server`. @param args its options but the port. */
export function startMockServer(args: readonly string[], core: Core = SERVER_CORE): Promise<RunningServer> {
  return startServer([ourCli, 'mock-server', '--port', '0', ...args], core);
}

/**
 * A server that says always the same, made ahead, as fast as it can: the mock server makes each token anew, and would
 * be the limit.
 * @param events of each answer; 0: one small whole answer. @param perWrite events of one write.
 * @param intervalMs between two writes of a connection; 0: whenever it can.
 */
export function startCannedServer(events: number, perWrite: number, intervalMs = 0): Promise<RunningServer> {
  return startServer([cannedServer, String(events), String(perWrite), String(intervalMs)], SERVER_CORE);
}

/** The same with a whole answer whose body is that of a file. */
export function startWholeAnswers(bodyFile: string): Promise<RunningServer> {
  return startServer([cannedServer, '0', '1', '0', bodyFile], SERVER_CORE);
}

/** `aiperf trace record` in front of a server; it writes its trace when it is stopped. */
export function startRecorder(upstream: string, output: string): Promise<RunningServer> {
  const args = ['trace', 'record', '--upstream', upstream, '--port', '0', '--output', output];
  return startServer([ourCli, ...args], SERVER_CORE);
}

/** A relay of bytes in front of a server: the least that a proxy can do. */
export function startRelay(upstream: RunningServer): Promise<RunningServer> {
  const program = fileURLToPath(new URL('./relay.js', import.meta.url));
  return startServer([program, String(upstream.port)], SERVER_CORE);
}

/** Prometheus pages at `/0/metrics`, `/1/metrics`, … @param shape pages, series of each, every how many values change. */
export function startMetricsServer(shape: readonly number[]): Promise<RunningServer> {
  const program = fileURLToPath(new URL('./metrics-server.js', import.meta.url));
  return startServer([program, ...shape.map(String)], SERVER_CORE);
}

const cannedServer = fileURLToPath(new URL('./canned-server.js', import.meta.url));

/** A temporary folder that is removed with everything in it. */
export async function withFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const { folder, remove } = temporaryFolder();
  try {
    return await act(folder);
  } finally {
    remove();
  }
}

async function startServer(args: readonly string[], core: Core): Promise<RunningServer> {
  const [program = '', ...command] = pinned(core, [process.execPath, ...args]);
  const child = spawn(program, command, {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A session of its own: see `pinned`.
    detached: niceness !== 0 && core !== 'any',
  });
  endWithBench(child);
  const url = await listening(child);
  return {
    url,
    port: Number(new URL(url).port),
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function listening(child: ChildProcess): Promise<string> {
  let said = '';
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    const url = /listening on (\S+)/.exec(said)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`a server did not start: ${said}`);
}
