import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpuSecondsOf, memoryOf } from './census.js';
import { endWithBench, temporaryFolder } from './leftovers.js';
import { pinned, SERVER_CORE } from './machine.js';
import { type Finished, type RunOptions, run } from './process.js';
import { ourCli } from './servers.js';

/** A nats-server with JetStream and an empty folder. */
export interface NatsServer {
  readonly url: string;
  /** CPU seconds that it has used so far. */
  cpuSeconds(): number;
  /** Largest resident memory so far, MB. */
  peakMb(): number;
  stop(): Promise<void>;
}

/** On the servers' core. @throws Error where there is no nats-server. */
export async function startNats(): Promise<NatsServer> {
  const { folder, remove } = temporaryFolder();
  const [program = '', ...words] = pinned(SERVER_CORE, [
    // Port -1: any that is free.
    ...['nats-server', '-js', '-sd', folder, '-a', '127.0.0.1', '-p', '-1'],
  ]);
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  endWithBench(child);
  const address = await new Promise<string>((resolve, reject) => {
    let said = '';
    // Read to its end: a server whose log nobody reads is killed by its next line.
    child.stderr.on('data', (chunk) => {
      said += String(chunk);
      const [, found] = /Listening for client connections on (\S+).*Server is ready/s.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`nats-server did not start: ${said}`)));
  });
  return {
    url: `nats://${address}`,
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    peakMb: () => memoryOf(child.pid ?? 0).peakMb,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      remove();
    },
  };
}

export interface AgentOptions extends RunOptions {
  /** Default: any that is free. */
  readonly shard?: number;
}

/** An agent of one run, which ends with it; its records wait in `folder`. */
export function startAgent(
  nats: NatsServer,
  runId: string,
  folder: string,
  { shard, ...options }: AgentOptions = {},
): Promise<Finished> {
  const words = ['--nats', nats.url, '--run-id', runId, '--once', '--spool-dir', folder];
  const place = shard === undefined ? [] : ['--shard', String(shard)];
  return run([process.execPath, ourCli, 'agent', ...words, ...place], options);
}
